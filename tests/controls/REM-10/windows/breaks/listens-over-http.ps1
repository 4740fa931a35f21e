# winrm quickconfig was run by hand, as a guide says, and added a listener over HTTP.
# kind: value
# flips: REM-10
# expect: drifted
Set-WSManQuickConfig -Force
