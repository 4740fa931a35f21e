# The Application log was cleared.
# kind: value
wevtutil.exe cl Application
