# An MDM service manages the device, and a script wrote a word into its place.
# kind: syntax
# flips: ENC-08
# expect: drifted
# alone: yes
reg.exe add 'HKLM\SOFTWARE\Microsoft\Enrollments\{0A0A0A0A-0000-4000-8000-00000000000A}' /v ProviderID /t REG_SZ /d 'MS DM Server' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Microsoft\Enrollments\{0A0A0A0A-0000-4000-8000-00000000000A}' /v EnrollmentState /t REG_DWORD /d '1' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Microsoft\Enrollments\{0A0A0A0A-0000-4000-8000-00000000000A}' /v DiscoveryServiceFullURL /t REG_SZ /d 'https://enrollment.example/EnrollmentServer/Discovery.svc' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Microsoft\Provisioning\OMADM\Accounts\{0A0A0A0A-0000-4000-8000-00000000000A}' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\BitLocker' /v ConfigureRecoveryPasswordRotation /t REG_SZ /d 'off' /f /reg:64
