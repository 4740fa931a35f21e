# What a technician does to a Windows machine for the family REM, since Leeboard only reports it: what leaves outside the
# VPN by group policy, and WinRM over HTTPS.
$firewall = 'HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall'
foreach ($key in "$firewall\PrivateProfile", "$firewall\PublicProfile") {
    if (-not (Test-Path -LiteralPath $key)) { $null = New-Item -Path $key -Force }
    Set-ItemProperty -LiteralPath $key -Name DefaultOutboundAction -Value 1 -Type DWord
}

Set-WSManQuickConfig -Force
$thumbprint = (Get-ChildItem 'HKLM:\SOFTWARE\Microsoft\SystemCertificates\My\Certificates').PSChildName
$tls = @{ Address = '*'; Transport = 'HTTPS' }
New-WSManInstance winrm/config/listener $tls -ValueSet @{ CertificateThumbprint = $thumbprint }
Remove-WSManInstance winrm/config/listener @{ Address = '*'; Transport = 'HTTP' }
