"""The lines of a bundle: what may stand in an evidence file. Described for others in docs/evidence.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from leeboard.model.device import Asset, Device, Urn
from leeboard.model.run_id import RunId, started_of
from leeboard.storage import strict_json

SCHEMAS = (1, 2)  # 2 has a salt, from which challenges are made, and room for what comes later
MOST_LINE_BYTES = 4 * 1024 * 1024
MESSAGE_LENGTH = 300
MOST_EXTRA_BYTES = 16 * 1024
OUTCOMES = ("observed", "unreachable", "failed", "another_machine")

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, Field(max_length=2000)]


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


class Header(Line):
    """The first line. `extra` is for what a later Leeboard has to say: it is kept, and means nothing to this one."""

    kind: Literal["header"] = "header"
    schema_version: Literal[1, 2] = Field(alias="schema", default=2)
    run: RunId
    started: AwareDatetime
    leeboard: Words
    action: Literal["check", "enforce"]
    school: School
    baseline: Words
    inventory: Words
    previous: Digest | None
    expected: tuple[Expected, ...]
    salt: Digest | Literal[""] = ""
    extra: dict[str, Any] = {}

    @model_validator(mode="after")
    def _schema_has_it(self) -> Header:
        if self.schema_version == 1 and (self.salt or self.extra):
            raise ValueError("a header of schema 1 has neither salt nor extra")
        if self.schema_version > 1 and not self.salt:
            raise ValueError("it has no salt")
        if len(write_line(self.extra)) - 1 > MOST_EXTRA_BYTES:
            raise ValueError(f"extra has more than {MOST_EXTRA_BYTES} bytes")
        return self

    @model_validator(mode="after")
    def _started_is_in_the_run_id(self) -> Header:
        if started_of(self.run) != self.started.replace(microsecond=0):
            raise ValueError("the run id and the start do not agree")
        return self


class MoreExpected(Line):
    """Devices that a later play of the same run meant to see, or that found no place in the header."""

    kind: Literal["expected"]
    expected: tuple[Expected, ...]


class DeviceLine(Line):
    """One device. `observation` is read by `leeboard.model.observation`, `findings` by `leeboard.model.finding`.

    `visit` is the number of the device's visit within the run, which rises: what its challenge was made from.
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
    observation: dict[str, Any] | None = None
    findings: list[dict[str, Any]] | None = Field(default=None, max_length=1000)
    changes: list[dict[str, Any] | str] = Field(default=[], max_length=10_000)


class Trailer(Line):
    """The last line. `lines` is how many stand before it; `interrupted` is true when somebody stopped the run."""

    kind: Literal["trailer"]
    finished: AwareDatetime
    lines: int
    outcomes: dict[str, int]
    interrupted: bool = False


LINES: dict[str, type[Header | MoreExpected | DeviceLine | Trailer]] = {
    "header": Header,
    "expected": MoreExpected,
    "device": DeviceLine,
    "trailer": Trailer,
}


class BadLine(Exception):
    """What is wrong with a line, without saying where it stands."""


def read_line(line: bytes) -> Header | MoreExpected | DeviceLine | Trailer:
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
        known = " and ".join(str(one) for one in SCHEMAS)
        raise BadLine(f"has schema {ascii(raw.get('schema'))[:20]}, and this Leeboard reads {known}; update Leeboard")
    try:
        return model.model_validate(raw)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        place = ".".join(ascii(str(step)[:40])[1:-1] for step in first["loc"]) or "the line"
        raise BadLine(f"makes no sense at {place}: {first['msg'][:150]}") from None


def write_line(line: dict[str, Any]) -> bytes:
    """A line as it stands in a file, its end included. Raises ValueError for what is no JSON, such as a NaN."""
    return strict_json.dumps(line).encode() + b"\n"
