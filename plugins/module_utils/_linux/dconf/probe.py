"""What GSettings itself answers to an ordinary user: one child that asks the real `gsettings` for all keys.

Reading dconf's files is no proof: types, ranges, schema overrides, profiles and rights all decide. So the question is
put as a user without rights and without a home, in the environment that a session of this machine would have.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ..engine.host import Host, HostError
from ..system.dconf_gvdb import Gvdb, Malformed
from ..system.dconf_variant import Typed, parse
from .sources import closed_to_users

PACKAGE = "libglib2.0-bin"
TIMEOUT = 90  # seconds for all keys together: a slow machine needs a tenth of a second a question
NOBODY = 65534
NOWHERE = "/nonexistent"

# One record a question: RS question US answer US exit status US complaint. None of these bytes can occur in an answer,
# since GVariant text escapes control characters. /dev/null: gsettings must not eat the rest of the script.
SCRIPT = r"""
command -v gsettings >/dev/null || exit 127
exec 3>&1
ask() {
  printf '\036%s\037' "$*"
  complaint=$("$@" 2>&1 >&3 </dev/null)
  printf '\037%s\037%s' "$?" "$complaint"
}
default() { GSETTINGS_BACKEND=memory gsettings get "$@"; }
"""
NO_DCONF = "find module 'dconf'"  # GLib's warning where dconf's module is not installed
SCHEMA_FOLDER = "/usr/share/glib-2.0/schemas"
MISSING = re.compile(r"^No such (schema|key)|^No schemas installed", re.M)


class Answer(NamedTuple):
    """One answer: `text` ("" where there is none), `missing` (no such schema or key), `problem` (HostError or None)."""

    text: str
    missing: bool
    problem: HostError | None
    complaint: str = ""


class Schema(NamedTuple):
    """What a key may hold: GVariant code, allowed words of an enum (or None), bounds (or None), default (or None)."""

    code: str
    choices: list[Any] | None
    bounds: tuple[int, ...] | None
    default: Typed

    def accepts(self, typed: Typed) -> bool:
        if typed.code != self.code:
            return False
        if self.choices is not None and typed.value not in self.choices:
            return False
        return self.bounds is None or self.bounds[0] <= typed.value <= self.bounds[1]


class Person:
    """Who is asked for: ids, the profile ("" for the usual one) and the folder of the own settings."""

    def __init__(
        self, uid: int, gid: int, profile: str = "", config: str = NOWHERE, overrides: dict[str, str] | None = None
    ) -> None:
        self.uid = uid
        self.gid = gid
        self.environment = {
            # Plain C would print a pound sign as a question mark.
            "LC_ALL": "C.UTF-8",
            "HOME": NOWHERE,
            "XDG_CONFIG_HOME": config,
            "XDG_DATA_HOME": NOWHERE,
            "XDG_CACHE_HOME": NOWHERE,
            "XDG_RUNTIME_DIR": NOWHERE,
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={NOWHERE}",
            # Dconf is GLib's first choice anyway; named, GLib says so when it has to fall back on another.
            "GSETTINGS_BACKEND": "dconf",
            **(overrides or {}),
        }
        if profile:
            self.environment["DCONF_PROFILE"] = profile


def ask(host: Host, person: Person, questions: list[tuple[str, str]]) -> dict[tuple[str, str], Answer]:
    """{question: Answer} for questions such as ("get", "/org/a/key"). Raises HostError when nothing could be asked."""
    lines = [SCRIPT]
    commands = {}
    for verb, path in questions:
        schema, _slash, key = path.strip("/").rpartition("/")
        schema = schema.replace("/", ".")
        command = f"default {schema} {key}" if verb == "default" else f"gsettings {verb} {schema} {key}"
        commands[command] = (verb, path)
        lines.append(f"ask {command}")
    argv = ["sh"]
    if host.is_root:
        ids = [f"--reuid={person.uid}", f"--regid={person.gid}", "--clear-groups"]
        argv = ["setpriv", *ids, "--no-new-privs", "--inh-caps=-all", "sh"]
    done = host.query([*argv, "-s"], "\n".join(lines) + "\n", person.environment, TIMEOUT, ("gsettings",))
    if done.rc == 127 and "\036" not in done.out:
        raise HostError("missing_tool", f"the command gsettings is not installed (package {PACKAGE})")
    answers = {}
    for record in done.out.split("\036")[1:]:
        parts = record.split("\037")
        if len(parts) == 4 and parts[0] in commands:
            answers[commands[parts[0]]] = _answer(parts[1].strip("\n"), parts[2], parts[3])
    for question in commands.values():
        if question not in answers:
            why = done.err.strip()[-200:] or f"the question ended with status {done.rc}"
            answers[question] = Answer("", False, HostError("failed", f"gsettings {question[0]}: {why}"))
    return _without_damage(host, answers)


def _without_damage(host: Host, answers: dict[tuple[str, str], Answer]) -> dict[tuple[str, str], Answer]:
    """`answers`, with "no such schema" taken back where the machine's schemas as a whole cannot be used.

    GLib passes over a damaged or unreadable gschemas.compiled in silence, and then knows no schema at all.
    """
    if not any(answer.missing for answer in answers.values()):
        return answers
    path = f"{SCHEMA_FOLDER}/gschemas.compiled"
    why = closed_to_users(host, path)
    try:
        if not why and not Gvdb(host.read(path)).is_whole():
            why = f"{path} is damaged: run glib-compile-schemas {SCHEMA_FOLDER}"
    except Malformed:
        why = f"{path} is damaged: run glib-compile-schemas {SCHEMA_FOLDER}"
    except FileNotFoundError:
        if any(name.endswith(".gschema.xml") for name in host.entries(SCHEMA_FOLDER)):
            why = f"{path} does not exist: run glib-compile-schemas {SCHEMA_FOLDER}"
    except HostError as problem:
        if problem.code != "too_large":
            why = problem.why
    if not why:
        return answers
    failed = HostError("malformed", why)
    return {question: Answer("", False, failed) if answer.missing else answer for question, answer in answers.items()}


def _answer(text: str, status: str, complaint: str) -> Answer:
    if status == "0" and text:
        return Answer(text, False, None, complaint)
    if status == "1" and MISSING.search(complaint):
        return Answer("", True, None, complaint)
    why = " ".join(complaint.split())[-200:]
    return Answer("", False, HostError("failed", f"gsettings ended with status {status}: {why}"))


def typed(answer: Answer) -> Typed:
    """The value of an answer to `get`. Raises HostError for one that makes no sense."""
    try:
        return parse(answer.text)
    except ValueError as problem:
        raise HostError("malformed", f"gsettings answered what cannot be understood: {problem}") from None


def schemas(host: Host, person: Person, keys: list[str]) -> dict[str, Schema]:
    """{key: Schema} of the keys that this machine's schemas have. Raises HostError."""
    answers = ask(host, person, [(verb, key) for key in keys for verb in ("range", "default")])
    by_key = {}
    for key in keys:
        kind, default = answers["range", key], answers["default", key]
        for each in (kind, default):
            if each.problem:
                raise each.problem
        if not kind.missing and not default.missing:
            by_key[key] = _schema(kind.text, typed(default))
    return by_key


def _schema(text: str, default: Typed) -> Schema:
    head, *rest = text.split("\n")
    choices = bounds = None
    if head == "enum":
        choices = [parse(line).value for line in rest if line.strip()]
    elif head.startswith("range ") and default.code != "d":
        bounds = tuple(int(part) for part in head.split()[2:4])
    return Schema(default.code, choices, bounds, default)
