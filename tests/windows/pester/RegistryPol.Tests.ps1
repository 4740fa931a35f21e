# The parser of registry.pol files.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'RegistryPol') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    . (Join-Path $PSScriptRoot 'PolFile.ps1')

    $script:Policy = 'Software\Policies\Microsoft\FVE'
    $script:One = [byte[]](1, 0, 0, 0)
}

Describe 'registry.pol' {
    It 'gives the instructions in their order' {
        $bytes = ConvertTo-Pol @($Policy, 'MinimumPIN', 4, $One), @("$Policy\Sub", 'Text; [x]', 1, (Get-Text 'a;b]'))
        $found = @(ConvertFrom-LeeboardRegistryPol $bytes)
        $found.Key | Should -Be $Policy, "$Policy\Sub"
        $found.Name | Should -Be 'MinimumPIN', 'Text; [x]'
        $found.Deletes | Should -Be $false, $false
    }

    It 'jumps over data of any length and content' -ForEach 0, 1, 3, 4097 {
        # Marks and halves of surrogate pairs.
        $data = New-Object -TypeName 'byte[]' -ArgumentList $_
        for ($at = 0; $at -lt $_; $at++) { $data[$at] = (0x5d, 0, 0x5b, 0xd8)[$at % 4] }
        $bytes = ConvertTo-Pol @($Policy, 'Binary', 3, $data), @($Policy, 'Next', 4, $One)
        @(ConvertFrom-LeeboardRegistryPol $bytes).Name | Should -Be 'Binary', 'Next'
    }

    It 'knows the special names, in any case' {
        $bytes = ConvertTo-Pol @($Policy, '**del.MinimumPIN', 1, (Get-Text ' ')),
            @($Policy, '**DELVALS.', 1, (Get-Text ' ')), @($Policy, '**DeleteValues', 1, (Get-Text 'A;B')),
            @($Policy, '**DeleteKeys', 1, (Get-Text 'Run;Find')), @($Policy, '**soft.Weak', 4, $One),
            @($Policy, '**SecureKey', 4, $One), @($Policy, '', 0, (New-Object -TypeName 'byte[]' -ArgumentList 0)), @($Policy, '**unknown', 4, $One)
        $found = @(ConvertFrom-LeeboardRegistryPol $bytes)
        $found | ForEach-Object { "$($_.Key):$($_.Name)" } | Should -Be @(
            "${Policy}:MinimumPIN", "${Policy}:*", "${Policy}:A", "${Policy}:B", "$Policy\Run:**", "$Policy\Find:**")
        $found.Deletes | Should -Not -Contain $false
    }

    It 'gives nothing for a file with nothing in it' {
        @(ConvertFrom-LeeboardRegistryPol (ConvertTo-Pol @())).Count | Should -Be 0
    }

    It 'says when it is no such file' -ForEach @(
        @{ Cut = { param($b) (New-Object -TypeName 'byte[]' -ArgumentList 0) } }
        @{ Cut = { param($b) $b[0..6] } }
        @{ Cut = { param($b) [byte[]](0x50, 0x52, 0x65, 0x67, 2, 0, 0, 0) + $b[8..($b.Length - 1)] } }
        @{ Cut = { param($b) $b[0..($b.Length - 2)] } }
        @{ Cut = { param($b) $b[0..($b.Length - 3)] } }
        @{ Cut = { param($b) $b[0..20] } }
        @{ Cut = { param($b) $b[0..($b.Length - 2)] + [byte]1 } }
        @{ Cut = { param($b) $b + [byte]0 } }
        @{ Cut = { param($b) $b + $b } }
    ) {
        $bytes = [byte[]](& $Cut (ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One))))
        { ConvertFrom-LeeboardRegistryPol $bytes } | Should -Throw
    }

    It 'does not follow a length beyond the end' {
        $bytes = ConvertTo-Pol @(, @($Policy, 'MinimumPIN', 4, $One))
        for ($at = $bytes.Length - 12; $at -lt $bytes.Length - 8; $at++) { $bytes[$at] = 0xff }
        { ConvertFrom-LeeboardRegistryPol $bytes } | Should -Throw
    }

    It 'reads a large policy whole' {
        $bytes = ConvertTo-Pol @(1..2000 | ForEach-Object { , @("$Policy\Key$_", "Value$_", 4, $One) })
        @(ConvertFrom-LeeboardRegistryPol $bytes).Length | Should -Be 2000
    }
}
