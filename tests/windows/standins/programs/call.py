"""What a stand-in is given: its arguments, Windows paths turned into ours, its state, and the machine's language."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The code pages of a Windows in that language: of the console (OEM), and of files without Unicode (ANSI).
# Recalled, see ../README.md.
CODE_PAGES = {
    "cy": ("cp850", "cp1252"),
    "de": ("cp850", "cp1252"),
    "en": ("cp850", "cp1252"),
    "fr": ("cp850", "cp1252"),
    "pl": ("cp852", "cp1250"),
}


@dataclass
class Answer:
    """What a program printed, and its exit code."""

    code: int = 0
    out: bytes = b""
    err: bytes = b""


class Call:
    """One call of a program. `written` collects the files that it wrote."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.id = folder.name
        self.program, current, self.computer, *self.arguments = (
            (folder / "request").read_bytes().decode("utf-16-le", "surrogatepass").split("\0")[:-1]
        )
        given = folder / "input"
        self.input = given.read_bytes() if given.exists() else b""
        self.written: list[Path] = []
        self._current = current
        self._drives = home.parent.parent / "dosdevices"
        self.language = self.state("language")["language"]
        self.console, self.ansi = CODE_PAGES[self.language]

    def log(self) -> None:
        """Note the call, so that a test can count the programs a visit started."""
        line = {"id": self.id, "at": time.time(), "program": self.program, "arguments": self.arguments}
        with (self.home / "calls.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def path(self, given: str) -> Path:
        """Our path of a Windows path: drives by the prefix's links, names in any case, relative to where it runs."""
        text = given.strip('"').replace("/", "\\")
        if text[1:2] != ":":
            text = self._current[:2] + text if text.startswith("\\") else self._current.rstrip("\\") + "\\" + text
        found = (self._drives / text[:2].lower()).resolve()
        for part in text[2:].split("\\"):
            if part == "..":
                found = found.parent
            elif part not in ("", "."):
                found = _in_any_case(found, part)
        return found

    def state(self, name: str) -> dict:
        """The state `name` as it is now."""
        try:
            return json.loads((self.home / "state" / f"{name}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    @contextmanager
    def changing(self, name: str) -> Iterator[dict]:
        """The state `name`, kept when the block ends without an error; one process at a time."""
        with (self.home / "state" / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self.state(name)
            yield state
            target = self.home / "state" / f"{name}.json"
            temporary = target.with_suffix(".new")
            temporary.write_text(json.dumps(state, indent=1, ensure_ascii=False), encoding="utf-8")
            temporary.rename(target)

    def texts(self, name: str) -> dict:
        """The texts of a program in the machine's language; what is not translated is English, as Windows does it."""
        known = json.loads((self.home / "data" / f"{name}.json").read_text(encoding="utf-8"))
        return {key: words.get(self.language, words["en"]) for key, words in known.items()}

    def write(self, given: str, content: bytes) -> None:
        """Write a file that the caller named."""
        target = self.path(given)
        target.write_bytes(content)
        self.written.append(target)

    def say(self, *lines: str, code: int = 0) -> Answer:
        """Lines on standard output, in the console's code page."""
        return Answer(code, "".join(f"{line}\r\n" for line in lines).encode(self.console, "replace"))

    def complain(self, *lines: str, code: int) -> Answer:
        """Lines on standard error, in the console's code page."""
        return Answer(code, err="".join(f"{line}\r\n" for line in lines).encode(self.console, "replace"))


def _in_any_case(folder: Path, name: str) -> Path:
    if not (folder / name).exists() and folder.is_dir():
        for other in folder.iterdir():
            if other.name.lower() == name.lower():
                return other
    return folder / name
