# Users may read the policy key: they may anyway.
# kind: permission
$key = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64').OpenSubKey('SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System', 'ReadWriteSubTree', 'ChangePermissions, ReadPermissions, TakeOwnership')
$rules = $key.GetAccessControl()
$users = New-Object System.Security.Principal.SecurityIdentifier('S-1-5-32-545')
$rules.AddAccessRule((New-Object System.Security.AccessControl.RegistryAccessRule($users, 'ReadKey', 'Allow')))
# Wine would make somebody else the owner.
$rules.SetOwner((New-Object System.Security.Principal.SecurityIdentifier('S-1-5-32-544')))
$key.SetAccessControl($rules)
