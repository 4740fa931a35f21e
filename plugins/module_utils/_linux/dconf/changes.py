"""What a change of dconf settings comes to: which files are written, and how they are loaded.

Our values lie in /etc/dconf/db/NAME.d/zz-leeboard, our locks in locks/zz-leeboard beside it; the greeter's values lie
in Debian's /etc/gdm3/greeter.dconf-defaults. Nothing is written where the key files already come to what is wanted,
whoever wrote them. A lock needs a value beside it, or it would reset people to the schema's default by surprise: where
no value is asked for, the one that people get at present is written with the lock.
"""

from __future__ import annotations

import os

from ..engine.edits import Change, ChangeRefused, DryRun, FileEdit
from ..engine.host import Host, HostError
from ..system.dconf_variant import CODES, Typed, make
from .keyfiles import KeyFolder, settle
from .probe import Person, Schema, schemas
from .sessions import ADDRESS, greeter, session
from .sources import DATABASES, GENERATE_CONFIG, Place, Profile, Source, closed_to_users, stale
from .writing import OURS, key_file, lock_file, with_database, with_value, without

SPARE = "leeboard"  # a database of our own, for machines whose databases have no key files to add to
FOLDERS = ("/etc/dconf", "/etc/dconf/db", "/etc/dconf/profile")
UPDATE = "umask 022; exec dconf update"


class Wish:
    """What is wanted of one key: `change` (the value change, or None) and `lock`; `typed` once it is known."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.change: Change | None = None
        self.lock = False
        self.typed: Typed | None = None
        self.schema: Schema | None = None


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files as they will be and the commands that load them. Raises ChangeRefused."""
    wishes: dict[str, dict[str, Wish]] = {"": {}, "gdm:": {}}
    for change in changes:
        address = change["address"]
        match = ADDRESS.match(address)
        if not match:
            raise ChangeRefused(f"{address} cannot be set; it is only reported, and a person has to decide")
        wish = wishes[match["greeter"] or ""].setdefault(match["key"], Wish(match["key"]))
        if not match["lock"]:
            wish.change = change
        elif change["value"] in (True, "true", "True"):
            wish.lock = True
        else:
            raise ChangeRefused(f"{address}: locks are only added; take one away by hand")
    try:
        plan = _Plan(host)
        if wishes[""]:
            plan.users(list(wishes[""].values()))
        if wishes["gdm:"]:
            plan.greeter(list(wishes["gdm:"].values()))
        return plan.result()
    except (HostError, ValueError) as problem:
        raise ChangeRefused(str(problem)) from None


class _Plan:
    def __init__(self, host: Host) -> None:
        self.host = host
        self.texts: dict[str, str] = {}  # path -> new text
        self.modes: dict[str, int] = {}  # path -> mode it must have
        self.update = False
        self.reload_gdm = False

    # What both profiles share

    def users(self, wishes: list[Wish]) -> None:
        person, profile = session(self.host)
        for name, usual in (("DCONF_PROFILE", None), ("GSETTINGS_BACKEND", "dconf")):
            if person.environment.get(name) != usual:
                raise ChangeRefused(
                    f"{name} is set for all sessions, so dconf's usual databases do not count (see the address "
                    "environment for the file); take that line out first"
                )
        self._fill(wishes, person, "")
        self._place(wishes, profile, "/etc/dconf/profile/user", "local")

    def greeter(self, wishes: list[Wish]) -> None:
        login_screen = greeter(self.host)
        if login_screen is None:
            raise ChangeRefused("gdm is not installed: there is neither a user Debian-gdm nor a user gdm")
        person, profile, name = login_screen
        self._fill(wishes, person, "gdm:")
        self._place(wishes, profile, f"/etc/dconf/profile/{name}", "gdm")

    def _fill(self, wishes: list[Wish], person: Person, prefix: str) -> None:
        """Give every wish its value with the schema's type."""
        try:
            schemas_by_key = schemas(self.host, person, [wish.key for wish in wishes])
        except HostError as problem:
            if problem.code != "missing_tool":
                raise
            schemas_by_key = {}
        for wish in wishes:
            wish.schema = schemas_by_key.get(wish.key)
            if wish.change is None:
                continue
            type_word = wish.change.get("type", "")
            code = wish.schema.code if wish.schema else CODES.get(type_word, type_word)
            if not code:
                raise ChangeRefused(f"{prefix}{wish.key}: no schema on this machine has this key; say its type")
            try:
                wish.typed = make(wish.change["value"], code)
            except ValueError as problem:
                raise ChangeRefused(f"{prefix}{wish.key}: {problem}, the type of this key") from None
            if wish.schema and not wish.schema.accepts(wish.typed):
                raise ChangeRefused(f"{prefix}{wish.key}: the schema does not allow {wish.typed.value!r}")

    def _place(self, wishes: list[Wish], profile: Profile, path: str, usual: str) -> None:
        """Put each wish where it takes effect; `path` is the profile to write, `usual` a new database's name."""
        if profile.unread:
            raise profile.unread
        open_now = not profile.problem
        unmet = [wish for wish in wishes if not open_now or not _met(profile, wish)]
        if unmet:
            self._usable(profile, path, usual, unmet)
        deciding = {}
        for wish in wishes:
            if wish in unmet:
                sources = [self._write(wish, profile)]
            else:
                places = (profile.lock(wish.key, profile.sources), profile.value(wish.key, profile.sources))
                sources = [profile.sources[place.at] for place in places if place]
            deciding.update({source.path: source for source in sources})
        self.update = self.update or not open_now
        self._load(profile, list(deciding.values()), [wish.key for wish in wishes])

    def _usable(self, profile: Profile, path: str, usual: str, unmet: list[Wish]) -> None:
        """See to it that the profile has a database that takes key files of ours."""
        if profile.problem and profile.path:
            self.modes[settle(self.host, profile.path)] = 0o644  # users cannot read the profile as it is
            profile.read_lines(self.host, profile.text)
        first = next((source for source in profile.sources if source.kind == "system-db"), None)
        locks = [profile.lock(wish.key, profile.sources) for wish in unmet]
        if any(place and _is_fixed(profile.sources[place.at]) for place in locks):
            text = with_database(profile.text, SPARE, last=True)
        elif _compiled_by_gdm(profile) is not None:
            return
        elif first is None or _is_fixed(first):
            taken = self.host.exists(f"{DATABASES}/{usual}") and not self.host.exists(f"{DATABASES}/{usual}.d")
            text = with_database(profile.text, SPARE if first or taken else usual)
        else:
            return
        profile.read_lines(self.host, text)
        self.texts[settle(self.host, path)] = text

    def _write(self, wish: Wish, profile: Profile) -> Source:
        """Write one wish into the database that decides, and return that source."""
        later = profile.sources
        lock, place = profile.lock(wish.key, later), profile.value(wish.key, later)
        target = self._target(profile, lock, place)
        index = profile.sources.index(target)
        typed = wish.typed
        if typed is None and (place is None or place.at < index or not _is_accepted(wish, place)):
            typed = self._present(wish, place)
        keys = target.key_files
        ours = f"{keys.folder}/{OURS}"
        if keys.unread:
            raise keys.unread
        if keys.bad.startswith(f"{ours},"):
            self.texts[ours] = key_file(self._text(ours), {})
        elif keys.bad:
            raise ChangeRefused(f"{keys.bad}; {target.path} cannot be compiled until that line is corrected")
        if typed is not None and not (place and place.typed == typed and place.at >= index):
            self._set(target, wish.key, typed)
        # What lies above would win: the greeter's own database, or those that a spare one stands below.
        covered = target.name == SPARE and index > 1
        covered = covered or (place is not None and place.at == 0 and profile.writable)
        if (wish.lock or covered) and not (lock and lock.at == index):
            locks = f"{keys.folder}/locks/{OURS}"
            self.texts[locks] = lock_file(self._text(locks), [wish.key])
        return target

    def _present(self, wish: Wish, place: Place | None) -> Typed:
        """The value that people get at present, to stand beside a lock."""
        if place and _is_accepted(wish, place):
            return place.typed
        if wish.schema is None:
            raise ChangeRefused(
                f"{wish.key} would be locked without a value: no schema on this machine has this key, and no database "
                "holds a value for it; ask for a value as well"
            )
        return wish.schema.default

    def _target(self, profile: Profile, lock: Place | None, place: Place | None) -> Source:
        compiled = _compiled_by_gdm(profile)
        if lock:
            deciding = profile.sources[lock.at]
        elif compiled is None:
            deciding = next(source for source in profile.sources if source.kind == "system-db")
        else:
            above = profile.sources[place.at] if place else compiled
            deciding = above if above.kind == "system-db" else compiled
        spare = next((source for source in profile.sources if source.name == SPARE), None)
        return spare if spare is not None and _is_fixed(deciding) else deciding

    def _set(self, source: Source, key: str, typed: Typed) -> None:
        keys = source.key_files
        ours = f"{keys.folder}/{OURS}"
        if source.kind == "file-db":
            ours = next((name for name in keys.files[::-1] if settle(self.host, name).startswith("/etc/")), ours)
        path = settle(self.host, ours)
        if source.kind == "file-db" and not ours.endswith(OURS):
            self.texts[path] = with_value(self._text(path) or "", key, typed, path)
            if closed_to_users(self.host, path):
                self.modes[path] = 0o644  # gdm compiles it with the greeter's rights, and does not start if it cannot
        else:
            self.texts[path] = key_file(self._text(path), {key: typed})
        for other in keys.files:
            if os.fsencode(other) > os.fsencode(ours) and other in keys.setters.get(key, ()):
                other = settle(self.host, other)
                self.texts[other] = without(self._text(other) or "", key, other)

    def _text(self, path: str) -> str | None:
        if path in self.texts:
            return self.texts[path]
        try:
            content = self.host.read(path)
        except FileNotFoundError:
            return None
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise ChangeRefused(f"{path} holds bytes that are no UTF-8 text; correct it first") from None

    # Loading

    def _load(self, profile: Profile, deciding: list[Source], keys: list[str]) -> None:
        """Decide what has to be compiled: what was written, and what says something else than its key files."""
        for key in keys:
            now, then = profile.value(key), profile.value(key, profile.sources)
            if (now and now.typed) != (then and then.typed) or bool(profile.lock(key)) != bool(
                profile.lock(key, profile.sources)
            ):
                deciding = deciding + [source for source in profile.sources if stale(source, key)]
        for source in deciding:
            files = [settle(self.host, name) for name in source.keys.files] if source.keys else []
            folder = f"{source.keys.folder}/" if source.keys else ""
            written = any(path in files or (folder and path.startswith(folder)) for path in self.texts)
            needed = written or any(stale(source, key) for key in keys)
            if source.kind == "system-db":
                self.update = self.update or needed or bool(source.problem)
                if self.host.exists(source.path) and self.host.stat(source.path).st_mode & 0o004 == 0:
                    self.modes[source.path] = 0o644  # dconf update keeps the mode of what it replaces
            elif source.keys is not None:
                self.reload_gdm = self.reload_gdm or needed

    def result(self) -> DryRun:
        edits = []
        for path in sorted(set(self.texts) | set(self.modes)):
            try:
                before = self.host.read(path)
            except FileNotFoundError:
                before = None
            # Bytes that are no text stay as they are: such a file is only given another mode.
            after = self.texts[path].encode("utf-8") if path in self.texts else before
            edits.append(FileEdit(path, before, after, self.modes.get(path, None if before is not None else 0o644)))
        return DryRun(edits, self._commands())

    def _commands(self) -> list[list[str]]:
        commands = []
        shut = [name for name in self._folders() if self._is_shut(name)]
        if shut:
            commands.append(["chmod", "a+rx", *shut])
        if self.update:
            commands.append(["sh", "-c", self._update_command()])
        if self.reload_gdm:
            commands += self._reload_commands()
        return commands

    def _folders(self) -> list[str]:
        """Folders that users must be able to pass, and those that the change makes (under whatever umask we have)."""
        folders = {folder for path in self.texts for folder in _parents(path) if not self.host.exists(folder)}
        return sorted(folders | (set(FOLDERS) if self.update else set()))

    def _is_shut(self, folder: str) -> bool:
        try:
            return self.host.stat(folder).st_mode & 0o001 == 0
        except FileNotFoundError:
            return any(path.startswith(folder + "/") for path in self.texts)

    def _update_command(self) -> str:
        if self.host.query(["sh", "-c", "command -v dconf"]).rc != 0:
            raise ChangeRefused("the command dconf is not installed (package dconf-cli)")
        for name in self.host.entries(DATABASES):
            if name.endswith(".d"):
                bad = KeyFolder(self.host, f"{DATABASES}/{name}").bad
                if bad and not bad.split(",")[0].endswith(OURS):
                    # Another database with a bad file: dconf compiles the rest all the same, and complains.
                    return "umask 022; dconf update || true"
        return UPDATE

    def _reload_commands(self) -> list[list[str]]:
        for unit in ("gdm3", "gdm"):
            try:
                if self.host.query(["systemctl", "is-active", unit]).out.strip() == "active":
                    return [["systemctl", "reload", unit]]  # its ExecReload runs generate-config
            except HostError:
                break
        return [[GENERATE_CONFIG]] if self.host.exists(GENERATE_CONFIG) else []


def _met(profile: Profile, wish: Wish) -> bool:
    """True where the key files already come to what is wanted."""
    if profile.bad_key_files():
        return False
    locked = bool(profile.lock(wish.key, profile.sources)) or not profile.writable
    place = profile.value(wish.key, profile.sources)
    return (locked or not wish.lock) and (wish.typed is None or (place is not None and place.typed == wish.typed))


def _is_accepted(wish: Wish, place: Place) -> bool:
    return wish.schema is None or wish.schema.accepts(place.typed)


def _compiled_by_gdm(profile: Profile) -> Source | None:
    """The greeter's database that gdm compiles at each start, or None."""
    return next((source for source in profile.sources if source.kind == "file-db" and source.keys is not None), None)


def _is_fixed(source: Source) -> bool:
    """True for a database that has no key files to add to: compiling new ones would lose what it holds."""
    if source.kind == "system-db":
        return source.table is not None and not source.key_files.exists
    return source.keys is None


def _parents(path: str) -> list[str]:
    """The folders above a path, from the third level on: /etc and /usr are there."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(3, len(parts))]
