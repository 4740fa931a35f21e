<#
What device code must not hold, as JSON: [{"file", "line", "what"}]. It runs on Windows PowerShell 5.1, and we only have
PowerShell 7: so its text is parsed here, and what 5.1 lacks is looked for. -AllowList names the file of allowed commands;
functions that the files themselves define may be called as well. -Facts names windows_facts.json: commands, parameters,
classes and methods that are not in there are refused, and so is a member that a types file adds to what a cmdlet gives in
another runspace, which has that file (this one has not).

Sources: MicrosoftDocs/PowerShell-Docs, reference/7.*/What-s-New/ (what came with 6.0 to 7.5), and
learn.microsoft.com/dotnet/api for members that .NET Framework 4.8 lacks.
#>
param([Parameter(Mandatory)][string]$Files, [Parameter(Mandatory)][string]$AllowList, [Parameter(Mandatory)][string]$Facts)

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
# What a function is given is logged, and so is what a cmdlet is given. In these there would be a secret.
$secretName = '([pP]assword|[pP]assphrase|[sS]ecret|^[pP]in|P(in|IN)|[rR]ecoveryKey|[pP]rivateKey)s?$'
$secretMethods = 'ProtectKeyWithNumericalPassword', 'ProtectKeyWithPassphrase', 'ProtectKeyWithTPMAndPIN',
    'ProtectKeyWithTPMAndPINAndStartupKey', 'GetKeyProtectorNumericalPassword', 'UnlockWithNumericalPassword',
    'UnlockWithPassphrase', 'ChangePIN', 'ChangePassPhrase'
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
$real = [IO.File]::ReadAllText($Facts) | ConvertFrom-Json -AsHashtable
$common = 'Verbose', 'Debug', 'ErrorAction', 'WarningAction', 'InformationAction', 'ErrorVariable', 'WarningVariable',
    'InformationVariable', 'OutVariable', 'OutBuffer', 'PipelineVariable', 'WhatIf', 'Confirm'
$excepted = @($real.exceptions | ForEach-Object { $_.what })
$classes, $methods, $properties = @{}, @{}, @{}
foreach ($namespace in $real.classes.Values) {
    foreach ($class in $namespace.Keys) {
        $classes[$class] = $true
        $properties[$class] = @($namespace[$class].properties.Keys)
        foreach ($method in $namespace[$class].methods.Keys) { $methods[$method] = $true }
    }
}
foreach ($what in $excepted) { if ($what -like '*.*') { $methods[($what -split '\.')[1]] = $true } else { $classes[$what] = $true } }
# Functions of ours whose second argument is the name of a method.
$callers = 'Invoke-Volume', 'Invoke-Tpm', 'Get-Answer'

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

# A recovery password that Windows makes: the method beside what it is given, which is a name and nothing else.
function Test-MadeByWindows {
    param([Management.Automation.Language.Ast]$Name)

    $pair = $Name.Parent
    if ($Name.Value -ne 'ProtectKeyWithNumericalPassword' -or $pair -isnot [Management.Automation.Language.ArrayLiteralAst]) { return $false }
    $given = $pair.Elements[1]
    return $pair.Elements.Count -eq 2 -and $given -is [Management.Automation.Language.HashtableAst] -and
        -not @($given.KeyValuePairs | Where-Object { $_.Item1.Extent.Text -ne 'FriendlyName' }).Count
}

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
    if ($real.commands.ContainsKey($name)) { Test-Parameter $name @($Ast.CommandElements) }
    elseif (-not $functions.ContainsKey($name)) { "5.1 is not known to have $name" }
    Test-Method $name @($Ast.CommandElements)
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

# Parameters of a command by the facts; a name may be cut short where one only begins so.
function Test-Parameter([string]$Command, [object[]]$Elements) {
    foreach ($element in $Elements | Where-Object { $_ -is [Management.Automation.Language.CommandParameterAst] }) {
        $given = $element.ParameterName
        if ($real.commands[$Command] -contains $given -or $common -contains $given) { continue }
        if ($excepted -contains "$Command -$given") { continue }
        "$Command has no -$given in 5.1"
    }
}

function Test-Method([string]$Name, [object[]]$Elements) {
    $method = $null
    if ($callers -contains $Name -and $Elements.Length -gt 2) { $method = $Elements[2] }
    for ($at = 0; $at -lt $Elements.Length - 1; $at++) {
        $isName = $Elements[$at] -is [Management.Automation.Language.CommandParameterAst] -and $Elements[$at].ParameterName -eq 'MethodName'
        if ($isName) { $method = $Elements[$at + 1] }
    }
    if ($method -is [Management.Automation.Language.StringConstantExpressionAst] -and -not $methods.ContainsKey($method.Value)) {
        "no class has a method $($method.Value)"
    }
}

# What a file takes out of a runspace of its own, by the commands that it adds there.
function Get-Added($Ast) {
    $Ast.FindAll({
            $args[0] -is [Management.Automation.Language.InvokeMemberExpressionAst] -and "$($args[0].Member)" -eq 'AddCommand'
        }, $true) | ForEach-Object { $_.Arguments[0].Extent.Text.Trim("'", '"') }
}

# A member that only the types file of another runspace has, or that may be one.
function Test-Foreign($Ast, [string[]]$Members) {
    if (-not $Members -or $Ast -isnot [Management.Automation.Language.MemberExpressionAst] -or $Ast.Static) { return }
    if ($Ast -is [Management.Automation.Language.InvokeMemberExpressionAst]) { return }
    if ($Ast.Member -isnot [Management.Automation.Language.StringConstantExpressionAst]) {
        return "a member whose name is worked out may be one of a types file: $($Ast.Extent.Text)"
    }
    if ($Members -contains $Ast.Member.Value) { "$($Ast.Member.Value) is a member of a types file that this runspace has not" }
}

# The classes whose instances an expression gives: by a command that asks CIM, and at most picks some of them.
$askers = 'Get-LeeboardCim', 'Get-CimInstance', 'Get-One', 'Get-LeeboardResultantSet'
$pickers = 'Where-Object', 'Select-Object', 'Sort-Object'
function Get-Asked($Ast) {
    $pipeline = $Ast.Find({ $args[0] -is [Management.Automation.Language.PipelineAst] -and
            $askers -contains $args[0].PipelineElements[0].Extent.Text.Split()[0].TrimStart('@', '(') }, $true)
    if (-not $pipeline) { return }
    $first, $rest = @($pipeline.PipelineElements)
    foreach ($one in $rest) {
        if ($one -isnot [Management.Automation.Language.CommandAst] -or $pickers -notcontains $one.GetCommandName()) { return }
    }
    $first.FindAll({ $args[0] -is [Management.Automation.Language.StringConstantExpressionAst] }, $true) |
        Where-Object { $properties.ContainsKey($_.Value) } | ForEach-Object { $_.Value }
}

# Reads of a property that no known Windows has, of what a function itself asked CIM for; what is handed on is not followed.
function Test-Property($Function) {
    $from = @{}
    foreach ($one in $Function.FindAll({ $args[0] -is [Management.Automation.Language.AssignmentStatementAst] }, $true)) {
        $asked = @(Get-Asked $one.Right)
        if ($asked -and $one.Left -is [Management.Automation.Language.VariableExpressionAst]) { $from[$one.Left.VariablePath.UserPath] = $asked }
    }
    foreach ($read in $Function.FindAll({ $args[0] -is [Management.Automation.Language.MemberExpressionAst] }, $true)) {
        if ($read.Static -or $read -is [Management.Automation.Language.InvokeMemberExpressionAst]) { continue }
        $base = $read.Expression
        while ($base -is [Management.Automation.Language.IndexExpressionAst]) { $base = $base.Target }
        if ($base -is [Management.Automation.Language.MemberExpressionAst] -and "$($base.Member)" -eq 'Instance') { $base = $base.Expression }
        $asked = @()
        if ($base -is [Management.Automation.Language.ParenExpressionAst]) { $asked = @(Get-Asked $base) }
        if ($base -is [Management.Automation.Language.VariableExpressionAst]) {
            $name = $base.VariablePath.UserPath
            $loop = $read.Parent
            while ($loop -and -not ($loop -is [Management.Automation.Language.ForEachStatementAst] -and $loop.Variable.VariablePath.UserPath -eq $name)) {
                $loop = $loop.Parent
            }
            $asked = @(if ($name -eq '_') { Get-Piped $read } elseif ($loop) { Get-Asked $loop.Condition } else { $from[$name] })
        }
        $wanted = "$($read.Member)"
        if (-not $asked -or $wanted -in 'Length', 'Count', 'Words', 'Instance', 'CimInstanceProperties') { continue }
        if (@($asked | Where-Object { $properties[$_] -contains $wanted -or $excepted -contains "$_.$wanted" }).Count -lt $asked.Count) {
            @{ line = $read.Extent.StartLineNumber; what = "$($asked -join ', ') has no property $wanted" }
        }
    }
}

# The classes that $_ is of, in a block that a pipeline hands instances to.
function Get-Piped($Ast) {
    for ($at = $Ast.Parent; $at; $at = $at.Parent) {
        if ($at -isnot [Management.Automation.Language.ScriptBlockExpressionAst]) { continue }
        $command, $pipeline = $at.Parent, $at.Parent.Parent
        if ($pipeline -isnot [Management.Automation.Language.PipelineAst]) { return }
        $elements = @($pipeline.PipelineElements)
        $place = $elements.IndexOf($command)
        $between = @(if ($place -gt 1) { $elements[1..($place - 1)] })
        if ($place -lt 1 -or @($between | Where-Object { $pickers -notcontains $_.GetCommandName() })) { return }
        if ($elements[0] -isnot [Management.Automation.Language.CommandAst] -or $askers -notcontains $elements[0].GetCommandName()) { return }
        return $elements[0].FindAll({ $args[0] -is [Management.Automation.Language.StringConstantExpressionAst] }, $true) |
            Where-Object { $properties.ContainsKey($_.Value) } | ForEach-Object { $_.Value }
    }
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
                elseif (-not $real.types_files.ContainsKey($name)) { "nobody has looked what a types file adds to $name" }
            }
            if ($member -eq 'AddParameter' -and $_ -eq 'InvokeMemberExpressionAst' -and
                $Ast.Arguments[0] -is [Management.Automation.Language.StringConstantExpressionAst]) {
                $block = $Ast.Parent
                while ($block -isnot [Management.Automation.Language.ScriptBlockAst]) { $block = $block.Parent }
                $given = $Ast.Arguments[0].Value
                foreach ($command in Get-Added $block) {
                    if ($real.commands[$command] -notcontains $given -and $common -notcontains $given) { "$command has no -$given in 5.1" }
                }
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
            if ($Ast.Value -match '^(Win32|MSFT|RSOP)_[A-Za-z]+$' -and -not $classes.ContainsKey($Ast.Value)) { "no Windows is known to have the class $($Ast.Value)" }
            if ($secretMethods -contains $Ast.Value -and -not (Test-MadeByWindows $Ast)) {
                "$($Ast.Value) gives or takes a secret: SealedKeys.cs alone calls it"
            }
            if ("$($Ast.StringConstantType)" -match '^DoubleQuoted' -and $Ast.Extent.Text -match '(?<!`)(``)*`(e|u\{)') {
                'the escape `e or `u{} in a text'
            }
        }
        'ConstantExpressionAst' {
            if ($Ast.Extent.Text -match '^(0b|.*\d(y|uy|us|u|ul|n|s)(kb|mb|gb|tb|pb)?$)' -and $Ast.Extent.Text -notmatch '^0x') {
                'a number written as 5.1 cannot read it'
            }
        }
        'ParameterAst' {
            if ($Ast.Name.VariablePath.UserPath -cmatch $secretName) { "a parameter for a secret: $($Ast.Name)" }
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

$looked = @{}
'TernaryExpressionAst', 'PipelineChainAst', 'PipelineAst', 'UsingStatementAst', 'AssignmentStatementAst', 'BinaryExpressionAst',
    'IndexExpressionAst', 'MemberExpressionAst', 'InvokeMemberExpressionAst', 'VariableExpressionAst', 'TypeExpressionAst',
    'TypeConstraintAst', 'StringConstantExpressionAst', 'ExpandableStringExpressionAst', 'ConstantExpressionAst', 'CommandAst',
    'FunctionDefinitionAst', 'ScriptBlockAst', 'ParameterAst' | ForEach-Object { $looked[$_] = $true }
$findings = foreach ($one in $parsed) {
    foreach ($problem in $one.errors) {
        @{ file = $one.path; line = $problem.Extent.StartLineNumber; what = $problem.Message }
    }
    $scopes = @($one.ast.FindAll({ $args[0] -is [Management.Automation.Language.FunctionDefinitionAst] }, $true))
    foreach ($scope in $(if ($scopes) { $scopes } else { $one.ast })) {
        if ($scope.Extent.Text -notmatch '(Win32|MSFT|RSOP)_') { continue }
        foreach ($problem in @(Test-Property $scope)) { @{ file = $one.path; line = $problem.line; what = $problem.what } }
    }
    $foreign = [string[]]@(Get-Added $one.ast | Where-Object { $real.types_files.ContainsKey($_) } | ForEach-Object { $real.types_files[$_].members } | Where-Object { $_ } | Select-Object -Unique)
    # Only nodes of these kinds are looked at: a call for each of the others takes most of the time.
    foreach ($node in $one.ast.FindAll({ $looked.ContainsKey($args[0].GetType().Name) }, $true)) {
        foreach ($what in @(Test-Node $node) + @(if ($node -is [Management.Automation.Language.CommandAst]) { Test-Export $node }) +
            @(if ($foreign) { Test-Foreign $node $foreign })) {
            if ($what) { @{ file = $one.path; line = $node.Extent.StartLineNumber; what = $what } }
        }
    }
}
[Console]::Out.WriteLine((ConvertTo-Json @($findings) -Depth 3 -Compress -EscapeHandling EscapeNonAscii))
