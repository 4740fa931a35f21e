# platforms: linux
# Programs that answer by a file: what is said of one that failed is the same at each visit.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    foreach ($name in 'Reading', 'Host', 'ToolFile') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
}

Describe 'Use-LeeboardToolFolder' {
    BeforeEach {
        # Access lists are Windows' own.
        Mock New-LeeboardPrivateFolder -ModuleName ToolFile { [void][System.IO.Directory]::CreateDirectory($Path); $Path }
    }

    It 'names no folder of its own in a problem' {
        $script:Folders = @()
        $whys = foreach ($visit in 1, 2) {
            try {
                Use-LeeboardToolFolder {
                    param($folder)
                    $script:Folders += $folder
                    throw (New-LeeboardProblem -Code failed -Why "secedit cannot write $folder/out.inf")
                }
            } catch { (ConvertTo-LeeboardProblem $_).Why }
        }
        $whys | Should -Be 'secedit cannot write a folder of this visit/out.inf', 'secedit cannot write a folder of this visit/out.inf'
        $Folders[0] | Should -Not -Be $Folders[1]
        $Folders | Where-Object { Test-Path -LiteralPath $_ } | Should -BeNullOrEmpty
    }

    It 'leaves other problems as they are' {
        { Use-LeeboardToolFolder { throw (New-LeeboardProblem -Code denied -Why 'refused') } } | Should -Throw 'refused'
    }
}
