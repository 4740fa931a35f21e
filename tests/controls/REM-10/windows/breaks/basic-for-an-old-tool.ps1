# An old tool knows Basic only: the service's own switch was set, and no policy says anything.
# kind: value
# flips: REM-10
# expect: drifted
Set-WSManInstance winrm/config/service/auth -ValueSet @{ Basic = 'true' }
