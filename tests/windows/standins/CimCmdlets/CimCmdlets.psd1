@{
    ModuleVersion     = '7.0.0.0'
    GUID              = 'fb6cc51d-c096-4b38-b78d-0fed6277096a'   # the real one's, so that nothing looks for another
    RootModule        = 'CimCmdlets.psm1'
    Description       = 'A stand-in for CIM, for tests only'
    FunctionsToExport = 'Get-CimInstance', 'Invoke-CimMethod'
    CmdletsToExport   = @()
    AliasesToExport   = @()
}
