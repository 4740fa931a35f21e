<#
What device code must not hold, as JSON: [{"file", "line", "what"}]. It runs on Windows PowerShell 5.1, and we only have
PowerShell 7: so its text is parsed here, and what 5.1 lacks is looked for. -AllowList names the file of allowed commands;
functions that the files themselves define may be called as well.

Sources: MicrosoftDocs/PowerShell-Docs, reference/7.*/What-s-New/ (what came with 6.0 to 7.5), and
learn.microsoft.com/dotnet/api for members that .NET Framework 4.8 lacks.
#>
param([Parameter(Mandatory)][string]$Files, [Parameter(Mandatory)][string]$AllowList)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Parameters that came after 5.1, by command; what stands under * is refused everywhere.
$newParameters = @{
    '*' = 'AsHashtable', 'Parallel', 'AsByteStream', 'EscapeHandling', 'UnixTimeSeconds', 'AsUTC', 'LeafBase', 'Extension',
        'SkipCertificateCheck', 'NoHeader', 'StandardInputEncoding'
    'ConvertFrom-Json' = 'Depth', 'NoEnumerate', 'DateKind'
    'ConvertTo-Json' = 'AsArray'
    'Where-Object' = 'Not'
    'Sort-Object' = 'Top', 'Bottom'
    'Select-String' = 'Raw', 'NoEmphasis', 'Culture'
    'Join-Path' = 'AdditionalChildPath', 'Extension'
    'Start-Sleep' = 'Duration'
    'Measure-Object' = 'AllStats', 'StandardDeviation'
    'Join-String' = '*'
    'Get-Content' = 'AsByteStream'
    'Split-Path' = 'LeafBase', 'Extension'
    'Import-Module' = 'UseWindowsPowerShell', 'SkipEditionCheck'
    'Select-Object' = 'CaseInsensitive'
    'Get-Unique' = 'CaseInsensitive'
    'Remove-Item' = 'ProgressAction'
}
$newVariables = 'IsWindows', 'IsLinux', 'IsMacOS', 'IsCoreCLR', 'EnabledExperimentalFeatures', 'PSStyle', 'PSNativeCommandUseErrorActionPreference'
# Members that .NET Framework lacks, and the two ways round "no Invoke-Expression".
$newMembers = 'ArgumentList', 'HashData', 'ToHexString', 'ToHexStringLower', 'FromHexString', 'GetRelativePath', 'Clamp',
    'WaitForExitAsync', 'ReadAllTextAsync', 'WriteAllTextAsync', 'ProcessId', 'ProcessPath', 'IsNullOrEmptyOrWhiteSpace',
    'EnumerateRunes', 'ReplaceLineEndings', 'TickCount64', 'UnixEpoch', 'GetAwaiter'
$runsText = 'AddScript', 'InvokeScript', 'ExpandString', 'NewScriptBlock'
$newTypes = '^(System\.)?Text\.Json', '^semver$', '^(System\.)?HashCode$', '^(System\.)?Half$', '^(System\.)?DateOnly$', '^(System\.)?TimeOnly$',
    '^(System\.)?OperatingSystem$', '^(System\.)?Math[F]$'

$known = @{}
foreach ($line in [IO.File]::ReadAllLines($AllowList)) {
    $name = ($line -replace '#.*').Trim()
    if ($name) { $known[$name] = $true }
}
$paths = $Files -split ';'
$parsed = foreach ($path in $paths) {
    $errors = $null
    $tokens = $null
    $ast = [Management.Automation.Language.Parser]::ParseFile($path, [ref]$tokens, [ref]$errors)
    @{ path = $path; ast = $ast; errors = $errors }
}
$functions = @{}
foreach ($one in $parsed) {
    foreach ($found in $one.ast.FindAll({ $args[0] -is [Management.Automation.Language.FunctionDefinitionAst] }, $true)) {
        $functions[$found.Name] = $true
    }
}
$verbs = @{}
Get-Verb | ForEach-Object { $verbs[$_.Verb] = $true }

function Test-Command($Ast) {
    $name = $Ast.GetCommandName()
    if ($null -eq $name) {
        if ($Ast.InvocationOperator -eq 'Dot') { 'dot-sources something' }
        return
    }
    if ($name -eq 'Invoke-Expression') { return 'Invoke-Expression' }
    if (-not $known.ContainsKey($name) -and -not $functions.ContainsKey($name)) {
        $alias = Get-Alias -Name ([WildcardPattern]::Escape($name)) -ErrorAction Ignore
        if ($alias) { return "the alias $name of $($alias.Definition)" }
        return "$name is not in allowed-commands.txt"
    }
    $new = @($newParameters['*']) + @($newParameters[$name])
    $position = 0
    foreach ($element in @($Ast.CommandElements)[1..99]) {
        if ($element -is [Management.Automation.Language.CommandParameterAst]) {
            if ($new -contains $element.ParameterName) { "$name -$($element.ParameterName) is not in 5.1" }
            $position = -99
        }
        elseif ($null -ne $element) { $position++ }
    }
    if ($name -eq 'Join-Path' -and $position -gt 2) { 'Join-Path joins two parts in 5.1, no more' }
}

function Test-Node($Ast) {
    switch ($Ast.GetType().Name) {
        'TernaryExpressionAst' { 'a ternary' }
        'PipelineChainAst' { 'a pipeline chain (&& or ||)' }
        'PipelineAst' { if ($Ast.Background) { 'a background job (&)' } }
        'UsingStatementAst' { 'a using statement' }
        'AssignmentStatementAst' { if ($Ast.Operator -eq 'QuestionQuestionEquals') { 'the operator ??=' } }
        'BinaryExpressionAst' {
            if ($Ast.Operator -eq 'QuestionQuestion') { 'the operator ??' }
            if ("$($Ast.Operator)" -match 'replace' -and
                $Ast.Right.Find({ $args[0] -is [Management.Automation.Language.ScriptBlockExpressionAst] }, $true)) {
                '-replace with a script block'
            }
        }
        'IndexExpressionAst' { if ($Ast.NullConditional) { 'the operator ?[]' } }
        { $_ -in 'MemberExpressionAst', 'InvokeMemberExpressionAst' } {
            if ($Ast.NullConditional) { 'the operator ?.' }
            $member = $Ast.Member.Extent.Text.Trim("'", '"')
            if ($newMembers -contains $member) { ".NET Framework has no member $member" }
            if ($runsText -contains $member) { "$member runs text as a script" }
            if ($Ast.Static -and $member -eq 'Create' -and $Ast.Expression.Extent.Text -match '^\[(System\.Management\.Automation\.)?scriptblock\]$') {
                'a script block made of text'
            }
            if ($member -eq 'AddCommand' -and $_ -eq 'InvokeMemberExpressionAst') {
                $name = $Ast.Arguments[0].Extent.Text.Trim("'", '"')
                if (-not $known.ContainsKey($name)) { "$name is not in allowed-commands.txt" }
            }
            if ($member -eq 'Kill' -and $_ -eq 'InvokeMemberExpressionAst' -and $Ast.Arguments) { '.NET Framework has no Kill with an argument' }
        }
        'VariableExpressionAst' {
            if ($newVariables -contains $Ast.VariablePath.UserPath) { "5.1 has no `$$($Ast.VariablePath.UserPath)" }
        }
        { $_ -in 'TypeExpressionAst', 'TypeConstraintAst' } {
            $type = $Ast.TypeName.FullName
            foreach ($new in $newTypes) { if ($type -match $new) { ".NET Framework has no [$type]" } }
        }
        { $_ -in 'StringConstantExpressionAst', 'ExpandableStringExpressionAst' } {
            if ("$($Ast.StringConstantType)" -match '^DoubleQuoted' -and $Ast.Extent.Text -match '(?<!`)(``)*`(e|u\{)') {
                'the escape `e or `u{} in a text'
            }
        }
        'ConstantExpressionAst' {
            if ($Ast.Extent.Text -match '^(0b|.*\d(y|uy|us|u|ul|n|s)(kb|mb|gb|tb|pb)?$)' -and $Ast.Extent.Text -notmatch '^0x') {
                'a number written as 5.1 cannot read it'
            }
        }
        'CommandAst' { Test-Command $Ast }
        'FunctionDefinitionAst' {
            $verb, $noun = $Ast.Name -split '-', 2
            if (-not $noun -and $Ast.Parent.Parent -isnot [Management.Automation.Language.TypeDefinitionAst] -and
                $Ast.Parent -isnot [Management.Automation.Language.FunctionMemberAst]) { "$($Ast.Name) is no verb and noun" }
            if ($noun -and -not $verbs.ContainsKey($verb)) { "$verb is no approved verb" }
        }
        'ScriptBlockAst' {
            $needs = $Ast.ScriptRequirements
            if ($needs -and $needs.RequiredPSVersion -and $needs.RequiredPSVersion -gt [version]'5.1') { "#requires version $($needs.RequiredPSVersion)" }
            if ($needs -and $needs.RequiredPSEditions -contains 'Core') { '#requires -PSEdition Core' }
            if ($Ast.CleanBlock) { 'a clean block' }
        }
    }
}

# Exported functions are ours by their names.
function Test-Export($Ast) {
    if ($Ast -isnot [Management.Automation.Language.CommandAst] -or $Ast.GetCommandName() -ne 'Export-ModuleMember') { return }
    foreach ($name in $Ast.FindAll({ $args[0] -is [Management.Automation.Language.StringConstantExpressionAst] }, $true)) {
        if ($name.Value -like '*-*' -and $name.Value -notmatch '^(\w+-Leeboard\w+|Export-ModuleMember)$') {
            "exports $($name.Value), which is not named Leeboard..."
        }
    }
}

$findings = foreach ($one in $parsed) {
    foreach ($problem in $one.errors) {
        @{ file = $one.path; line = $problem.Extent.StartLineNumber; what = $problem.Message }
    }
    foreach ($node in $one.ast.FindAll({ $true }, $true)) {
        foreach ($what in @(Test-Node $node) + @(Test-Export $node)) {
            if ($what) { @{ file = $one.path; line = $node.Extent.StartLineNumber; what = $what } }
        }
    }
}
[Console]::Out.WriteLine((ConvertTo-Json @($findings) -Depth 3 -Compress -EscapeHandling EscapeNonAscii))
