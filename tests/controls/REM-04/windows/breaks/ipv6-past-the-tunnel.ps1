# A tool changed the line for IPv4 only, and all IPv6 goes past the tunnel.
# kind: precedence
# flips: REM-04
# expect: drifted
# mends: no
$book = "$env:ProgramData\Microsoft\Network\Connections\Pbk\rasphone.pbk"
[IO.File]::WriteAllText($book, [IO.File]::ReadAllText($book).Replace('Ipv6PrioritizeRemote=1', 'Ipv6PrioritizeRemote=0'))
