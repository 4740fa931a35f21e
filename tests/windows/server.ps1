<#
Answers JSON lines on standard input, one a line: {"id": 1, "script": "...", "arguments": {...}} runs the script with
$arguments, and prints {"id": 1, "output": [...]} or {"id": 1, "error": {...}} behind a mark. What else gets printed is
noise that the caller may show. Modules named on the command line are imported globally first, as Ansible does it.
#>
param([string]$Modules = '')

$ErrorActionPreference = 'Stop'
$WarningPreference = 'SilentlyContinue'
$ProgressPreference = 'SilentlyContinue'
$mark = '@@leeboard '

function Write-Answer($Answer) {
    $json = ConvertTo-Json $Answer -Depth 20 -Compress -EscapeHandling EscapeNonAscii
    [Console]::Out.WriteLine($mark + $json)
    [Console]::Out.Flush()
}

function Get-Words($Record) {
    @{ message = $Record.Exception.Message; type = $Record.Exception.GetType().FullName; id = $Record.FullyQualifiedErrorId
        category = "$($Record.CategoryInfo.Category)"; where = "$($Record.InvocationInfo.PositionMessage)`n$($Record.ScriptStackTrace)" }
}

try {
    foreach ($path in $Modules -split ';' | Where-Object { $_ }) { Import-Module $path -Global -DisableNameChecking }
    Write-Answer @{ id = 0; output = @() }
}
catch { Write-Answer @{ id = 0; error = Get-Words $_ } }

while ($null -ne ($line = [Console]::In.ReadLine())) {
    $asked = ConvertFrom-Json $line -AsHashtable -DateKind String
    try {
        $arguments = $asked.arguments
        $block = [scriptblock]::Create("param(`$arguments)`nSet-StrictMode -Version 2.0`n" + $asked.script)
        $output = @(& $block $arguments)
        Write-Answer ([ordered]@{ id = $asked.id; output = $output })
    }
    catch { Write-Answer @{ id = $asked.id; error = Get-Words $_ } }
}
