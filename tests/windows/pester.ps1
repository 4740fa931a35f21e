# Run files of Pester tests in one process, and write what came of each to -Result as JSON:
# [{"file", "passed", "failed", "skipped", "words"}]; `words` is what Pester says of failures.
param([Parameter(Mandatory)][string]$Files, [Parameter(Mandatory)][string]$Result)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$configuration = New-PesterConfiguration
$configuration.Run.Path = $Files -split ';'
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'None'
$configuration.Output.RenderMode = 'Plaintext'
$run = Invoke-Pester -Configuration $configuration

function Get-Words($Thing) {
    foreach ($record in $Thing.ErrorRecord) {
        @($Thing.ExpandedPath, $record.DisplayErrorMessage, $record.DisplayStackTrace | Where-Object { $_ }) -join "`n"
    }
}

function Get-Blocks($Block) { $Block; foreach ($inner in $Block.Blocks) { Get-Blocks $inner } }

$outcomes = foreach ($container in $run.Containers) {
    $file = "$($container.Item)"
    $blocks = @($container.Blocks | ForEach-Object { Get-Blocks $_ })
    $tests = @($blocks | ForEach-Object { $_.Tests })
    @{
        file = [IO.Path]::GetFileName($file)
        passed = @($tests | Where-Object Result -EQ 'Passed').Count
        failed = @($tests | Where-Object Result -EQ 'Failed').Count
        skipped = @($tests | Where-Object Result -In 'Skipped', 'NotRun', 'Inconclusive').Count
        words = @(Get-Words $container) + @($blocks | ForEach-Object { Get-Words $_ }) +
            @($tests | Where-Object Result -EQ 'Failed' | ForEach-Object { Get-Words $_ })
    }
}
[IO.File]::WriteAllText($Result, (ConvertTo-Json @($outcomes) -Depth 5))
