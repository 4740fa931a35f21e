"""Lines of [section] and key=value files, as systemd and GLib read them; pure functions over text."""

from __future__ import annotations

from ..engine.host import HostError

# Words for yes and no as systemd takes them, in any case (parse_boolean).
ON, OFF = ("1", "yes", "y", "true", "t", "on"), ("0", "no", "n", "false", "f", "off")


class Assignment:
    """One `key=value` line: `section`, `key`, `text`, and `place` ("/etc/x.conf, line 3")."""

    def __init__(self, section: str, key: str, text: str, place: str) -> None:
        self.section = section
        self.key = key
        self.text = text
        self.place = place


def systemd_assignments(text: str, path: str) -> list[Assignment]:
    """The assignments of a systemd configuration file. Lines that systemd ignores with a warning are left out.

    systemd.syntax(7): # and ; start a comment line, also between continued lines; a backslash at the end joins lines.
    """
    assignments: list[Assignment] = []
    section, waiting, start = "", "", 0
    # Notepad puts a mark before the first line, which systemd passes over.
    for count, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        bare = line.strip()
        if bare[:1] in ("#", ";"):
            continue
        start = start if waiting else count
        if line.endswith("\\"):
            waiting += line[:-1] + " "
            continue
        statement, waiting = (waiting + line).strip(), ""
        if statement.startswith("[") and statement.endswith("]"):
            section = statement[1:-1]
        elif "=" in statement and section:
            key, setting = statement.split("=", 1)
            assignments.append(Assignment(section, key.strip(), setting.strip(), f"{path}, line {start}"))
    return assignments


def keyfile_assignments(text: str, path: str) -> list[Assignment]:
    """The assignments of a GLib key file. Raises HostError malformed when GLib would refuse the whole file."""
    assignments: list[Assignment] = []
    section = ""
    for count, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if bare.startswith("["):
            if not bare.endswith("]") or len(bare) < 3:
                raise HostError("malformed", f"{path}, line {count} is no section, so the whole file is ignored")
            section = bare[1:-1]
            continue
        key, equals, setting = bare.partition("=")
        if not equals or not section or not key.strip():
            raise HostError("malformed", f"{path}, line {count} is no key with a value, so the whole file is ignored")
        assignments.append(Assignment(section, key.strip(), setting.strip(), f"{path}, line {count}"))
    return assignments


def with_key(text: str, section: str, key: str, value: str) -> str:
    """`text` with `key=value` in `section`: the last assignment is replaced and earlier ones of the key are dropped.

    Everything else stays as it is; a missing section is added at the end.
    """
    lines = text.split("\n")
    now, header, places = "", None, []
    for count, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith("[") and bare.endswith("]"):
            now = bare[1:-1]
            header = count if now == section and header is None else header
        elif now == section and bare[:1] not in ("#", ";") and bare.partition("=")[0].strip() == key and "=" in bare:
            places.append(count)
    if places:
        lines[places[-1]] = f"{key}={value}"
        for count in reversed(places[:-1]):
            del lines[count]
    elif header is not None:
        lines.insert(header + 1, f"{key}={value}")
    else:
        while lines and not lines[-1].strip():
            lines.pop()
        lines += [f"[{section}]", f"{key}={value}", ""]
    return "\n".join(lines)
