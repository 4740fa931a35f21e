# What a technician does to a Windows machine for the family REM, since Leeboard only reports it: group policies as the
# remedies have them, and WinRM over HTTPS.
$firewall = 'HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall'
$values = @{
    "$firewall\DomainProfile" = @{ EnableFirewall = 1; DefaultInboundAction = 1 }
    "$firewall\PrivateProfile" = @{ EnableFirewall = 1; DefaultInboundAction = 1; DefaultOutboundAction = 1 }
    "$firewall\PublicProfile" = @{ EnableFirewall = 1; DefaultInboundAction = 1; DefaultOutboundAction = 1 }
}
foreach ($key in $values.Keys) {
    if (-not (Test-Path -LiteralPath $key)) { $null = New-Item -Path $key -Force }
    foreach ($name in $values[$key].Keys) {
        Set-ItemProperty -LiteralPath $key -Name $name -Value $values[$key][$name] -Type DWord
    }
}

Set-WSManQuickConfig -Force
$thumbprint = (Get-ChildItem 'HKLM:\SOFTWARE\Microsoft\SystemCertificates\My\Certificates').PSChildName
$tls = @{ Address = '*'; Transport = 'HTTPS' }
New-WSManInstance winrm/config/listener $tls -ValueSet @{ CertificateThumbprint = $thumbprint }
Remove-WSManInstance winrm/config/listener @{ Address = '*'; Transport = 'HTTP' }
