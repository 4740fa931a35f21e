# registry.pol files, written byte by byte after [MS-GPREG] section 2.2.1.

# The file of instructions: @(key, name, type, data as bytes).
function ConvertTo-Pol {
    param([object[]]$Instructions)
    $stream = New-Object System.IO.MemoryStream
    $writer = New-Object System.IO.BinaryWriter $stream
    $text = { param($value) $writer.Write([System.Text.Encoding]::Unicode.GetBytes($value)) }
    $writer.Write([byte[]](0x50, 0x52, 0x65, 0x67, 1, 0, 0, 0))
    foreach ($one in $Instructions) {
        & $text "[$($one[0])`0;$($one[1])`0;"
        $writer.Write([uint32]$one[2])
        & $text ';'
        $writer.Write([uint32]$one[3].Length)
        & $text ';'
        $writer.Write([byte[]]$one[3])
        & $text ']'
    }
    return , $stream.ToArray()
}

function Get-Text {
    param([string]$Value)
    return , [System.Text.Encoding]::Unicode.GetBytes("$Value`0")
}
