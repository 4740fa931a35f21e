# An MDM service once managed the device: the key of the enrolment was left behind when that ended.
# kind: not_loaded
reg.exe add 'HKLM\SOFTWARE\Microsoft\Enrollments\{0A0A0A0A-0000-4000-8000-00000000000A}' /v ProviderID /t REG_SZ /d 'MS DM Server' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Microsoft\Enrollments\{0A0A0A0A-0000-4000-8000-00000000000A}' /v EnrollmentState /t REG_DWORD /d '2' /f /reg:64
reg.exe add 'HKLM\SOFTWARE\Microsoft\Enrollments\{0A0A0A0A-0000-4000-8000-00000000000A}' /v DiscoveryServiceFullURL /t REG_SZ /d 'https://enrollment.example/EnrollmentServer/Discovery.svc' /f /reg:64
