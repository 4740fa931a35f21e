# The profile proves itself by EAP-TLS, which is method 13.
# kind: value
Set-VpnConnection -Name School -AuthenticationMethod Eap -AllUserConnection
$book = "$env:ProgramData\Microsoft\Network\Connections\Pbk\rasphone.pbk"
[IO.File]::WriteAllText($book, [IO.File]::ReadAllText($book).Replace('CustomAuthKey=26', 'CustomAuthKey=13'))
