#!powershell

# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._windows.engine.Reading
#AnsibleRequires -PowerShell ..module_utils._windows.vpn.CertificateInstall
#AnsibleRequires -PowerShell ..module_utils._windows.vpn.CertificateRequest

$spec = @{
    options = @{
        state = @{ type = 'str'; choices = 'request', 'installed', 'trusted', 'read'; default = 'read' }
        identity = @{ type = 'str'; required = $true }
        curves = @{ type = 'list'; elements = 'str'; choices = 'P-256', 'P-384'; default = @('P-384') }
        certificate = @{ type = 'str' }
        authorities = @{ type = 'list'; elements = 'str'; required = $true }
        school = @{ type = 'bool'; default = $false }
        usage = @{ type = 'str'; default = '1.3.6.1.5.5.7.3.2' }
    }
    required_if = @(, @('state', 'installed', @('certificate')))
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

$asked, $result = $module.Params, $module.Result
$result.changed = $false
try {
    $authorities = @(ConvertFrom-LeeboardPem -Texts ([string[]]@($asked.authorities)))
    if (-not $authorities.Length) {
        throw (New-LeeboardProblem -Code refused -Why 'the authority has no certificate')
    }
    switch ($asked.state) {
        'request' {
            $done = Get-LeeboardRequest -Identity $asked.identity -Curves ([string[]]@($asked.curves)) -Use $asked.usage `
                -Check $module.CheckMode
            $result.changed = $done.Changed
            if ($done.Request) { $result.request = $done.Request }
        }
        'installed' {
            $done = Install-LeeboardCertificate -Identity $asked.identity -Certificate $asked.certificate `
                -Authorities $authorities -Use $asked.usage -Check $module.CheckMode
            $result.changed = $done.Changed
        }
        'trusted' {
            $done = @{ Remark = '' }
            $result.changed = Add-LeeboardTrust -Authorities $authorities -Check $module.CheckMode
        }
        'read' {
            $done = @{ Remark = '' }
            $result.trusts = Test-LeeboardTrust -Authorities $authorities
        }
    }
    if ($done.Remark) { $module.Warn($done.Remark) }
    $result.certificates = [object[]]@(Get-LeeboardVpnCertificate -Identity $asked.identity -Authorities $authorities `
            -Use $asked.usage -OfSchool:$asked.school)
} catch {
    $module.FailJson("vpn_certificate: $((ConvertTo-LeeboardProblem $_).Why)", $_)
}
$module.ExitJson()
