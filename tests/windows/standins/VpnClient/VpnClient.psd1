@{
    ModuleVersion     = '2.0.0.0'
    GUID              = 'b55a1b3c-4c1b-44d5-9a8d-4a4a2d4c0a5e'
    RootModule        = 'VpnClient.psm1'
    Description       = 'A stand-in for the cmdlets of VPN connections, for tests only'
    FunctionsToExport = 'Add-VpnConnection', 'Set-VpnConnection', 'Set-VpnConnectionIPsecConfiguration', 'Remove-VpnConnection', 'Get-VpnConnection', 'Add-VpnConnectionRoute', 'Remove-VpnConnectionRoute'
    CmdletsToExport   = @()
    AliasesToExport   = @()
}
