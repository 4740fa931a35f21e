# A tool wrote the phonebook again, with its lines in another order and in other letters.
# kind: syntax
$book = "$env:ProgramData\Microsoft\Network\Connections\Pbk\rasphone.pbk"
$text = [IO.File]::ReadAllText($book) -replace 'Type=2\r?\n', '' -replace 'PBVersion=8', "TYPE=2`r`nPBVersion=8"
[IO.File]::WriteAllText($book, $text.Replace('IpPrioritizeRemote', 'ipprioritizeremote'))
