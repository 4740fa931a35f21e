# platforms: linux
# Entries of phonebooks under a checkpoint: what is kept, and what the script puts back, over real files. Its functions are
# run as they stand in its text; the whole script runs on a Windows machine (test_checkpoint.py).

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'RegistryKey', 'Plan', 'PutBackScript') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $ast = [Management.Automation.Language.Parser]::ParseInput((Get-LeeboardPutBackScript), [ref]$null, [ref]$null)
    $wanted = 'Get-Place', 'Get-Line', 'Get-Text', 'Get-Book', 'Find-Entry', 'Set-Book', 'Restore-Entry'
    $functions = $ast.FindAll({ $args[0] -is [Management.Automation.Language.FunctionDefinitionAst] }, $false)
    $texts = foreach ($one in $functions | Where-Object { $_.Name -in $wanted }) { $one.Extent.Text }
    $script:Text = '$bytes = [System.Text.Encoding]::GetEncoding(28591)', 'function Get-It($folder) {', ($texts -join "`n"), 'Restore-Entry }' -join "`n"
    $script:Machine = @{}

    function Get-Plan { Get-LeeboardPlan -Covers @(@{ Values = @(); Firewall = @(); Listeners = @(); Services = @(); Restart = @(); Entries = @(@{ Path = $Machine.Book; Name = 'Leeboard'; Target = 'tunnel' }) }) }
    function Restore { & ([scriptblock]::Create("$Text`nGet-It '$($Machine.Folder)'")) }
    function Set-Bytes { param([string]$Latin) [IO.File]::WriteAllBytes($Machine.Book, [Text.Encoding]::Latin1.GetBytes($Latin)) }
    function Get-Bytes { [Text.Encoding]::Latin1.GetString([IO.File]::ReadAllBytes($Machine.Book)) }
    $script:Other = "[Elsewhere \xe9]`r`nPhoneNumber=a.example`r`n`r`n".Replace('\xe9', [string][char]0xe9)
    $script:Ours = "[Leeboard]`r`nVpnStrategy=7`r`n`r`nDEVICE=vpn`r`nPhoneNumber=vpn.school.example`r`n`r`n"
    $script:Changed = $Ours.Replace('VpnStrategy=7', 'VpnStrategy=0')
}

Describe 'an entry under a checkpoint' {
    BeforeEach {
        $Machine.Folder = Join-Path $TestDrive ([guid]::NewGuid())
        $null = New-Item -ItemType Directory $Machine.Folder
        $Machine.Book = Join-Path $Machine.Folder 'rasphone.pbk'
    }

    It 'comes back as it was: <What>' -ForEach @(
        @{ What = 'changed'; Before = '{other}{ours}'; After = '{other}{changed}'; Is = '{other}{ours}' }
        @{ What = 'changed, first'; Before = '{ours}{other}'; After = '{changed}{other}'; Is = '{ours}{other}' }
        @{ What = 'made'; Before = '{other}'; After = '{other}{ours}'; Is = '{other}' }
        @{ What = 'made in between'; Before = '{other}'; After = '{ours}{other}'; Is = '{other}' }
        @{ What = 'taken away'; Before = '{other}{ours}'; After = '{other}'; Is = '{other}{ours}' }
        @{ What = 'with the whole book'; Before = '{ours}'; After = $null; Is = '{ours}' }
        @{ What = 'made in a new book'; Before = $null; After = '{ours}'; Is = '' }
        @{ What = 'left'; Before = '{other}{ours}'; After = '{other}{ours}'; Is = '{other}{ours}' }
        @{ What = 'beside somebody''s new one'; Before = '{ours}'; After = '{changed}{other}'; Is = '{ours}{other}' }
        @{ What = 'behind a line without an end'; Before = '{ours}'; After = 'x=1'; Is = "x=1`r`n{ours}" }
        @{ What = 'in other letters'; Before = '{ours}'; After = '{OURS}'; Is = '{ours}' }
    ) {
        $fill = { param($t) $t.Replace('{other}', $Other).Replace('{ours}', $Ours).Replace('{changed}', $Changed).Replace('{OURS}', $Ours.Replace('[Leeboard]', '[LEEBOARD]')) }
        if ($null -ne $Before) { Set-Bytes (& $fill $Before) }
        [IO.File]::WriteAllLines((Join-Path $Machine.Folder 'plan'), [string[]]@(Get-Plan))
        if ($null -ne $After) { Set-Bytes (& $fill $After) } else { Remove-Item $Machine.Book }
        Restore | Should -BeNullOrEmpty
        Get-Bytes | Should -BeExactly (& $fill $Is)
        $time = (Get-Item $Machine.Book).LastWriteTimeUtc
        Restore | Should -BeNullOrEmpty
        (Get-Item $Machine.Book).LastWriteTimeUtc | Should -Be $time -Because 'what is as it was is not written again'
        Get-ChildItem $Machine.Folder -Filter '*.leeboard' | Should -BeNullOrEmpty
    }

    It 'is no checkpoint where the name is there twice' {
        Set-Bytes ($Ours + $Other + $Changed)
        { Get-Plan } | Should -Throw '*has 2 entries Leeboard, which could not be brought back'
    }

    It 'says what is not back yet, and goes on' {
        Set-Bytes $Ours
        [IO.File]::WriteAllLines((Join-Path $Machine.Folder 'plan'), [string[]]@(Get-Plan))
        Remove-Item $Machine.Book
        $null = New-Item -ItemType Directory $Machine.Book
        @(Restore).Count | Should -Be 1
        Restore | Should -BeLike "*rasphone.pbk: *"
    }
}
