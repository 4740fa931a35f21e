"""rsyslog's configuration language, as far as it says which message meets which action: statements in their order.

Both spellings count, RainerScript (`action(type="omfwd" ...)`) and the older one (`*.* @@host`), as rsyslog's own
grammar has them. What stands in an expression is not understood: it is a filter that may hold or not.
"""

from __future__ import annotations

import fnmatch
import re
from typing import Union

from ..engine.host import HostError
from ..engine.reading import Machine
from ..engine.safe_read import text_or_nothing

MAIN = "/etc/rsyslog.conf"
DEFAULT_RULESET = "rsyslog_defaultruleset"
MOST_FILES = 300
DEEPEST = 30
OBJECT = re.compile(
    r"(main_queue|timezone|parser|global|template|ruleset|property|constant|input|module|lookup_table|dyn_stats|"
    r"percentile_stats|ratelimit|include|action)[ \n\t]*\(",
    re.IGNORECASE,
)
SELECTOR = re.compile(r"[*a-z][*a-z]*[0-7]*[.,][,!=;.*a-z0-7]+", re.IGNORECASE)
PROPERTY_FILTER = re.compile(r':\$?[a-z-]+[ ]*,[ ]*!?[a-z]+[ ]*,[ ]*"(?:\\"|[^"])*"', re.IGNORECASE)
OLD_ACTION = re.compile(
    r"~|\*|-?/[^*\n][^\n]*|:[a-z0-9]+:[^\n]*|[|.\-@^?~>][^\n]+|[a-z0-9_][a-z0-9_+,;-]*", re.IGNORECASE
)
NAME = re.compile(r"[a-z][a-z0-9_.]*", re.IGNORECASE)
RULESET_NAME = re.compile(r"[a-z][a-z0-9_.-]*", re.IGNORECASE)
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`', re.DOTALL)
SKIPPED = re.compile(r"(?:[ \t\n]|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
# A piece of an expression: text in quotes, a comment, or a word; whatever else there is stands alone.
IN_EXPRESSION = re.compile(
    r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`|/\*.*?\*/|[$a-z_][^\s()'\"`;,]*|.", re.I | re.DOTALL
)
ONLY_A_SELECTOR = re.compile(r"\s*\(?\s*prifilt\s*\(\s*['\"]([^'\"]*)['\"]\s*\)\s*\)?\s*", re.IGNORECASE)
# Directives that hold for the one action that follows.
FOR_ONE_ACTION = (
    "actionexeconlywhenpreviousissuspended", "actionexeconlyeverynthtime", "actionexeconlyonceeveryinterval",
)  # fmt: skip


Parameters = dict[str, Union[str, list[str]]]  # names in small letters; a list where one was given


class Statement:
    """One statement: `kind` is action, stop, call, selector or unknown (a filter that may hold or not).

    `parameters` are an action's, `text` is an old action's line, a selector's text or the name that is called; `block`
    and `otherwise` are lists of statements.
    """

    def __init__(
        self,
        kind: str,
        place: str,
        text: str = "",
        parameters: Parameters | None = None,
        block: list[Statement] | None = None,
        otherwise: list[Statement] | None = None,
    ) -> None:
        self.kind = kind
        self.place = place
        self.text = text
        self.parameters = parameters or {}
        self.block = block or []
        self.otherwise = otherwise or []


class Configuration:
    """What was read: `globals` by name, `modules` and `inputs` (parameters of each), `rulesets` (statements by name in
    small letters), the name of the `default` one, `paths` of all files and the `folders` that includes look into."""

    def __init__(self) -> None:
        self.globals: Parameters = {}
        self.modules: list[Parameters] = []
        self.inputs: list[Parameters] = []
        self.rulesets: dict[str, list[Statement]] = {DEFAULT_RULESET: []}
        self.default = DEFAULT_RULESET
        self.paths: list[str] = []
        self.folders: list[str] = []


def configuration(host: Machine, path: str = MAIN) -> Configuration:
    """The configuration that starts with the file `path`. Raises HostError for one that makes no sense."""
    reader = _Reader(host)
    reader.include(path, optional=False)
    reader.everything()
    return reader.configuration


class _Text:
    """One file on the stack of includes, and how far it has been read."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = _joined(text)
        self.at = 0


def _joined(text: str) -> str:
    """Lines that end with a backslash joined with the next one, as rsyslog does first; line numbers stay right."""
    parts, owed, goes_on = [], 0, False
    for line in text.split("\n"):
        part = (line.lstrip() if goes_on else line).rstrip()
        goes_on = part.endswith("\\")
        if goes_on:
            parts.append(part[:-1])
            owed += 1
        else:
            parts.append(part + "\n" * (owed + 1))
            owed = 0
    return "".join(parts)


class _Reader:
    def __init__(self, host: Machine) -> None:
        self.host = host
        self.configuration = Configuration()
        self.stack: list[_Text] = []
        self.ruleset = DEFAULT_RULESET
        self.directives: Parameters = {}

    # Where we are

    def here(self) -> str:
        source = self.stack[-1]
        return f"{source.path}, line {source.text.count(chr(10), 0, source.at) + 1}"

    def malformed(self, what: str) -> HostError:
        return HostError("malformed", f"{self.here()}: {what}")

    def skip(self) -> bool:
        """Go on to the next thing that counts; False at the end of everything."""
        while self.stack:
            source = self.stack[-1]
            match = SKIPPED.match(source.text, source.at)
            if match:
                source.at = match.end()
            if source.at < len(source.text):
                return True
            if len(self.stack) == 1:
                return False
            self.stack.pop()
        return False

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What `pattern` matches here, which is then behind us; else None."""
        source = self.stack[-1]
        match = pattern.match(source.text, source.at)
        if match:
            source.at = match.end()
        return match

    def ahead(self) -> str:
        source = self.stack[-1]
        return source.text[source.at : source.at + 1]

    def at_start_of_line(self) -> bool:
        source = self.stack[-1]
        return not source.text[source.text.rfind("\n", 0, source.at) + 1 : source.at].strip()

    # Files

    def include(self, name: str, optional: bool) -> None:
        """Put the files of an include on the stack, so that the first is read first."""
        for path in reversed(self.matching(name, optional)):
            if any(source.path == path for source in self.stack):
                continue  # rsyslog ignores a file that includes itself
            if len(self.configuration.paths) >= MOST_FILES:
                raise HostError("malformed", f"rsyslog's configuration has more than {MOST_FILES} files at {path}")
            self.configuration.paths.append(path)
            text = text_or_nothing(self.host, path)
            if text is None:
                raise HostError("malformed", f"{path} is missing")
            self.stack.append(_Text(path, text))

    def matching(self, name: str, optional: bool) -> list[str]:
        """The files that an include names: a file, a pattern, or all of a folder (for which rsyslog adds a star)."""
        folder, _dummy, pattern = name.rpartition("/")
        if not name.startswith("/") or any(character in folder for character in "*?["):
            raise HostError("malformed", f"rsyslog includes {name[:100]!r}, and which files these are cannot be told")
        if self.folder(name):
            folder, pattern = (name.rstrip("/"), "*") if name.endswith("/") else (folder, pattern + "*")
        elif not any(character in pattern for character in "*?["):
            if self.host.exists(name) or not optional:
                return [name]
            return []
        self.configuration.folders.append(folder)
        files = []
        for entry in self.host.entries(folder):
            if fnmatch.fnmatchcase(entry, pattern) and (not entry.startswith(".") or pattern.startswith(".")):
                path = f"{folder}/{entry}"
                files += self.matching(f"{path}/", optional) if self.folder(path) else [path]
        return files

    def folder(self, path: str) -> bool:
        try:
            return bool(self.host.stat(path.rstrip("/")).st_mode & 0o170000 == 0o040000)
        except FileNotFoundError:
            return False

    # Statements

    def everything(self) -> None:
        while self.skip():
            self.configuration.rulesets.setdefault(self.ruleset, []).extend(self.statement())

    def statement(self, depth: int = 0) -> list[Statement]:
        """The next statement, as a list: empty for what sends and filters nothing."""
        if depth > DEEPEST:
            raise self.malformed("filters are nested too deep")
        place = self.here()
        if self.at_start_of_line():
            match = self.take(SELECTOR)
            if match:
                return [Statement("selector", place, match.group(), block=self.block(depth))]
            if self.take(PROPERTY_FILTER):
                return [Statement("unknown", place, block=self.block(depth))]
        if self.ahead() == "$":
            line = self.take(re.compile(r"[^\n]*"))
            self.directive(line.group() if line else "")
            return []
        word = re.compile(r"[a-z0-9_+,;-]+", re.IGNORECASE).match(self.stack[-1].text, self.stack[-1].at)
        known = {"if": self.condition, "foreach": self.loop}.get(word.group().lower() if word else "")
        if known and word:
            self.stack[-1].at = word.end()
            return known(place, depth)
        if word and word.group().lower() in ("set", "reset", "unset", "call_indirect"):
            self.expression(";")
            return []
        return self.actions()

    def condition(self, place: str, depth: int) -> list[Statement]:
        expression = self.expression("then")
        block, otherwise = self.block(depth), []
        if self.skip() and self.take(re.compile(r"else(?![a-z0-9_])", re.IGNORECASE)):
            otherwise = self.block(depth)
        match = ONLY_A_SELECTOR.fullmatch(expression)
        if match:
            return [Statement("selector", place, match.group(1), block=block, otherwise=otherwise)]
        return [Statement("unknown", place, block=block, otherwise=otherwise)]

    def loop(self, place: str, depth: int) -> list[Statement]:
        self.expression("do")
        return [Statement("unknown", place, block=self.block(depth))]

    def expression(self, end: str) -> str:
        source, start = self.stack[-1], self.stack[-1].at
        for match in IN_EXPRESSION.finditer(source.text, start):
            if match.group().lower() == end:
                source.at = match.end()
                return source.text[start : match.start()]
        raise self.malformed(f"there is no {end} after this")

    def block(self, depth: int) -> list[Statement]:
        if not self.skip():
            raise self.malformed("a filter at the end of the configuration has no action")
        if self.ahead() != "{":
            return self.statement(depth + 1)
        self.stack[-1].at += 1
        statements: list[Statement] = []
        while True:
            if not self.skip():
                raise self.malformed("a brace is not closed")
            if self.ahead() == "}":
                self.stack[-1].at += 1
                return statements
            statements += self.statement(depth + 1)

    def actions(self) -> list[Statement]:
        """One action, and those that an ampersand adds to it."""
        statements = self.action()
        while self.skip() and self.ahead() == "&":
            self.stack[-1].at += 1
            if self.skip():
                statements += self.action()
        return statements

    def action(self) -> list[Statement]:
        place = self.here()
        match = self.take(OBJECT)
        if match:
            return self.object(match.group(1).lower(), place)
        match = self.take(OLD_ACTION)
        if match is None:
            raise self.malformed(f"{self.ahead()!r} is not understood here")
        word = match.group().strip()
        if word.lower() in ("stop", "~"):
            return [Statement("stop", place)]
        if word.lower() == "continue":
            return []
        if word.lower() == "call":
            self.skip()
            name = self.take(RULESET_NAME)
            if name is None:
                raise self.malformed("call names no ruleset")
            return [Statement("call", place, name.group().lower())]
        if word.lower() == "reload_lookup_table":
            self.expression(")")
            return []
        parameters = dict(self.directives)
        for once in FOR_ONE_ACTION:
            self.directives.pop(once, None)
        if word.startswith("@@"):
            # The peers are handed to the first action that can use them, and are then gone.
            self.directives.pop("actionsendstreamdriverpermittedpeer", None)
        return [Statement("action", place, word, parameters)]

    def object(self, kind: str, place: str) -> list[Statement]:
        parameters = self.parameters()
        disabled = parameters.get("config.enabled", "on") != "on"
        if kind == "include" and not disabled:
            self.included(parameters)
        elif kind == "global" and not disabled:
            self.configuration.globals.update(parameters)
        elif kind in ("module", "input") and not disabled:
            (self.configuration.modules if kind == "module" else self.configuration.inputs).append(parameters)
        elif kind == "action" and not disabled:
            return [Statement("action", place, parameters=parameters)]
        elif kind in ("ruleset", "template") and self.skip() and self.ahead() == "{":
            statements = self.block(0)
            if kind == "ruleset" and not disabled:
                self.configuration.rulesets.setdefault(str(parameters.get("name", "")).lower(), []).extend(statements)
        return []

    def included(self, parameters: Parameters) -> None:
        if "file" in parameters:
            self.include(str(parameters["file"]), str(parameters.get("mode", "")).lower() == "optional")
        elif "text" in parameters:
            self.stack.append(_Text(f"{self.here()}, include", str(parameters["text"])))

    def parameters(self) -> Parameters:
        parameters: Parameters = {}
        while True:
            if not self.skip():
                raise self.malformed("a parenthesis is not closed")
            if self.ahead() == ")":
                self.stack[-1].at += 1
                return parameters
            name = self.take(NAME)
            if name is None:
                raise self.malformed(f"{self.ahead()!r} where a parameter is meant")
            self.expect("=")
            parameters[name.group().lower()] = self.value()

    def value(self) -> str | list[str]:
        self.skip()
        if self.ahead() != "[":
            return self.string()
        self.stack[-1].at += 1
        texts = [self.string()]
        while self.skip() and self.ahead() == ",":
            self.stack[-1].at += 1
            texts.append(self.string())
        self.expect("]")
        return texts

    def expect(self, sign: str) -> None:
        if not self.skip() or self.ahead() != sign:
            raise self.malformed(f"{sign} is missing")
        self.stack[-1].at += 1

    def string(self) -> str:
        self.skip()
        match = self.take(STRING)
        if match is None:
            raise self.malformed("text in double quotes is missing")
        if match.group(1) is not None:
            return re.sub(r"\\(.)", r"\1", match.group(1))
        command, _dummy, rest = match.group(2).partition(" ")
        if command == "cat":
            return text_or_nothing(self.host, rest) or ""
        if command == "echo" and "$" not in rest:
            return rest
        raise self.malformed("a value comes from the daemon's environment, which cannot be told")

    def directive(self, line: str) -> None:
        name, _dummy, arguments = line[1:].partition(" ")
        name, arguments = name.strip().lower(), arguments.strip()
        first = arguments.split()[0] if arguments else ""
        if name == "includeconfig" and first:
            self.include(first, optional=False)
        elif name == "ruleset":
            self.ruleset = first.lower() or DEFAULT_RULESET
        elif name == "defaultruleset":
            self.configuration.default = first.lower()
        elif name == "modload":
            self.configuration.modules.append({"load": first})
        elif name == "resetconfigvariables":
            self.directives.clear()
        elif name == "actionsendstreamdriverpermittedpeer":
            self.directives[name] = [*self.directives.get(name, []), first]
        elif name.startswith("actionsend") or name in FOR_ONE_ACTION:
            self.directives[name] = first
        elif name.startswith(("defaultnetstream", "privdrop", "omitlocallogging")):
            self.configuration.globals[name] = first
