@{
    ModuleVersion     = '2.0.0.0'
    GUID              = '4b26ff51-7aee-4731-9cf7-508b82532cbf'
    RootModule        = 'NetSecurity.psm1'
    TypesToProcess    = 'NetSecurity.types.ps1xml'
    Description       = 'A stand-in for the cmdlets of Windows Firewall, for tests only'
    FunctionsToExport = 'Get-NetFirewallProfile', 'Set-NetFirewallProfile', 'Get-NetFirewallRule', 'New-NetFirewallRule', 'Remove-NetFirewallRule', 'Set-NetFirewallRule'
    CmdletsToExport   = @()
    AliasesToExport   = @()
}
