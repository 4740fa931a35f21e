@{
    ModuleVersion     = '1.0.0.0'
    GUID              = '5378ee8e-e349-49bb-83b9-f3d9c396c0a6'
    RootModule        = 'ScheduledTasks.psm1'
    Description       = 'A stand-in for the cmdlets of Task Scheduler, for tests only'
    FunctionsToExport = 'Export-ScheduledTask', 'Get-ScheduledTask', 'Register-ScheduledTask', 'Start-ScheduledTask', 'Unregister-ScheduledTask'
    CmdletsToExport   = @()
    AliasesToExport   = @()
}
