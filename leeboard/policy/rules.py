"""Rules that look at names and words: is everything that is named there, once, and fit for where it is used?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from leeboard.model.enums import Form, Level, Mode, Platform, Role, Subject
from leeboard.model.judgements import KINDS, QUESTIONS
from leeboard.model.operators import OPERATORS
from leeboard.model.values import Value
from leeboard.policy.draft import CONTROLS, Draft, DraftSetting
from leeboard.policy.functions import FUNCTIONS
from leeboard.policy.model import FRESHNESS, Choice, Control, Parameter, Selector
from leeboard.policy.sequence import what_comes_first
from leeboard.policy.source import Document, Path, Problem

REFERENCE = re.compile(r"(?P<framework>\S+) \S.*")
# Keys whose text people read: it must say something. The values of settings may well be empty.
PROSE = frozenset(
    (
        "title",
        "why",
        "remedy",
        "linux",
        "windows",
        "controller",
        "source",
        "summary",
        "address",
        "label",
        "impact_levels",
        "publisher",
        "version",
        "reference",
        "asks",
        "cannot",
        "no_uk_source",
        "default",
        "example",
        "missing",
    )
)


def names_once(draft: Draft) -> Iterator[Problem]:
    """Each control id once in the baseline, in the file of its family; each setting id once in its control."""
    seen: dict[str, Problem] = {}
    for owner in draft.controls:
        use = owner.problem("", "id")
        first = seen.setdefault(owner.control.id, use)
        if first is not use:
            yield owner.problem(f"the id is used twice; it stands in {first.file}:{first.line} as well", "id")
        own: dict[str, Problem] = {}
        for index, setting in enumerate(owner.control.settings):
            use = owner.problem("", "settings", index, "id")
            first = own.setdefault(setting.id, use)
            if first is not use:
                message = f"the id is used twice in {owner.control.id}; it stands in line {first.line} as well"
                yield owner.problem(message, "settings", index, "id")


def families(draft: Draft) -> Iterator[Problem]:
    """A family's file is called after it and holds its own controls only."""
    for document, family in draft.families:
        if family is None:
            continue
        if not document.file.endswith(f"{CONTROLS}{family.family}.yml"):
            yield document.problem(("family",), f"the file must be called {CONTROLS}{family.family}.yml")
        for index, control in enumerate(family.controls):
            if control.family != family.family:
                yield document.problem(("controls", index, "id"), f"does not belong to the family {family.family}")


def levels_complete(draft: Draft) -> Iterator[Problem]:
    """Each level is described, and has its VPN."""
    for table in (draft.tables["levels.yml"], draft.tables["vpn.yml"]):
        if table.document.data is not None:
            for level in Level:
                if level.value not in table.entries:
                    yield table.document.problem((), "is missing", level.value)


def drivers(draft: Draft) -> Iterator[Problem]:
    """Each setting's driver is listed, is for its platform, and can have its address."""
    for name, driver in draft.drivers.items():
        if driver is not None and _grammar(driver.address) is None:
            yield draft.tables["drivers.yml"].document.problem((name, "address"), "is not a regular expression")
    for place in draft.settings():
        setting = place.setting
        if setting.driver not in draft.drivers:
            yield place.problem(f"{setting.driver} is not listed in drivers.yml", "driver")
            continue
        driver = draft.drivers[setting.driver]
        if driver is None:
            continue
        if driver.platform is not setting.platform:
            message = f"{setting.driver} is a driver for {_where(driver.platform)}, not {_where(setting.platform)}"
            yield place.problem(message, "driver")
        grammar = _grammar(driver.address)
        if grammar is not None and not grammar.fullmatch(setting.address):
            message = f"{setting.address} is no address of {setting.driver}, which takes {driver.address}"
            yield place.problem(message, "address")
    asked = {(place.setting.driver, place.setting.address) for place in draft.settings()}
    for name, listed in draft.drivers.items():
        for address in listed.action if listed is not None else ():
            if (name, address) not in asked:
                message = f"no setting of {name} has the address {address}, so no action changes it"
                yield draft.tables["drivers.yml"].document.problem((name, "action", address), message)


def _selectors(control: Control) -> Iterator[Selector]:
    """Everything by which a control chooses for whom it is meant, and with which value."""
    yield control.applies_to
    yield from control.mode.special
    for setting in control.settings:
        yield from setting.accept.value.special
        yield from setting.mode.special if setting.mode is not None else ()


def _beyond_level(selector: Selector) -> bool:
    return bool(selector.role or selector.form or selector.platform)


def _where(platform: Platform | None) -> str:
    return "the controller" if platform is None else platform.value


def subjects(draft: Draft) -> Iterator[Problem]:
    """A control is answered by devices, or measured on the controller about devices or about schools: one of these.

    Exactly one control says, for every device, after how long silence no longer counts.
    """
    freshness = draft.drivers.get(FRESHNESS)
    if freshness is not None and freshness.about != "device":
        document = draft.tables["drivers.yml"].document
        yield document.problem((FRESHNESS,), "measures about schools, and evidence is about the device")
    ends: list[DraftSetting] = []
    for place in draft.settings():
        on_device = place.control.subject is Subject.DEVICE
        if on_device and place.setting.platform is None:
            yield place.problem("is missing, and the control's subject is the device", missing="platform")
        if not on_device and place.setting.platform is not None:
            yield place.problem(f"is given, and not a device but the {place.control.subject} answers", "platform")
        if place.setting.platform is None and place.setting.applies_when:
            yield place.problem("depends on a fact, and facts are about devices", "applies_when")
        if place.setting.driver == FRESHNESS:
            ends.append(place)
    for owner in draft.controls:
        kinds = {driver.about for setting in owner.control.settings if (driver := draft.drivers.get(setting.driver))}
        if len(kinds) > 1:
            yield owner.problem("asks some things of devices and others of schools", "settings")
        elif kinds == {"school"} and any(map(_beyond_level, _selectors(owner.control))):
            yield owner.problem(
                "depends on more than the level, and a school has no role, form or platform", "settings"
            )
    for place in ends[1:]:
        yield place.problem(f"{FRESHNESS} is asked twice; {ends[0].name} has it as well", "driver")
    for place in ends[:1]:
        mode, accept = place.control.mode, place.setting.accept.value
        unasked = [
            level for level in Level if getattr(mode, level) in (None, Mode.OFF) or getattr(accept, level) is None
        ]
        if unasked or place.control.applies_to.specificity or place.setting.mode is not None:
            yield place.problem("must be asked of every device, since silence would never end otherwise", "accept")
    if not ends and not draft.problems:
        document, _ = draft.families[0]
        yield document.problem((), f"no control asks how old evidence is ({FRESHNESS}); silence would never end")


def _grammar(expression: str) -> re.Pattern[str] | None:
    try:
        return re.compile(expression)
    except re.error:
        return None


def operators(draft: Draft) -> Iterator[Problem]:
    """Each operator exists."""
    for place in draft.settings():
        operator = place.setting.accept.operator
        if operator not in OPERATORS:
            message = f"{operator} is no operator; there are {', '.join(OPERATORS)}"
            yield place.problem(message, "accept", "operator")


def parameters(draft: Draft) -> Iterator[Problem]:
    """Each parameter that is named is there, and a default or example keeps to its own limits."""
    for place in draft.settings():
        write = place.setting.write
        choices: list[tuple[Path, Choice[Parameter | Value]]] = [(("accept", "value"), place.setting.accept.value)]
        if write is not None and write != "wanted" and write.value is not None:
            choices.append((("write", "value"), write.value))
        for path, choice in choices:
            for value in choice.every_value():
                if isinstance(value, Parameter) and value.parameter not in draft.parameters:
                    yield place.problem(f"{value.parameter} is not defined in parameters.yml", *path)
        for key in ("unless_named", "changed_if_named"):
            one = getattr(place.setting, key)
            if one is not None and one.parameter not in draft.parameters:
                yield place.problem(f"{one.parameter} is not defined in parameters.yml", key, "parameter")
    document = draft.tables["parameters.yml"].document
    for name, definition in draft.parameters.items():
        if definition is None:
            continue
        where = (name, "example" if definition.default is None else "default")
        if len(definition.sample) > definition.longest:
            message = f"has {len(definition.sample)} characters, at most {definition.longest} are allowed"
            yield document.problem(where, message)
        if definition.shape and not _fits(definition.shape, definition.sample):
            yield document.problem(where, f"does not fit the shape {definition.shape}")
        for forbidden in definition.forbidden:
            if forbidden in definition.sample:
                yield document.problem(where, f"holds {forbidden!r}, which is forbidden")


def _fits(shape: str, text: str) -> bool:
    grammar = _grammar(shape)
    return grammar is not None and grammar.fullmatch(text) is not None


def references(draft: Draft) -> Iterator[Problem]:
    """Each reference names a listed framework and a place in it."""
    frameworks = draft.tables["frameworks.yml"].entries
    for owner in draft.controls:
        for index, reference in enumerate(owner.control.references):
            match = REFERENCE.fullmatch(reference)
            if match is None:
                message = f"{reference!r} must read FRAMEWORK PLACE, like cis-ubuntu2404 1.7.4"
                yield owner.problem(message, "references", index)
            elif match["framework"] not in frameworks:
                yield owner.problem(f"{match['framework']} is not listed in frameworks.yml", "references", index)


def facts(draft: Draft) -> Iterator[Problem]:
    """Each fact that a condition names is listed, is known on the platform, and can be compared so."""
    for place in draft.settings():
        for index, condition in enumerate(place.setting.applies_when):
            path = ("applies_when", index)
            if condition.fact not in draft.facts:
                yield place.problem(f"{condition.fact} is not listed in facts.yml", *path, "fact")
                continue
            fact = draft.facts[condition.fact]
            if fact is None:
                continue
            if place.setting.platform not in fact.platforms:
                yield place.problem(f"{place.setting.platform} devices do not say {condition.fact}", *path, "fact")
            comparison = {"text": str, "switch": bool, "list": tuple}[fact.type]
            if (condition.equals is None) != (comparison is tuple):
                fits = "contains or contains_other_than" if comparison is tuple else "equals"
                yield place.problem(f"{condition.fact} is a {fact.type}: compare it with {fits}", *path)
            elif condition.equals is not None and not isinstance(condition.equals, comparison):
                yield place.problem(f"{condition.fact} is a {fact.type}, this is not", *path, "equals")


def words_for_people(draft: Draft) -> Iterator[Problem]:
    """A control says why, and what to do on each platform where it has settings; no text is empty or holds a tab."""
    for owner in draft.controls:
        control = owner.control
        platforms = {setting.platform.value if setting.platform else "controller" for setting in control.settings}
        for platform in sorted(platforms):
            # One that is given and empty is found below.
            stated = (*owner.path, "remedy", platform) in owner.document.lines
            if not stated:
                message = f"says nothing on {platform}, where the control has settings"
                yield owner.problem(message, "remedy", missing=platform)
        if control.subject is Subject.DEVICE and not control.settings:
            yield owner.problem("is empty; a control of subject device needs a setting", "settings")
    for document in _documents(draft):
        yield from _texts(document, (), document.data)


def _documents(draft: Draft) -> Iterator[Document]:
    yield from (table.document for table in draft.tables.values())
    yield from (document for document, _ in draft.families)


def _texts(document: Document, path: Path, node: object) -> Iterator[Problem]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(document, (*path, key), value)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _texts(document, (*path, index), value)
    elif isinstance(node, str):
        if "\t" in node:
            yield document.problem(path, "holds a tab; use blanks")
        if path and path[-1] in PROSE and not node.strip():
            yield document.problem(path, "is empty")


def functions(draft: Draft) -> Iterator[Problem]:
    """Each function that computes what to write exists."""
    for place in draft.settings():
        write = place.setting.write
        if write is None or write == "wanted" or write.function is None or write.function in FUNCTIONS:
            continue
        yield place.problem(f"{write.function} is no function; there are {', '.join(FUNCTIONS)}", "write", "function")


def judgements(draft: Draft) -> Iterator[Problem]:
    """Each judgement exists, fits what the driver reports at that address, and gets facts that the platform has."""
    for name, listed_driver in draft.drivers.items():
        for address, type_of_it in (listed_driver.objects if listed_driver is not None else {}).items():
            if type_of_it not in KINDS:
                message = f"{type_of_it} is no type of objects; there are {', '.join(KINDS)}"
                yield draft.tables["drivers.yml"].document.problem((name, "objects", address), message)
    for place in draft.settings():
        setting = place.setting
        driver = draft.drivers.get(setting.driver)
        kind = driver.objects.get(setting.address) if driver is not None else None
        if setting.judgement is None:
            if kind is not None:
                message = f"{setting.driver} reports {kind}s at {setting.address}; name the judgement that reads them"
                yield place.problem(message, missing="judgement")
            continue
        question = QUESTIONS.get(setting.judgement)
        if question is None:
            message = f"{setting.judgement} is no judgement; there are {', '.join(QUESTIONS)}"
            yield place.problem(message, "judgement")
            continue
        if driver is not None and kind != question.objects:
            reports = f"{kind}s" if kind is not None else "no objects"
            message = f"{setting.judgement} judges {question.objects}s, and {setting.driver} reports {reports} there"
            yield place.problem(message, "judgement")
        # What only takes members away leaves the "none" that is written as it is.
        if setting.write is not None and not question.filters:
            yield place.problem("a value that a judgement derives cannot be written; take write out", "write")
        for fact in question.facts:
            listed = draft.facts.get(fact)
            if listed is None or setting.platform not in listed.platforms:
                message = f"{setting.judgement} needs {fact}, which {setting.platform} devices do not say"
                yield place.problem(message, "judgement")
        yield from _unknown_words(place, question.answers)


def _unknown_words(place: DraftSetting, answers: tuple[str, ...]) -> Iterator[Problem]:
    """Wanted words that the judgement never gives."""
    if not answers:
        return
    for value in place.setting.accept.value.every_value():
        wanted = value if isinstance(value, tuple) else (value,)
        for word in wanted:
            if word not in answers:
                message = f"{word} is no answer of {place.setting.judgement}; it gives {', '.join(answers)}"
                yield place.problem(message, "accept", "value")


def failing_in_report(draft: Draft) -> Iterator[Problem]:
    """A control that fails in mode report too is answered by devices, and is only reported on some portable."""
    portables = [(level, platform, Form.PORTABLE, role) for level in Level for platform in Platform for role in Role]
    for owner in draft.controls:
        control = owner.control
        if not control.fails_in_report:
            continue
        if control.subject is not Subject.DEVICE:
            yield owner.problem(f"is given, and not a device but the {control.subject} answers", "fails_in_report")
        elif not any(
            control.applies_to.matches(*where) and control.mode.pick(*where)[0] is Mode.REPORT for where in portables
        ):
            yield owner.problem("has no effect: on no portable is this control only reported", "fails_in_report")


def sane_bounds(draft: Draft) -> Iterator[Problem]:
    """The lower bound is not above the upper one."""
    for place in draft.settings():
        bounds = place.setting.bounds
        if bounds is not None and bounds.least > bounds.most:
            yield place.problem(f"{bounds.least} to {bounds.most} is no range", "bounds")


RULES: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    names_once,
    families,
    levels_complete,
    drivers,
    subjects,
    operators,
    parameters,
    what_comes_first,
    references,
    facts,
    words_for_people,
    functions,
    judgements,
    failing_in_report,
    sane_bounds,
)
