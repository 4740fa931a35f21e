@{
    RootModule = 'Microsoft.PowerShell.Diagnostics.psm1'
    ModuleVersion = '7.0.0.0'
    GUID = '1c4f0d36-9d0e-4d07-a0e4-3f1f5a9a7c11'
    PowerShellVersion = '5.1'
    FunctionsToExport = 'Get-WinEvent'
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = @()
}
