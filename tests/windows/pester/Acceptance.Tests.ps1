# platforms: linux
# What playbooks/files/windows_acceptance.ps1 leaves out of the file that a school sends us, and how it tells encodings
# apart. The script acts as soon as it is started, so its functions are taken out of its text.

BeforeAll {
    $script = Join-Path $PSScriptRoot '../../../playbooks/files/windows_acceptance.ps1'
    $text = [System.Management.Automation.Language.Parser]::ParseFile($script, [ref]$null, [ref]$null)
    $text.FindAll({ $args[0] -is [System.Management.Automation.Language.FunctionDefinitionAst] }, $false) |
        ForEach-Object { . ([scriptblock]::Create($_.Extent.Text)) }
    $script:Names = [ordered]@{ 'SCHOOL-PC-01' = 'COMPUTER'; 'school.example' = 'DOMAIN'; "O'Neill.K" = 'S-1-5-21-1' }
    $script:Names = @($Names.GetEnumerator())
}

Describe 'windows_acceptance.ps1' {
    It 'hides names in every text, however deep, and keeps the rest' {
        $answer = [ordered]@{
            file = @{ text = "SCHOOL-PC-01,O'Neill.K,x`r`nschool-pc-01,MYSCHOOL-PC-01" }
            list = @('\\school.example\sysvol', 7, $null, $true)
            gpo = 'CN={0},CN=Policies,CN=System,DC=school,DC=example'
        }
        $hidden = ConvertTo-Hidden $answer $Names
        $hidden.file.text | Should -Be "COMPUTER,S-1-5-21-1,x`r`nCOMPUTER,MYSCHOOL-PC-01"
        $hidden.list | Should -Be '\\DOMAIN\sysvol', 7, $null, $true
        $hidden.gpo | Should -Be 'CN={0},CN=Policies,CN=System,DC=x,DC=x'
    }

    It 'keeps a list of one thing a list' {
        ConvertTo-Json -InputObject (ConvertTo-Hidden @{ list = @('a') } @()) -Compress | Should -Be '{"list":["a"]}'
    }

    It 'hides what a security template says of accounts and in registry values' {
        $template = "[System Access]`r`nLockoutBadCount = 10`r`nNewAdministratorName = `"Boss`"`r`n[Registry Values]`r`n" +
            "MACHINE\Software\LegalNoticeText=7,This is,ours`r`n"
        (Hide-Template @{ file = @{ text = $template } }).file.text | Should -Be (
            "[System Access]`r`nLockoutBadCount = 10`r`nNewAdministratorName = `"(hidden)`"`r`n[Registry Values]`r`n" +
            "MACHINE\Software\LegalNoticeText=7,(hidden)`r`n")
    }

    It 'tells <what> apart' -ForEach @(
        @{ what = 'UTF-16'; bytes = 0xFF, 0xFE + [Text.Encoding]::Unicode.GetBytes("Größe`n"); name = 'utf-16'; odd = 'FF-FE' }
        @{ what = 'UTF-8'; bytes = [Text.Encoding]::UTF8.GetBytes("Gr$([char]0xF6)`nx"); name = 'utf-8'; odd = 'C3-B6' }
        @{ what = 'a code page'; bytes = [byte[]](0x47, 0x94, 0x0A); name = 'ibm*'; odd = '94' }
        @{ what = 'nothing at all'; bytes = [byte[]]@(); name = 'utf-8'; odd = '' }
    ) {
        $found = Format-Byte $bytes
        $found.read_as | Should -BeLike $name
        $found.not_ascii | Should -BeLike "$odd*"
        $found.length | Should -Be $bytes.Length
    }
}
