# The driver winrm: the policy before the service's own answer, and faults by their numbers.

BeforeAll {
    $modules = Join-Path $PSScriptRoot '../../../plugins/module_utils/_windows'
    function global:Resolve-LeeboardManaged { param($Path, $Name, $Found) $Found }
    foreach ($name in 'Reading', 'Host', 'RegistryKey', 'Places', 'PolicyPlace', 'WinRm') {
        Import-Module (Get-ChildItem $modules -Recurse -Filter "$name.psm1").FullName -Global -Force
    }
    # What the driver asks of modules that only Windows can load.
    function global:Get-LeeboardPolicyOwner { param($Path, $Name) }
    function global:Resolve-LeeboardOwner { param($Find) @{ Owner = ''; Note = '' } }
    $script:Service = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service'
    $script:Client = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Client'
    $script:Machine = @{}

    function Read-One {
        param([string]$Address)
        return (Read-LeeboardWinRm -Addresses $Address)[$Address]
    }

    # Words as a German Windows has them: nothing may depend on them.
    function New-Fault {
        param([string]$Code)
        [System.InvalidOperationException](
            "<f:WSManFault xmlns:f=`"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault`" Code=`"$Code`" Machine=`"PC1`">" +
            '<f:Message>Der Client kann keine Verbindung herstellen. </f:Message></f:WSManFault>')
    }
}

AfterAll { Remove-Item -LiteralPath Function:\Get-LeeboardPolicyOwner, Function:\Resolve-LeeboardOwner, Function:\Resolve-LeeboardManaged }

Describe 'winrm' {
    BeforeEach {
        Reset-LeeboardCache
        $Machine.Clear()
        $Machine.Config = @'
<cfg:Config xmlns:cfg="http://schemas.microsoft.com/wbem/wsman/1/config" xml:lang="de-DE">
<cfg:Client><cfg:AllowUnencrypted>false</cfg:AllowUnencrypted><cfg:Auth><cfg:Basic>true</cfg:Basic><cfg:Digest>true</cfg:Digest></cfg:Auth></cfg:Client>
<cfg:Service><cfg:AllowUnencrypted Source="GPO">true</cfg:AllowUnencrypted><cfg:Auth><cfg:Basic>false</cfg:Basic></cfg:Auth></cfg:Service>
</cfg:Config>
'@
        $Machine.Listeners = @()
        $Machine.Asked = @()
        Mock Get-LeeboardMachineValue -ModuleName Places {
            if ($null -eq $Machine["$Path`:$Name"]) { return @{ state = 'absent' } }
            @{ state = 'value'; value = $Machine["$Path`:$Name"]; type = 'dword' }
        }
        Mock Invoke-LeeboardBounded -ModuleName WinRm {
            $shell = [powershell]::Create()
            & $Add $shell
            $command = $shell.Commands.Commands[0]
            $resource = @($command.Parameters | Where-Object Name -EQ 'ResourceURI')[0].Value
            $Machine.Asked += "$($command.CommandText) $resource"
            if ($Machine.Fault) { throw $Machine.Fault }
            if ($resource -eq 'winrm/config') { return ([xml]$Machine.Config).DocumentElement }
            $Machine.Listeners | ForEach-Object { ([xml]$_).DocumentElement }
        }
    }

    It 'is what the service answers where no policy says anything' -ForEach @(
        @{ Address = 'Client:AllowBasic'; Value = 1 }, @{ Address = 'Client:AllowDigest'; Value = 1 }
        @{ Address = 'Client:AllowUnencryptedTraffic'; Value = 0 }, @{ Address = 'Service:AllowBasic'; Value = 0 }
        @{ Address = 'Service:AllowUnencryptedTraffic'; Value = 1 }
    ) {
        $reading = Read-One $Address
        $reading.effective.value | Should -Be $Value
        $reading.effective.type | Should -Be 'dword'
        $reading.effective.source | Should -BeLike 'WinRM as it answers: *'
        $reading.configured.state | Should -Be 'absent'
        $reading.Contains('running') | Should -BeFalse
    }

    It 'asks once for all' {
        $null = Read-LeeboardWinRm -Addresses 'Client:AllowBasic', 'Service:AllowBasic', 'listeners'
        $Machine.Asked | Should -Be 'Get-WSManInstance winrm/config', 'Get-WSManInstance winrm/config/listener'
    }

    It 'is the policy where there is one, and says when the service does something else' {
        $Machine["${Client}:AllowBasic"], $Machine["${Service}:AllowBasic"] = 0L, 0L
        $readings = Read-LeeboardWinRm -Addresses 'Client:AllowBasic', 'Service:AllowBasic'
        $readings['Client:AllowBasic'].effective.value | Should -Be 0
        $readings['Client:AllowBasic'].effective.source | Should -Be "${Client}:AllowBasic"
        $readings['Client:AllowBasic'].running.value | Should -Be 1
        $readings['Service:AllowBasic'].Contains('running') | Should -BeFalse
    }

    It 'is the policy where the service cannot be asked' -ForEach '2150858770', '5', '2150859027' {
        $Machine["${Service}:AllowBasic"], $Machine.Fault = 0L, (New-Fault $_)
        Mock Test-LeeboardAdministrator -ModuleName Reading { $true }
        $reading = Read-One 'Service:AllowBasic'
        $reading.effective.value | Should -Be 0
        $reading.Contains('running') | Should -BeFalse
    }

    It 'is absent where the service does not run, which is said' {
        $Machine.Fault = New-Fault '2150858770'
        $reading = Read-One 'Client:AllowDigest'
        $reading.effective.state | Should -Be 'absent'
        $reading.effective.note | Should -BeLike 'WinRM does not run*'
        (Read-One 'listeners').effective.state | Should -Be 'absent'
    }

    It 'is unreadable where WinRM gives a fault: <Code>' -ForEach @(
        @{ Fault = '5'; Administrator = $true; Code = 'denied' }
        @{ Fault = '5'; Administrator = $false; Code = 'needs_root' }
        @{ Fault = '2150859027'; Administrator = $true; Code = 'failed' }
    ) {
        $Machine.Fault = New-Fault $Fault
        $isAdministrator = $Administrator
        Mock Test-LeeboardAdministrator -ModuleName Reading { $isAdministrator }
        $effective = (Read-One 'Service:AllowBasic').effective
        $effective.code | Should -Be $Code
        $effective.why | Should -Be 'WinRM gave no winrm/config: Der Client kann keine Verbindung herstellen.'
    }

    It 'is unreadable where it does not come back, is not there, or makes no sense' {
        $late = [System.InvalidOperationException]'WinRM did not answer in 25 seconds'
        $late.Data['LeeboardCode'] = 'timeout'
        $Machine.Fault = $late
        (Read-One 'Service:AllowBasic').effective.code | Should -Be 'timeout'
        Reset-LeeboardCache
        $Machine.Fault = [System.Management.Automation.CommandNotFoundException]'no such command'
        (Read-One 'Service:AllowBasic').effective.code | Should -Be 'missing_tool'
        Reset-LeeboardCache
        $Machine.Fault, $Machine.Config = $null, '<cfg:Config xmlns:cfg="x"><cfg:Service/></cfg:Config>'
        $effective = (Read-One 'Service:AllowBasic').effective
        $effective.code | Should -Be 'malformed'
        $effective.why | Should -BeLike "WinRM says 'nothing' of Service/Auth/Basic*"
    }

    It 'knows of DisableRunAs from the policy alone' {
        (Read-One 'Service:DisableRunAs').effective.state | Should -Be 'absent'
        $Machine["${Service}:DisableRunAs"] = 1L
        (Read-One 'Service:DisableRunAs').effective.value | Should -Be 1
        $Machine.Asked.Count | Should -Be 0
    }

    Context 'listeners' {
        BeforeEach {
            $script:Http = '<cfg:Listener xmlns:cfg="x"><cfg:Address>*</cfg:Address><cfg:Transport>HTTP</cfg:Transport>' +
                '<cfg:Port>5985</cfg:Port><cfg:Enabled>true</cfg:Enabled><cfg:CertificateThumbprint/></cfg:Listener>'
        }

        It 'are those that are on' {
            $off = $Http -replace 'true', 'false'
            $tls = $Http -replace 'HTTP<', 'HTTPS<' -replace '5985', '5986' -replace '<cfg:CertificateThumbprint/>',
                '<cfg:CertificateThumbprint>AB CD</cfg:CertificateThumbprint>'
            $Machine.Listeners = $Http, $off, $tls
            $effective = (Read-One 'listeners').effective
            $effective.type | Should -Be 'winrm_listener'
            $effective.value | Should -Be @(
                '{"address":"*","transport":"HTTP","port":5985,"certificate":""}'
                '{"address":"*","transport":"HTTPS","port":5986,"certificate":"ABCD"}')
        }

        It 'are none at all' {
            $effective = (Read-One 'listeners').effective
            $effective.state | Should -Be 'value'
            @($effective.value).Count | Should -Be 0
        }

        It 'are unreadable where one makes no sense' {
            $Machine.Listeners = @($Http -replace '5985', 'many')
            (Read-One 'listeners').effective.code | Should -Be 'malformed'
        }
    }

    It 'knows its addresses' -ForEach '', 'Service:allowbasic', 'Service:TrustedHosts', 'Listeners', "Service:AllowBasic`n" {
        (Read-One $_).effective.code | Should -Be 'malformed'
    }
}
