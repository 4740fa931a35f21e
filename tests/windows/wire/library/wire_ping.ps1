#!powershell

# As costly on the wire as ansible.windows.win_ping: nothing but Ansible.Basic.
#AnsibleRequires -CSharpUtil Ansible.Basic

$spec = @{
    options = @{ data = @{ type = "str"; default = "pong" } }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.ping = $module.Params.data
$module.ExitJson()
