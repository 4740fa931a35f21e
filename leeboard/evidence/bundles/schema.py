"""The lines of a bundle: what may stand in an evidence file. Described for others in docs/evidence.md.

Of a device that answered there are three: what it said (`body`), what was judged of it (`judged`), and its own line,
which names the other two by their hashes. So who has read a body before knows that without parsing it. What the
baseline says of what was judged (`texts`) stands once before the first device of a kind.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from leeboard.estate.journal import Anchor
from leeboard.evidence.bundles.texts import thin
from leeboard.model.device import Asset, Device, Urn
from leeboard.model.run_id import RunId, started_of
from leeboard.model.strict import first_mistake
from leeboard.storage import strict_json

# 2 has a salt, from which challenges are made, and room for what comes later; 3 has a place in an order that no clock
# decides, and bodies in lines of their own.
SCHEMAS = (1, 2, 3)
MOST_LINE_BYTES = 4 * 1024 * 1024
MOST_TURNS = 2**53
MOST_HEADS = 1000
MESSAGE_LENGTH = 300
MOST_EXTRA_BYTES = 16 * 1024
MOST_FINDINGS = 1000
BODY, JUDGED, TEXTS = b'{"kind":"body"', b'{"kind":"judged"', b'{"kind":"texts"'  # how these lines begin
PARTS = ("facts", "readings")  # of an observation, which are its body
RECEIVE = "receive"  # the action of a bundle that gives those of another controller their place
PRUNE = "prune"  # that of one that keeps the history of those which were put away
OUTCOMES = ("observed", "unreachable", "failed", "another_machine")

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, Field(max_length=2000)]
Control = Annotated[str, Field(pattern=r"^[A-Z]{3}-[0-9]{2}$")]
Place = Annotated[int, Field(ge=1, strict=True)]


class Line(BaseModel):
    """Frozen, strict data; a key that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class School(Line):
    """The school that a bundle is about."""

    urn: Urn
    name: Words


class Expected(Device):
    """A device that the run meant to see. `problem` says what is wrong with its variables, where something is."""

    problem: str = ""

    @property
    def device(self) -> Device:
        """The device without the problem."""
        return Device.model_validate({name: value for name, value in self if name != "problem"})


class Pruned(Line):
    """What was put away: the school's first `runs` bundles in order, up to the one of this hash and turn, and why."""

    sha256: Digest
    turn: Annotated[int, Field(ge=0, le=MOST_TURNS, strict=True)]
    runs: Annotated[int, Field(ge=1, strict=True)]
    by: Words
    reason: Words


class Header(Line):
    """The first line. `extra` is for what a later Leeboard has to say: it is kept, and means nothing to this one.

    `writer` is the var folder whose run it was, `turn` its place in the school's order, and `heads` are the hashes of
    the closed files that it follows, our own last one first. Before schema 3 there was `previous` alone. `journal` is
    the school's journal as it was when the run began; without it there was none.
    """

    kind: Literal["header"] = "header"
    schema_version: Literal[1, 2, 3] = Field(alias="schema", default=3)
    run: RunId
    started: AwareDatetime
    leeboard: Words
    action: Literal["check", "enforce", "receive", "prune"]
    school: School
    baseline: Words
    inventory: Words
    previous: Digest | None = None
    writer: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | Literal[""] = ""
    turn: Annotated[int, Field(ge=0, le=MOST_TURNS, strict=True)] = 0
    heads: Annotated[tuple[Digest, ...], Field(max_length=MOST_HEADS)] = ()
    journal: Anchor | None = None
    expected: tuple[Expected, ...]
    salt: Digest | Literal[""] = ""
    pruned: Pruned | None = None
    extra: dict[str, Any] = {}

    @model_validator(mode="after")
    def _schema_has_it(self) -> Header:
        if self.schema_version == 1 and (self.salt or self.extra):
            raise ValueError("a header of schema 1 has neither salt nor extra")
        if self.schema_version == 2 and not self.salt:
            raise ValueError("it has no salt")
        if self.schema_version < 3 and (self.writer or self.turn or self.heads or self.journal or self.pruned):
            raise ValueError("a header before schema 3 has no place, names no journal, and prunes nothing")
        if self.schema_version == 3 and (not self.writer or not self.turn or self.previous is not None):
            raise ValueError("a header of schema 3 has a writer, a turn and heads")
        if (self.pruned is not None) != (self.action == PRUNE):
            raise ValueError("a header of a prune, and no other, says what was pruned")
        if len(write_line(self.extra)) - 1 > MOST_EXTRA_BYTES:
            raise ValueError(f"extra has more than {MOST_EXTRA_BYTES} bytes")
        return self

    @property
    def follows(self) -> str | None:
        """The hash of the bundle that came before it in its own chain, None for the first."""
        return self.heads[0] if self.heads else self.previous

    @model_validator(mode="after")
    def _started_is_in_the_run_id(self) -> Header:
        if started_of(self.run) != self.started.replace(microsecond=0):
            raise ValueError("the run id and the start do not agree")
        return self


class MoreExpected(Line):
    """Devices that a later play of the same run meant to see, or that found no place in the header.

    `journal` is the school's journal by then; without it that of the header.
    """

    kind: Literal["expected"]
    expected: tuple[Expected, ...]
    journal: Anchor | None = None


class DeviceLine(Line):
    """One device. `body` and `judged` are the hashes of the lines before it, `envelope` the rest of the observation.

    Before schema 3 both stood in the line itself: `observation` is read by `leeboard.model.observation`, `findings` by
    `leeboard.model.finding`. `visit` is the number of the device's visit within the run, which rises: what its
    challenge was made from.
    """

    kind: Literal["device"]
    asset: Asset
    name: Words
    at: AwareDatetime
    outcome: Literal["observed", "unreachable", "failed", "another_machine"]
    message: Words = ""
    visit: Annotated[int, Field(ge=1, strict=True)] | None = None
    device: Device | None = None
    identity: Literal["", "first", "same", "reinstalled", "another_machine", "unidentified"] = ""
    envelope: dict[str, Any] | None = None
    body: Digest | None = None
    judged: Digest | None = None
    observation: dict[str, Any] | None = None
    findings: list[dict[str, Any]] | None = Field(default=None, max_length=MOST_FINDINGS)
    changes: list[dict[str, Any] | str] = Field(default=[], max_length=10_000)


class Trailer(Line):
    """The last line. `lines` is how many stand before it; `interrupted` is true when somebody stopped the run."""

    kind: Literal["trailer"]
    finished: AwareDatetime
    lines: int
    outcomes: dict[str, int]
    interrupted: bool = False


class PrunedRun(Line):
    """A bundle that was put away: what the store keeps of it. Its `place` is the number of the line among its kind."""

    kind: Literal["pruned_run"]
    run: RunId
    started: AwareDatetime
    finished: AwareDatetime | None
    writer: Annotated[str, Field(max_length=32)]
    turn: Annotated[int, Field(ge=0, le=MOST_TURNS, strict=True)]
    heads: Annotated[tuple[Digest, ...], Field(max_length=MOST_HEADS)]
    sha256: Digest
    file_sha256: Digest
    action: Literal["check", "enforce", "receive", "prune"]
    baseline: Words
    broken_off: bool
    expected: tuple[Words, ...]
    points: tuple[tuple[tuple[Control, ...], Annotated[str, Field(pattern=r"^[0-9a-f]+$")]], ...]


class PrunedDevice(Line):
    """A device as it stood where the history was cut; `place` and `observed` are places of bundles."""

    kind: Literal["pruned_device"]
    asset: Asset
    device: Device
    problem: str
    message: Words
    changes: list[dict[str, Any] | str]
    outcome: Literal["observed", "unreachable", "failed", "another_machine", "not_seen"]
    place: Place
    observed: Place | None
    seen: AwareDatetime | None
    observed_at: Words | None
    since: dict[Control, tuple[AwareDatetime, Words, Words]]


class PrunedSpan(Line):
    """What was not well with a setting, and began before the cut; without `until` it was so still."""

    kind: Literal["pruned_span"]
    asset: Asset
    control: Control
    setting: Words
    element: Words
    verdict: Annotated[str, Field(max_length=16)]
    code: Words
    since: Place
    until: Place | None
    late: bool


History = PrunedRun | PrunedDevice | PrunedSpan
AnyLine = Header | MoreExpected | DeviceLine | Trailer | PrunedRun | PrunedDevice | PrunedSpan

LINES: dict[str, type[AnyLine]] = {
    "header": Header,
    "expected": MoreExpected,
    "device": DeviceLine,
    "trailer": Trailer,
    "pruned_run": PrunedRun,
    "pruned_device": PrunedDevice,
    "pruned_span": PrunedSpan,
}


class BadLine(Exception):
    """What is wrong with a line, without saying where it stands."""


def read_line(line: bytes) -> AnyLine:
    """The line in these bytes. Raises BadLine."""
    try:
        raw = strict_json.loads(line)
    except ValueError as problem:
        raise BadLine(f"is not JSON ({ascii(str(problem))[:80]})") from None
    kind = raw.get("kind") if isinstance(raw, dict) else None
    model = LINES.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise BadLine("is of no known kind")
    if model is Header and (type(raw.get("schema")) is not int or raw["schema"] not in SCHEMAS):
        known = f"{SCHEMAS[0]} to {SCHEMAS[-1]}"
        raise BadLine(f"has schema {ascii(raw.get('schema'))[:20]}, and this Leeboard reads {known}; update Leeboard")
    try:
        return model.model_validate(raw)
    except ValidationError as problem:
        place, wrong = first_mistake(problem, "the line")
        raise BadLine(f"makes no sense at {place}: {wrong}") from None


def write_line(line: dict[str, Any]) -> bytes:
    """A line as it stands in a file, its end included. Raises ValueError for what is no JSON, such as a NaN."""
    return strict_json.dumps(line).encode() + b"\n"


def split(observation: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """An observation as its envelope and the line of its body, which is the same for the same facts and readings.

    Raises ValueError for what is no JSON.
    """
    envelope = {key: value for key, value in observation.items() if key not in PARTS}
    body = {key: observation[key] for key in PARTS if key in observation}
    if isinstance(body.get("readings"), list):
        body["readings"] = sorted(body["readings"], key=_place)
    return envelope, _part(BODY, body)


def judged_lines(findings: list[dict[str, Any]]) -> tuple[bytes, bytes]:
    """The line of a device's findings, and that of their texts. Raises ValueError for what is no list of them, or no
    JSON."""
    objects = isinstance(findings, list) and all(isinstance(finding, dict) for finding in findings)
    if not objects or len(findings) > MOST_FINDINGS:
        raise ValueError("its findings are no list of objects, or too many")
    texts, rest = thin(findings)
    told = _part(TEXTS, {"texts": texts})
    return _part(JUDGED, {"findings": rest, "texts": hashlib.sha256(told).hexdigest()}), told


def read_part(line: bytes) -> dict[str, Any]:
    """What stands in the line of a body or of findings. Raises BadLine."""
    try:
        found = strict_json.loads(line)
    except ValueError as problem:
        raise BadLine(f"is not JSON ({ascii(str(problem))[:80]})") from None
    if not isinstance(found, dict):
        raise BadLine("is of no known kind")
    return {key: value for key, value in found.items() if key != "kind"}


def _part(head: bytes, content: dict[str, Any]) -> bytes:
    text = strict_json.dumps(content, canonical=True).encode()
    return head + (b"," if content else b"") + text[1:] + b"\n"


def _place(reading: Any) -> tuple[str, str]:
    """Where a reading stands among the others, whatever it is."""
    if not isinstance(reading, dict):
        return "", ""
    return str(reading.get("driver", "")), str(reading.get("address", ""))
