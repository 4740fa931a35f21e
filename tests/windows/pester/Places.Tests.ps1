# Which of several places of the registry counts.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Resolve-LeeboardManaged { param($Path, $Name, $Found) $Found }
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Places') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    $script:Machine = @{}
    $script:Places = @(
        @{ Path = 'HKLM\Policy'; Name = 'Size' }
        @{ Path = 'HKLM\Local'; Name = 'Size'; Convert = {
                param($found)
                @{ state = 'value'; type = $found.type; value = $found.value / 1024 }
            }
        }
    )
}

AfterAll { Remove-Item -LiteralPath Function:\Resolve-LeeboardManaged }

Describe 'Find-LeeboardPlace' {
    BeforeEach {
        $Machine.Clear()
        Mock Get-LeeboardMachineValue -ModuleName Places {
            $found = $Machine["$Path`:$Name"]
            if ($found -is [scriptblock]) { & $found }
            if ($null -eq $found) { return @{ state = 'absent' } }
            @{ state = 'value'; type = 'dword'; value = $found }
        }
    }

    It 'is the first that is set, and names what is set and does not count' {
        $Machine['HKLM\Policy:Size'], $Machine['HKLM\Local:Size'] = 20, 40960
        $found = Find-LeeboardPlace $Places
        $found.Found.value, $found.Source | Should -Be 20, 'HKLM\Policy:Size'
        $found.Note | Should -Be 'HKLM\Local:Size is 40, but HKLM\Policy:Size counts'
    }

    It 'is what an MDM service sets in the place of a policy that is not there' {
        Mock Resolve-LeeboardManaged -ModuleName Places {
            if ($Path -ne 'HKLM\Policy' -or $Found.state -eq 'value') { return $Found }
            @{ state = 'value'; type = 'dword'; value = 20; Source = 'PolicyManager'; Note = 'another asks for more' }
        }
        $Machine['HKLM\Local:Size'] = 40960
        $found = Find-LeeboardPlace $Places
        $found.Found.value, $found.Path, $found.Source | Should -Be 20, 'HKLM\Policy', 'PolicyManager'
        $found.Note | Should -Be 'another asks for more; HKLM\Local:Size is 40, but PolicyManager counts'
    }

    It 'says nothing of a later place that says the same' {
        $Machine['HKLM\Policy:Size'], $Machine['HKLM\Local:Size'] = 20, 20480
        (Find-LeeboardPlace $Places).Note | Should -Be ''
    }

    It 'falls to the next place, in the unit of the first' {
        $Machine['HKLM\Local:Size'] = 2048
        $found = Find-LeeboardPlace $Places
        $found.Found.value, $found.Path, $found.Name | Should -Be 2, 'HKLM\Local', 'Size'
    }

    It 'is nothing where nothing is set' {
        Find-LeeboardPlace $Places | Should -BeNullOrEmpty
    }

    It 'never takes a later place for one that cannot be read' {
        $Machine['HKLM\Policy:Size'], $Machine['HKLM\Local:Size'] = { throw 'no way in' }, 2048
        { Find-LeeboardPlace $Places } | Should -Throw '*no way in*'
        $Machine['HKLM\Policy:Size'], $Machine['HKLM\Local:Size'] = 20, { throw 'no way in' }
        (Find-LeeboardPlace $Places).Found.value | Should -Be 20
    }
}
