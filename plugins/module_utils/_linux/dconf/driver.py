"""The dconf driver: what GNOME's settings come to for ordinary users and for the greeter.

Addresses:

    /org/gnome/desktop/session/idle-delay            the value that an ordinary user gets
    /org/gnome/desktop/session/idle-delay#lock       true when an ordinary user cannot change it
    gdm:/org/gnome/login-screen/disable-user-list    the same two for the greeter of gdm
    environment                                      places that send sessions round dconf's databases

The effective aspect of a value may carry `"others": [{"who", "value", "type"}]`: people (at most 20, every different
value at least once) who get something else because the key is not locked and their own database says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..engine.edits import Change, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Readings, absent, reading, unreadable, value
from ..system.dconf_people import everyone, own_database
from ..system.dconf_variant import Typed, type_name
from . import environment
from .probe import NO_DCONF, Answer, Person, ask, schemas, typed
from .sessions import ADDRESS, greeter, session
from .sources import Place, Profile, Source, stale

NAME = "dconf"
ADDRESSES = re.compile(rf"(?:{ADDRESS.pattern}|environment\Z)")
MOST_OTHERS = 20
Wanted = tuple[str, str, bool]  # address, key, whether its lock is asked for
Answers = dict[tuple[str, str], Answer]
WITHOUT_DCONF = "dconf is not used: the package dconf-gsettings-backend is not installed"


def observe(host: Host, addresses: list[str]) -> Readings:
    """{address: reading} for every address; nothing is raised for a bad machine."""
    readings: Readings = {}
    users: list[Wanted] = []
    greeter: list[Wanted] = []
    for address in addresses:
        match = ADDRESS.match(address)
        if address == "environment":
            readings[address] = reading(NAME, address, _environment(host))
        elif not match:
            why = f"{address!r} is no address of this driver"
            readings[address] = reading(NAME, address, unreadable("malformed", why))
        else:
            (greeter if match["greeter"] else users).append((address, match["key"], bool(match["lock"])))
    for wanted, look in ((users, _observe_users), (greeter, _observe_greeter)):
        if not wanted:
            continue
        try:
            readings.update(look(host, wanted))
        except HostError as problem:
            for address, _key, _lock in wanted:
                readings[address] = reading(NAME, address, unreadable(problem.code, problem.why))
    return readings


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Key files and locks as they will be. Raises ChangeRefused, HostError."""
    from . import changes as dconf_changes  # a check does without

    return dconf_changes.dry_run(host, changes)


def _environment(host: Host) -> Aspect:
    try:
        places = environment.places(host)
    except HostError as problem:
        return unreadable(problem.code, problem.why, "files that set variables for sessions")
    return value(places, "system files and the homes of users", "as")


# Ordinary users


def _observe_users(host: Host, wanted: list[Wanted]) -> Readings:
    person, profile = session(host)
    answers = _ask(host, person, wanted)
    notes = [f"{file} sets {name}" for file, name, _value in environment.system_redirections(host)]
    backend = person.environment["GSETTINGS_BACKEND"]
    backend = "" if backend == "dconf" else backend
    later = [source for source in profile.sources if source.kind == "system-db"]
    # Another backend does not read people's dconf databases.
    values = [] if backend else [key for _address, key, lock in wanted if not lock]
    others = _others(host, person, profile, answers, values)
    readings = {}
    for address, key, lock in wanted:
        if lock:
            effective = _lock_aspect(answers, key, profile)
        else:
            effective = _value_aspect(answers, key, profile, later, notes, backend)
        if effective["state"] == "value" and not lock and key in others:
            effective = _with_others(effective, *others[key])
        configured = _configured(profile, key, lock, later)
        readings[address] = reading(NAME, address, effective, configured)
    return readings


def _ask(host: Host, person: Person, wanted: list[Wanted]) -> Answers:
    keys = list(dict.fromkeys(key for _address, key, _lock in wanted))
    values = {key for _address, key, lock in wanted if not lock}
    return ask(
        host, person, [(verb, key) for key in keys for verb in ("get", "writable") if verb != "get" or key in values]
    )


def _value_aspect(
    answers: Answers,
    key: str,
    profile: Profile,
    later: list[Source],
    notes: list[str],
    backend: str = "",
) -> Aspect:
    answer = answers["get", key]
    if answer.problem:
        return unreadable(answer.problem.code, answer.problem.why, "gsettings")
    if answer.missing:
        return absent("this machine's GNOME has no such setting")
    try:
        got = typed(answer)
    except HostError as problem:
        return unreadable(problem.code, problem.why, "gsettings")
    if NO_DCONF in answer.complaint:
        return value(got.value, f"schema default; {WITHOUT_DCONF}", type_name(got.code))
    if backend:
        return value(got.value, "; ".join(["not dconf", *notes]), type_name(got.code))
    return value(got.value, _explain(profile, key, got, later, notes), type_name(got.code))


def _explain(profile: Profile, key: str, got: Typed, later: list[Source], notes: list[str]) -> str:
    """Where the value `got` comes from, and why other places do not count, in words."""
    place = profile.value(key)
    reasons = list(notes)
    if place is None:
        where = "schema default"
    elif place.typed == got:
        where = place.where
    else:
        where = "schema default"
        reasons.append(_refused(place, got))
    if profile.problem:
        reasons.append(profile.problem)
    reasons += [f"{source.problem}, so it is passed over" for source in profile.sources if source.problem]
    reasons += _stale_notes(profile, key, later)
    return "; ".join([where, *dict.fromkeys(reasons)])


def _refused(place: Place, right: Typed) -> str:
    """Why GSettings does not take the value at `place`; `right` is one that the schema allows."""
    if place.typed.code == right.code:
        return f"{place.where}: not a value that the schema allows, so ignored"
    wrong, wanted = type_name(place.typed.code) or "otherwise", type_name(right.code)
    return f"{place.where}: typed {wrong} where the schema wants {wanted}, so ignored"


def _stale_notes(profile: Profile, key: str, later: list[Source]) -> list[str]:
    """Notes on databases that say something else of `key` than their key files."""
    notes = []
    for source in later:
        if source.keys and source.keys.bad:
            notes.append(f"{source.keys.bad}, so {source.path} cannot be compiled")
        if source.keys is None or not source.compiled_from_files or source.keys.unread:
            continue
        if stale(source, key) and not source.problem:
            how = "run dconf update" if source.kind == "system-db" else "reload gdm"
            notes.append(f"{source.path} is older than its key files: {how}")
    return notes


def _lock_aspect(answers: Answers, key: str, profile: Profile) -> Aspect:
    answer = answers["writable", key]
    if answer.problem:
        return unreadable(answer.problem.code, answer.problem.why, "gsettings")
    if answer.missing:
        return absent("this machine's GNOME has no such setting")
    if NO_DCONF in answer.complaint:
        return value(False, WITHOUT_DCONF, "boolean")
    if answer.text not in ("true", "false"):
        return unreadable("malformed", f"gsettings writable answered {answer.text[:40]!r}", "gsettings")
    locked = answer.text == "false"
    notes = [profile.problem] * bool(profile.problem) + [source.problem for source in profile.sources if source.problem]
    return value(locked, "; ".join([_lock_words(profile, key, locked), *notes]), "boolean")


def _lock_words(profile: Profile, key: str, locked: bool, later: Sequence[Source] = ()) -> str:
    place = profile.lock(key, later)
    if place:
        return place.where if locked else f"{place.where} locks it, but GSettings lets users change it"
    if locked and not profile.writable:
        return f"{profile.path or profile.name} has no user-db line first, so users can change nothing"
    return "locked by GSettings" if locked else "no database in use locks it"


def _configured(profile: Profile, key: str, lock: bool, later: list[Source]) -> Aspect:
    """What the key files come to once they are compiled."""
    unread, bad = profile.unread_key_files(), profile.bad_key_files()
    if unread:
        return unreadable(unread.code, unread.why, unread.why)
    if bad:
        return unreadable("malformed", f"{bad}; dconf cannot compile it", bad)
    if lock:
        locked = bool(profile.lock(key, later)) or not profile.writable
        return value(locked, _lock_words(profile, key, locked, later), "boolean")
    place = profile.value(key, later)
    if place is None:
        return absent(profile.problem or "no key file sets it")
    return value(place.typed.value, place.where, type_name(place.typed.code))


def _others(
    host: Host, person: Person, profile: Profile, answers: Answers, keys: list[str]
) -> dict[str, tuple[list[dict[str, Any]], HostError | None]]:
    """{key: (list of others, HostError or None)} for the keys that people can change themselves."""
    free = [key for key in keys if answers["writable", key].text == "true" and _is_known(answers["get", key])]
    if not free or not profile.sources:
        return {}
    own: dict[str, list[tuple[str, Typed]]] = {key: [] for key in free}
    problem: HostError | None = None
    first = profile.sources[0]
    if first.kind != "user-db":
        problem = HostError("failed", f"{profile.path} keeps users' own values in {first.kind}:{first.name}")
    for someone in everyone(host) if problem is None else []:
        try:
            database = own_database(host, someone, first.name)
        except HostError as failure:
            problem = problem or failure
            continue
        for key in free:
            held = database.value(key) if database else None
            if held is not None:
                own[key].append((someone.name, held))
    changed_keys, schemas_by_key = [key for key in free if own[key]], {}
    if changed_keys:
        try:
            schemas_by_key = schemas(host, person, changed_keys)
        except HostError as failure:
            problem = problem or failure
    by_key = {}
    for key in free:
        got = typed(answers["get", key])
        differing = []
        for who, held in own[key]:
            if key not in schemas_by_key:
                continue
            # A value that the schema refuses hides the system's as well: that person gets the schema's default.
            gets = held if schemas_by_key[key].accepts(held) else schemas_by_key[key].default
            if gets != got:
                differing.append({"who": who, "value": gets.value, "type": type_name(gets.code)})
        by_key[key] = (differing, problem)
    return by_key


def _is_known(answer: Answer) -> bool:
    try:
        return bool(answer.text and typed(answer)) and NO_DCONF not in answer.complaint
    except HostError:
        return False


def _with_others(effective: Aspect, differing: list[dict[str, Any]], problem: HostError | None) -> Aspect:
    if problem:
        why = f"users can change this key, and not all their own values could be read: {problem.why}"
        return unreadable(problem.code, why, effective["source"])
    if not differing:
        return effective
    first_of_each = list({repr(each["value"]): each for each in reversed(differing)}.values())
    rest = [each for each in differing if each not in first_of_each]
    source = f"{effective['source']}; {len(differing)} with a value of their own, since the key is not locked"
    return {**effective, "source": source, "others": (first_of_each + rest)[:MOST_OTHERS]}


# The greeter


def _observe_greeter(host: Host, wanted: list[Wanted]) -> Readings:
    login_screen = greeter(host)
    if login_screen is None:
        nothing = absent("gdm is not installed: there is neither a user Debian-gdm nor a user gdm")
        return {address: reading(NAME, address, nothing) for address, _key, _lock in wanted}
    person, profile, _name = login_screen
    answers = _ask(host, person, wanted)
    at_start = [source for source in profile.sources if source.kind == "file-db" and source.keys is not None]
    every = [source for source in profile.sources if source.kind != "user-db"]
    own = profile.sources[0] if profile.sources and profile.sources[0].kind == "user-db" else None
    readings = {}
    for address, key, lock in wanted:
        running = _lock_aspect(answers, key, profile) if lock else _value_aspect(answers, key, profile, [], [])
        effective = _next_start(host, person, profile, key, lock, at_start, running)
        if own and own.unread and effective["state"] == "value" and not (lock or profile.lock(key, at_start)):
            effective = unreadable(own.unread.code, own.unread.why, own.path)
        readings[address] = reading(NAME, address, effective, _configured(profile, key, lock, every), running)
    return readings


def _next_start(
    host: Host, person: Person, profile: Profile, key: str, lock: bool, at_start: list[Source], running: Aspect
) -> Aspect:
    """The aspect that the greeter gets when gdm next starts: gdm then compiles its key files afresh."""
    if running["state"] != "value":
        return running
    for keys in (source.key_files for source in at_start):
        if keys.unread:
            return unreadable(keys.unread.code, keys.unread.why, keys.folder)
        if keys.bad:
            return unreadable("malformed", f"{keys.bad}; gdm will not start like this", keys.folder)
    if lock:
        locked = bool(profile.lock(key, at_start)) or not profile.writable
        return value(locked, _lock_words(profile, key, locked, at_start), "boolean")
    now, then = profile.value(key), profile.value(key, at_start)
    if (now and now.typed) == (then and then.typed):
        return {**running, "source": then.where if then and then.typed.value == running["value"] else running["source"]}
    try:
        schema = schemas(host, person, [key])[key]
    except HostError as problem:
        return unreadable(problem.code, problem.why, "gsettings")
    if then and schema.accepts(then.typed):
        return value(then.typed.value, then.where, type_name(then.typed.code))
    words = f"schema default; {_refused(then, schema.default)}" if then else "schema default"
    return value(schema.default.value, words, type_name(schema.default.code))
