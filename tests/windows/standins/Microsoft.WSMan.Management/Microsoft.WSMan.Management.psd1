@{
    ModuleVersion     = '7.0.0.0'
    GUID              = '766204a6-330e-4263-a7ab-46c87afc366c'   # the real one's, so that nothing looks for another
    RootModule        = 'Microsoft.WSMan.Management.psm1'
    Description       = 'A stand-in for the cmdlets of WinRM, for tests only'
    FunctionsToExport = 'Get-WSManInstance', 'Set-WSManInstance', 'New-WSManInstance', 'Remove-WSManInstance', 'Set-WSManQuickConfig'
    CmdletsToExport   = @()
    AliasesToExport   = @()
}
