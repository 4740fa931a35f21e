"""What stands in `estate.yml` and `school.yml`: their models, and how they are read from bytes."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from leeboard.estate.notify_settings import EstateNotify, SchoolNotify
from leeboard.estate.vpn.declaration import Declared, contradictions
from leeboard.estate.vpn.words import REFUSED_KEYS
from leeboard.model.device import FORMER, Urn
from leeboard.model.enums import Level
from leeboard.model.firewall_words import WORDS, WrongWords
from leeboard.model.problem import Mistake, Problem
from leeboard.model.strict import Strict
from leeboard.storage.yaml_reader import Written, has_tagged, read_yaml

PLUGIN = "leeboard.schools.estate"
PHASES = ("nursery", "primary", "middle", "secondary", "all_through", "special", "alternative", "post_16")
# What a school's other keys and files say; said in `vars` as well, one of the two would be wrong.
OURS = frozenset(
    f"leeboard_{name}"
    for name in (
        *(
            "urn",
            "school",
            "phase",
            "enforce",
            "waivers",
            "reachable",
            "predecessors",
            "canary",
            "vpn",
            "inner_address",
        ),
        *("asset", "serial", "platform", "form", "role", "level"),
    )
)
GATEWAYS = "leeboard_vpn_gateways"  # a variable, for whoever declares no vpn
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,250}[A-Za-z0-9])?"
JUMP = re.compile(
    rf"(?:[A-Za-z0-9_][A-Za-z0-9._\\-]{{0,63}}@)?(?:{_HOST}|\[[0-9A-Fa-f:]+\])(?::[0-9]{{1,5}})?"
    rf"(?:,(?:[A-Za-z0-9_][A-Za-z0-9._-]{{0,63}}@)?{_HOST}(?::[0-9]{{1,5}})?){{0,3}}\Z"
)
PROXY = re.compile(rf"(?:https?|socks5h?)://(?:{_HOST}|\[[0-9A-Fa-f:]+\])(?::[0-9]{{1,5}})?/?\Z")
USER = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9._@$\\ -]{0,127}\Z")
REALM = re.compile(r"[A-Z0-9](?:[A-Z0-9.-]{0,251}[A-Z0-9])?\Z")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
ACCOUNT = re.compile("://.*@")  # with its password, for all that anybody knows; variables may be secrets too
LONGEST = 300
# What pydantic says in Python's terms.
MESSAGES = {
    "extra_forbidden": "is no key that is known here; see docs/inventory.md",
    "missing": "is missing",
    "dict_type": "must hold keys with values",
    "model_type": "must hold keys with values",
    "tuple_type": "must be a list",
    "string_type": "must be text; put it into quotes",
}


def _line(value: str) -> str:
    if len(value) > LONGEST or not value.isprintable():
        raise ValueError(f"must be one line of at most {LONGEST} characters")
    return value.strip()


def _non_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return _line(value)


def _matching(pattern: re.Pattern[str], message: str) -> AfterValidator:
    def check(value: str) -> str:
        if value and not pattern.match(value):
            raise ValueError(message)
        return value

    return AfterValidator(check)


def _as_urn(value: Any) -> Any:
    """Six digits that do not begin with 0 are the same number with and without quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and 99_999 < value < 10**6 else value


def _as_phase(value: Any) -> Any:
    return re.sub(r"[\s-]+", "_", value.strip().lower()) if isinstance(value, str) else value


def _subnet(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError("must be a network such as 192.0.2.0/24") from None


def _variables(value: dict[str, Any]) -> dict[str, Any]:
    for name in value:
        if not VARIABLE.match(name):
            raise ValueError(f"{name[:40]!r} is no name of a variable: letters, digits and underscores")
        if name in OURS:
            raise ValueError(f"{name} does not belong here; a key or a column of its own says it")
    return value


def _family(value: str) -> str:
    if value not in families():
        raise ValueError(f"must be one of the families {', '.join(families())}")
    return value


@cache
def families() -> tuple[str, ...]:
    """The families of controls, by the names of their files: reading all policy takes a while."""
    controls = resources.files("leeboard.baselines").joinpath("controls")
    return tuple(sorted(file.name.removesuffix(".yml") for file in controls.iterdir() if file.name.endswith(".yml")))


def _for_ansible(value: dict[str, Any]) -> dict[str, Any]:
    for name in value:
        if name.startswith("leeboard_"):
            raise ValueError(f"{name[:40]} says nothing of a connection; put it under vars of the school")
    return value


Text = Annotated[str, AfterValidator(_line)]
NonEmpty = Annotated[str, AfterValidator(_non_empty)]
Number = Annotated[Urn, BeforeValidator(_as_urn)]
Variables = Annotated[dict[str, Any], AfterValidator(_variables)]
ConnectionVariables = Annotated[Variables, AfterValidator(_for_ansible)]
Port = Annotated[int, Field(ge=1, le=65535)]
User = Annotated[str, _matching(USER, "must be an account such as technician or leeboard@EXAMPLE.SCHOOL")]


class Contact(Strict):
    """Whom to ask at a school; a post does, no name is needed."""

    post: NonEmpty
    name: Text = ""
    email: Annotated[Text, _matching(re.compile(r"[^@\s]+@[^@\s]+\Z"), "must be an e-mail address")] = ""
    phone: Text = ""


class Network(Strict):
    """How a school is reached from here."""

    subnets: tuple[Annotated[str, AfterValidator(_subnet)], ...] = ()
    jump_host: Annotated[str, _matching(JUMP, "must be user@host or user@host:port")] = ""
    proxy: Annotated[str, _matching(PROXY, "must be an address such as http://proxy.example:3128")] = ""


class LinuxConnection(Strict):
    """How Linux devices are reached. What is None was not said. `key` is the file of a private key."""

    type: Literal["ssh"] | None = None
    user: User | None = None
    port: Port | None = None
    become: bool | None = None
    key: NonEmpty | None = None
    vars: ConnectionVariables = Field(default_factory=dict)


class WindowsConnection(Strict):
    """How Windows devices are reached. `ca` is a file of certificates, `transport` what the sign-in goes by."""

    type: Literal["winrm", "psrp", "ssh"] | None = None
    user: User | None = None
    port: Port | None = None
    transport: Literal["kerberos", "ntlm", "negotiate", "certificate", "credssp"] | None = None
    realm: Annotated[str, _matching(REALM, "must be a Kerberos realm in capitals, such as EXAMPLE.SCHOOL")] | None = (
        None
    )
    ca: NonEmpty | None = None
    key: NonEmpty | None = None
    vars: ConnectionVariables = Field(default_factory=dict)


class Connection(Strict):
    """How devices are reached, by platform."""

    linux: LinuxConnection = LinuxConnection()
    windows: WindowsConnection = WindowsConnection()


class Enforcement(Strict):
    """A family of controls that may be changed, since when and by whose word."""

    family: Annotated[str, AfterValidator(_family)]
    since: date
    by: NonEmpty


class EstateFile(Strict):
    """`estate.yml`: what all schools share."""

    plugin: Literal["leeboard.schools.estate"]
    name: NonEmpty
    level: Level | None = None
    connection: Connection = Connection()
    notify: EstateNotify = EstateNotify()
    vpn: Declared = None
    vars: Variables = Field(default_factory=dict)


class SchoolFile(Strict):
    """`school.yml`: one school."""

    plugin: Literal["leeboard.schools.estate"]
    urn: Number
    name: NonEmpty
    phase: Annotated[
        Literal["nursery", "primary", "middle", "secondary", "all_through", "special", "alternative", "post_16"],
        BeforeValidator(_as_phase),
    ]
    laestab: Annotated[str, _matching(re.compile(r"[0-9]{3}/?[0-9]{4}\Z"), 'must be such as "999/2001"')] = ""
    predecessors: tuple[Number, ...] = ()
    level: Level | None = None
    reachable: bool = True
    contacts: tuple[Contact, ...] = ()
    network: Network = Network()
    vault: Annotated[str, _matching(FILE_NAME, "must be the name of a file beside this one")] = ""
    connection: Connection = Connection()
    enforce: tuple[Enforcement, ...] = ()
    canary: tuple[NonEmpty, ...] = ()
    notify: SchoolNotify = SchoolNotify()
    vpn: Declared = None
    vars: Variables = Field(default_factory=dict)


def read_estate_file(content: bytes, file: str) -> EstateFile | Problem:
    """What an `estate.yml` says, or what is wrong with it. Never raises for what stands there."""
    return _read(EstateFile, content, file)


def read_school_file(content: bytes, file: str) -> SchoolFile | Problem:
    """What a `school.yml` says, or what is wrong with it. Never raises for what stands there."""
    return _read(SchoolFile, content, file)


def _read[Model: (EstateFile, SchoolFile)](model: type[Model], content: bytes, file: str) -> Model | Problem:
    try:
        written = read_yaml(content)
        if not isinstance(written.data, dict):
            raise Mistake(f"must hold keys; it begins with plugin: {PLUGIN}")
        if outside := _tagged_outside(written.data):
            message = "holds an encrypted value, which is possible under vars only; put it there or into the vault file"
            raise Mistake(message, outside, written.line([outside]))
        found = model.model_validate(written.data)
        _former_words(found.vars, written)
        _firewall_words(found.vars, written)
        _vpn(found, written)
        return found
    except Mistake as wrong:
        return wrong.problem(file)
    except ValidationError as wrong:
        return _first(wrong, written, file)


def _former_words(variables: dict[str, Any], written: Written) -> None:
    """Refuse variables that have another name now, by their line. Raises Mistake."""
    for name, instead in FORMER.items():
        if name in variables:
            raise _at(("vars", name), instead, written)


def _firewall_words(variables: dict[str, Any], written: Written) -> None:
    """Refuse what a school says of its firewall, by its line; templates are for Ansible to fill in. Raises Mistake."""
    for name, read in WORDS.items():
        variable = f"leeboard_{name}"
        value = variables.get(variable)
        if value is None or has_tagged(value) or "{{" in str(value):
            continue
        try:
            read(value)
        except WrongWords as wrong:
            raise _at(("vars", variable, *wrong.path), wrong.message, written) from None


def _vpn(found: EstateFile | SchoolFile, written: Written) -> None:
    """Refuse what a declaration of a VPN says against itself, and what only the other file can say. Raises Mistake."""
    if found.vpn is None:
        return
    for wrong in contradictions(found.vpn):
        raise _at(("vpn", *wrong.path), wrong.message, written)
    for key in ("names", "without"):
        if getattr(found.vpn.devices, key) and isinstance(found, EstateFile):
            message = "are asset tags, which each school has its own of; write them under vpn in its school.yml"
            raise _at(("vpn", "devices", key), message, written)
    if GATEWAYS in found.vars:
        message = "says in other words what vpn.gateways says; take it out, and everything goes by vpn"
        raise _at(("vars", GATEWAYS), message, written)
    found.vpn.remember(written.line)


def _at(path: tuple[str | int, ...], message: str, written: Written) -> Mistake:
    """A mistake at a place: keys, and numbers that count from 0."""
    column = ".".join(str(step + 1 if isinstance(step, int) else step) for step in path)
    return Mistake(message, column, written.line(path))


def _first(wrong: ValidationError, written: Written, file: str) -> Problem:
    """The first thing that a model refuses, by its key and line."""
    first = wrong.errors(include_url=False)[0]
    path = [step for step in first["loc"] if isinstance(step, str | int)]
    column = ".".join(str(step + 1 if isinstance(step, int) else step)[:60] for step in path)
    value = first["input"]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden" and path[0] == "vpn" and path[-1] in REFUSED_KEYS:
        message = REFUSED_KEYS[str(path[-1])]
    elif first["type"] in MESSAGES:
        message = MESSAGES[first["type"]]
    elif isinstance(value, str | int | float | bool) and "vars" not in path and not ACCOUNT.search(str(value)):
        message = f"is {str(value)[:60]!r}: {message[0].lower()}{message[1:]}"
    return Problem(file, message, written.line(path), column)


def _tagged_outside(data: dict[str, Any]) -> str:
    """The first key that holds an encrypted value where none may be."""
    return next((key for key, value in data.items() if key not in ("vars", "connection") and has_tagged(value)), "")
