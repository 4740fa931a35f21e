# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -PowerShell ..engine.Host
#AnsibleRequires -PowerShell ..engine.Reading
#AnsibleRequires -PowerShell ..system.EventLogSource
#AnsibleRequires -PowerShell ..system.RegistryKey

# Who could keep the recovery passwords of this machine, and what BitLocker wrote down about giving them away and about
# using them: by the numbers of its events and the protector's id in them, never by their texts. The passwords themselves
# are never read.
#
# Events of Microsoft-Windows-BitLocker-API: 513 and 784 Active Directory took it, 515 and 783 it has it already, 514 and
# 785 it did not; 845 Entra took it, 846 it did not (without an id); 828 and 829 likewise for a Microsoft account. The
# first three stand in the log System. 782: a volume was unlocked, by the protector with this id. Event 24652 of
# Microsoft-Windows-BitLocker-Driver, in System: a recovery password started Windows, whose id is the data OptionalGUID.
# Numbers and names of their data: lists of the providers' manifests in third-party repositories. Entra joined: a key
# below CloudDomainJoin\JoinInfo (recalled).

Set-StrictMode -Version 2.0

$script:Provider = 'Microsoft-Windows-BitLocker-API'
$script:Logs = [ordered]@{
    'System' = 513, 514, 515
    'Microsoft-Windows-BitLocker/BitLocker Management' = 783, 784, 785, 828, 829, 845, 846
}
$script:Done = @{
    513 = 'ad'; 515 = 'ad'; 783 = 'ad'; 784 = 'ad'; 828 = 'microsoft_account'; 845 = 'entra'
}
$script:Failed = @{ 514 = 'ad'; 785 = 'ad'; 829 = 'microsoft_account'; 846 = 'entra' }
$script:Uses = @(
    @{ Log = 'System'; Provider = 'Microsoft-Windows-BitLocker-Driver'; Number = 24652; Part = 'OptionalGUID' }
    @{ Log = 'Microsoft-Windows-BitLocker/BitLocker Management'; Provider = $script:Provider; Number = 782; Part = 'ProtectorGUID' })
$script:Ever = [datetime]::SpecifyKind([datetime]'2000-01-01', 'Utc')
$script:Schema = 'http://schemas.microsoft.com/win/2004/08/events/event'
$script:Policy = 'HKLM\SOFTWARE\Policies\Microsoft\FVE'
$script:JoinInfo = 'HKLM\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo'
$script:LongestId = 100

function Get-LeeboardKept {
    <#
    .SYNOPSIS
    The part `kept` of the volume of Windows: who could keep its recovery passwords, what was tried, and which were used.
    .PARAMETER Protectors
    The ids of all recovery passwords of this machine. Of other protectors that opened something nothing is said.
    #>
    param([AllowEmptyCollection()][string[]]$Protectors = @())

    $kept = [ordered]@{
        joined = [string[]]@(); asked = $false; required = $false; backups = $null; used = [string[]]@(); troubles = @{}
    }
    try {
        $kept['joined'] = [string[]]@(Get-LeeboardJoined)
        $isOn = Test-Policy OSRecovery
        $kept['asked'] = $isOn -and (Test-Policy OSActiveDirectoryBackup)
        $kept['required'] = $kept.asked -and (Test-Policy OSRequireActiveDirectoryBackup)
        $backups = @(foreach ($log in $script:Logs.Keys) { Read-Backup $log $script:Logs[$log] })
        $kept['backups'] = [object[]]@(Select-Newest $backups)
    } catch {
        $kept.troubles['backups'] = New-LeeboardTrouble $_
    }
    try {
        $kept['used'] = [string[]]@(Get-Used $Protectors)
    } catch {
        $kept.troubles['used'] = New-LeeboardTrouble $_
    }
    return $kept
}

function Get-LeeboardJoined {
    <#
    .SYNOPSIS
    The directories that this machine is a member of: ad, entra, both or none.
    #>
    $system = @(Get-LeeboardCim -ClassName Win32_ComputerSystem)
    if ($system.Length -and $system[0].PartOfDomain) { 'ad' }
    $key = Open-LeeboardKey $script:JoinInfo
    if ($null -ne $key) {
        try {
            if ($key.SubKeyCount) { 'entra' }
        } finally {
            $key.Dispose()
        }
    }
}

function Test-Policy {
    param([string]$Name)

    $found = Get-LeeboardMachineValue -Path $script:Policy -Name $Name
    return $found.state -eq 'value' -and [string]$found.value -eq '1'
}

# The newest of each protector and place, without its time: a backup that is made again each night would be news each
# night. A device that is a member of both places gives its password to both.
function Select-Newest {
    param([object[]]$Backups)

    $newest = @{}
    foreach ($one in $Backups) {
        $key = "$($one.id) $($one.where)"
        if (-not $newest.ContainsKey($key) -or $newest[$key].at -lt $one.at) { $newest[$key] = $one }
    }
    foreach ($key in @($newest.Keys | Sort-Object)) {
        [ordered]@{ id = $newest[$key].id; where = $newest[$key].where; done = $newest[$key].done }
    }
}

# The backups that a log tells of, the newest first.
function Read-Backup {
    param([string]$Log, [int[]]$Numbers)

    foreach ($document in Get-LeeboardEvent -Log $Log -Provider $script:Provider -Id $Numbers -Since $script:Ever) {
        $event_ = $document.DocumentElement
        $number = [int](Get-Text $event_ 'EventID')
        $at = [string]$event_.GetElementsByTagName('TimeCreated', $script:Schema)[0].GetAttribute('SystemTime')
        $isDone = $script:Done.ContainsKey($number)
        $where = if ($isDone) { $script:Done[$number] } else { $script:Failed[$number] }
        [ordered]@{ id = Get-ProtectorId $event_; where = $where; done = $isDone; at = $at -replace '\.\d+', '' }
    }
}

# The recovery passwords by which something was opened, each once, in the order of their ids.
function Get-Used {
    param([string[]]$Protectors)

    $ids = @(foreach ($use in $script:Uses) {
            foreach ($document in Get-LeeboardEvent -Log $use.Log -Provider $use.Provider -Id $use.Number -Since $script:Ever) {
                (Get-Data $document.DocumentElement $use.Part).Trim('{', '}')
            }
        })
    $Protectors | Where-Object { $_ -and $ids -contains $_.Trim('{', '}') } | Sort-Object -Unique
}

function Get-Text {
    param([System.Xml.XmlElement]$Element, [string]$Name)

    return $Element.GetElementsByTagName($Name, $script:Schema)[0].InnerText
}

function Get-ProtectorId {
    param([System.Xml.XmlElement]$Element)

    return Get-Data $Element 'ProtectorGUID'
}

# One of an event's data, by its name; empty where it has none of that name.
function Get-Data {
    param([System.Xml.XmlElement]$Element, [string]$Name)

    foreach ($one in $Element.GetElementsByTagName('Data', $script:Schema)) {
        if ($one.GetAttribute('Name') -eq $Name) {
            return $one.InnerText.Substring(0, [System.Math]::Min($one.InnerText.Length, $script:LongestId))
        }
    }
    return ''
}

Export-ModuleMember -Function Get-LeeboardKept, Get-LeeboardJoined
