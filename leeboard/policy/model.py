"""The shape of a baseline: controls, their settings, and values chosen by level, platform, form and role.

Everything here is frozen data read from `leeboard/baselines/`. The published JSON schema is made from these classes.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from leeboard.model.enums import Form, Level, Mode, Platform, Role, Severity, Subject
from leeboard.model.strict import Strict
from leeboard.model.values import Value
from leeboard.policy.standards import Framework, Standard

FRESHNESS = "evidence_age"  # the driver that says how old evidence on a device is; what fails it makes all of it stale


class Parameter(Strict):
    """A value that a school gives, such as the words of its notice."""

    parameter: str


class Selector(Strict):
    """The devices something is meant for; an empty list means any."""

    level: tuple[Level, ...] = ()
    platform: tuple[Platform, ...] = ()
    form: tuple[Form, ...] = ()
    role: tuple[Role, ...] = ()

    def matches(self, level: Level, platform: Platform, form: Form, role: Role) -> bool:
        """True when each of the four is named here or left open."""
        pairs = ((self.level, level), (self.platform, platform), (self.form, form), (self.role, role))
        return all(not wanted or actual in wanted for wanted, actual in pairs)

    @property
    def specificity(self) -> int:
        """How many of the four are named; the most specific choice wins."""
        return sum(bool(wanted) for wanted in (self.level, self.platform, self.form, self.role))


class Special[T](Selector):
    """A choice that differs for some devices."""

    value: T | None


class Choice[T](Strict):
    """One value per level, and special ones for a platform, form or role. None: not asked for there."""

    standard: T | None
    sensitive: T | None
    high: T | None
    special: tuple[Special[T], ...] = ()

    def pick(self, level: Level, platform: Platform, form: Form, role: Role) -> tuple[T | None, str]:
        """The value for a device, and where it comes from ("level standard", "role teaching_display, level high")."""
        best: Special[T] | None = None
        for special in self.special:
            if special.matches(level, platform, form, role) and (
                best is None or special.specificity > best.specificity
            ):
                best = special
        if best is not None:
            named = [("role", best.role, role), ("form", best.form, form), ("platform", best.platform, platform)]
            where = [f"{name} {value}" for name, wanted, value in named if wanted]
            return best.value, ", ".join([*where, *([f"level {level}"] if best.level else [])])
        return getattr(self, level), f"level {level}"

    def every_value(self) -> tuple[T, ...]:
        """Each value that some device could get, without None."""
        values = (self.standard, self.sensitive, self.high, *(special.value for special in self.special))
        return tuple(value for value in values if value is not None)


def _choice(raw: object) -> object:
    """Read `900` as the same for every level; a mapping names the levels itself."""
    if isinstance(raw, dict) and "parameter" not in raw:
        return raw
    return {"standard": raw, "sensitive": raw, "high": raw}


# The schema for editors takes both forms: a value for every level, and a mapping of levels.
ValueChoice = Annotated[
    Choice[Parameter | Value],
    BeforeValidator(_choice, json_schema_input_type=Choice[Parameter | Value] | Parameter | Value),
]
ModeChoice = Annotated[Choice[Mode], BeforeValidator(_choice, json_schema_input_type=Choice[Mode] | Mode)]


class Condition(Strict):
    """A fact that must hold for a setting to apply. Exactly one comparison is given.

    `contains`: the list has this item; `contains_other_than`: it has an item that is none of these;
    `equals`: it is this.
    """

    fact: str
    contains: str | None = None
    contains_other_than: tuple[str, ...] | None = None
    equals: bool | int | str | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> Condition:
        named = [name for name in ("contains", "contains_other_than", "equals") if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError("a condition has exactly one of contains, contains_other_than, equals")
        return self


class Named(Strict):
    """A name in what a school gives as a parameter, before its reason ("krfb x11vnc: lessons are shown to pupils").

    With `other_than` in its place any name counts, as long as that one is not among them.
    """

    parameter: str
    name: str | None = None
    other_than: str | None = None

    @model_validator(mode="after")
    def _one_name(self) -> Named:
        if (self.name is None) == (self.other_than is None):
            raise ValueError("what a school names has exactly one of name, other_than")
        return self

    def among(self, given: Collection[str]) -> bool:
        """Whether it is among the names that a school gives, which have no capitals."""
        if self.name is not None:
            return self.name.casefold() in given
        return bool(given) and str(self.other_than).casefold() not in given

    @property
    def words(self) -> str:
        """For a page: which name it is."""
        return f"`{self.name}`" if self.name is not None else f"another than `{self.other_than}`"


class Accept(Strict):
    """The predicate that a reading must meet."""

    operator: str
    value: ValueChoice


class Write(Strict):
    """What a roll-out writes: a value of its own, or the result of a named function of the present reading."""

    value: ValueChoice | None = None
    function: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Write:
        if (self.value is None) == (self.function is None):
            raise ValueError("write has exactly one of value, function")
        return self


class Means(Strict):
    """What is in effect when nothing is set."""

    means: Value


class Bounds(Strict):
    """The numbers that the device accepts, both ends included."""

    least: int
    most: int


Absent = Literal["compliant", "drifted", "not_checked", "missing"] | Means


class Setting(Strict):
    """One thing on a device: where it lies, what is accepted there and what is written.

    `write` is "wanted" (the accepted value itself), a Write, or None for what is only read. Settings with a `route` are
    one of several ways to fulfil the control; the best route counts. Settings without one must always hold. With
    `mdm_elsewhere` a value that the device finds neither in the registry nor where an MDM service keeps it says nothing
    on a device that such a service manages. A `judgement` names the
    function that derives the value to accept from the objects that the driver reports at this address.

    It is not asked for where `unless_named`'s parameter has its name: the school allows what the setting is about. With
    `changed_if_named` it is only reported until that parameter has its name: it cannot be given back. With
    `changed_once` it is only reported while the control of that id is not compliant on the device.

    A setting without a platform lies on no device: the controller measures it, with a clock, whenever somebody asks.
    `otherwise` is the verdict on a value that is not accepted: evidence that is too old is stale, and not drifted.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    platform: Literal[Platform.WINDOWS, Platform.LINUX] | None = None
    driver: str
    address: str
    type: str = ""
    unit: str = ""
    bounds: Bounds | None = None
    applies_when: tuple[Condition, ...] = ()
    unless_named: Named | None = None
    changed_if_named: Named | None = None
    changed_once: str | None = Field(default=None, pattern=r"^[A-Z]{3}-[0-9]{2}$")
    judgement: str | None = None
    accept: Accept
    absent: Absent
    otherwise: Literal["drifted", "stale"] = "drifted"
    mdm_elsewhere: bool = False
    write: Literal["wanted"] | Write | None = None
    mode: ModeChoice | None = None
    route: str | None = None
    confidence: Literal["tried", "read", "derived", "unverified"]
    source: str
    remedy: str = ""


class Remedy(Strict):
    """What a person should do, in words, on each platform; `controller`: about what no device answers for."""

    windows: str = ""
    linux: str = ""
    controller: str = ""

    def on(self, platform: Platform | None) -> str:
        """The words for a platform; for None, what is not on a device."""
        return str(getattr(self, "controller" if platform is None else platform.value, ""))


class Control(Strict):
    """One requirement. With `fails_in_report` its drift on a portable device fails a run in mode report too.

    `no_uk_source` says why no reference is published in the UK. `reviewed`: when somebody last looked at all of these.
    """

    id: str = Field(pattern=r"^[A-Z]{3}-[0-9]{2}$")
    title: str
    subject: Subject
    severity: Severity
    mode: ModeChoice
    fails_in_report: bool = False
    applies_to: Selector = Selector()
    why: str
    remedy: Remedy
    references: tuple[str, ...]
    no_uk_source: str = ""
    reviewed: date
    settings: tuple[Setting, ...]

    @property
    def family(self) -> str:
        """The three letters before the dash."""
        return self.id[:3]


class Family(Strict):
    """One file of controls."""

    family: str = Field(pattern=r"^[A-Z]{3}$")
    title: str
    controls: tuple[Control, ...]


class Driver(Strict):
    """The code for one kind of setting on one platform. `planned` drivers give not_checked.

    A driver without a platform measures on the controller, `about` each device or about each school as a whole.
    `address` is a regular expression for the whole address. A driver that does not write only reads: no setting of it
    can be enforced, but for what an action of a roll-out changes: `action` has the addresses of such readings, and
    the action. The plan leaves them alone, and what the action could not do stays drift.
    `risk: cut_off`: a change by it could cut the technician off, so it runs only under a checkpoint
    (docs/decisions/0028-checkpoint.md). `value_names` are what people read in place of bare numbers. `objects` are
    the addresses at which it reports objects for judgements, and the type of those. `members` says what its lists
    have: things, or what may name people (accounts, paths of their homes), of which history keeps digests.
    """

    platform: Literal[Platform.WINDOWS, Platform.LINUX] | None = None
    about: Literal["device", "school"] = "device"
    state: Literal["built", "planned"]
    address: str
    module: str | None = None
    writes: bool = True
    action: dict[str, str] = Field(default_factory=dict)
    risk: Literal["none", "cut_off"] = "none"
    value_names: dict[int, str] = Field(default_factory=dict)
    objects: dict[str, str] = Field(default_factory=dict)
    members: Literal["people", "things"] = "people"
    summary: str

    def name_of(self, value: object) -> str:
        """What people read in place of a bare number; empty where the number says it best."""
        return self.value_names.get(value, "") if isinstance(value, int) else ""

    @model_validator(mode="after")
    def _planned_has_no_module(self) -> Driver:
        if self.state == "planned" and self.module is not None:
            raise ValueError("a planned driver has no module yet")
        return self

    @model_validator(mode="after")
    def _risk_of_a_change(self) -> Driver:
        if self.risk != "none" and (self.module is None or not self.writes):
            raise ValueError("only a driver with a module that writes has a risk")
        return self

    @model_validator(mode="after")
    def _one_hand(self) -> Driver:
        if self.action and self.writes:
            raise ValueError("what an action changes is never written by the plan; say writes: false")
        return self


class Fact(Strict):
    """Something that a device says about itself, and that settings may depend on."""

    platforms: tuple[Literal[Platform.WINDOWS, Platform.LINUX], ...]
    type: Literal["text", "switch", "list"]
    summary: str


class ParameterDefinition(Strict):
    """A value a school may give as an inventory variable `leeboard_<name>`.

    `shape` is a regular expression for the whole text, where it must have one, and `reads` says that to people.

    One without a default has an `example`, which stands for it in proofs, and says in words what is `missing` where a
    school gives none: nothing is then compared or written. Without such words the device is not asked for it.
    """

    title: str
    default: str | None = None
    example: str = ""
    missing: str = ""
    longest: int
    forbidden: tuple[str, ...] = ()
    shape: str = ""
    reads: str = ""

    @property
    def sample(self) -> str:
        """A value that it could have."""
        return self.example if self.default is None else self.default

    @model_validator(mode="after")
    def _default_or_example(self) -> ParameterDefinition:
        if (self.default is None) != bool(self.example) or (self.missing and not self.example):
            raise ValueError("a parameter has either a default, or an example, with words for what is missing if any")
        if bool(self.shape) != bool(self.reads):
            raise ValueError("a parameter that has a shape says in words how it reads, and the other way round")
        return self


class LevelDefinition(Strict):
    """One level: its name for people, and the label it puts on devices and reports."""

    title: str
    impact_levels: str
    label: str


class Baseline(Strict):
    """All policy, read and checked. `digest` is the SHA-256 of the files it was read from."""

    families: tuple[Family, ...]
    drivers: dict[str, Driver]
    parameters: dict[str, ParameterDefinition]
    levels: dict[Level, LevelDefinition]
    frameworks: dict[str, Framework]
    standards: dict[str, Standard] = Field(default_factory=dict)
    facts: dict[str, Fact] = Field(default_factory=dict)
    digest: str

    @property
    def controls(self) -> tuple[Control, ...]:
        """Every control, in the order of the files."""
        return tuple(control for family in self.families for control in family.controls)

    def control(self, control_id: str) -> Control | None:
        """The control of that id, or None."""
        return next((control for control in self.controls if control.id == control_id), None)

    def fails_in_report(self, form: Form) -> frozenset[str]:
        """The ids of the controls whose drift on a device of this form fails a run in mode report too."""
        return frozenset(control.id for control in self.controls if control.fails_in_report and form is Form.PORTABLE)

    def about_school(self, control: Control) -> bool:
        """True for a control that is asked of a school as a whole, and not of each of its devices."""
        return any(self.drivers[setting.driver].about == "school" for setting in control.settings)

    def addresses(self, platform: Platform) -> dict[str, list[str]]:
        """Every address that any level names for a platform, by built driver: what one visit reads."""
        by_driver: dict[str, set[str]] = {}
        for setting in (setting for control in self.controls for setting in control.settings):
            if setting.platform == platform and self.drivers[setting.driver].state == "built":
                by_driver.setdefault(setting.driver, set()).add(setting.address)
        return {driver: sorted(addresses) for driver, addresses in sorted(by_driver.items())}
