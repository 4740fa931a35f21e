"""The code that the full proof covers, and whether its last report (docs/proof) is about the tree as it is.

`python -m tests.controls.covered` says it in one line, and always ends well: a stale report is no failing test.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROOF = ROOT / "docs" / "proof"
REPORT, DIGESTS = "full.md", "full.sha256"
# What decides a verdict or changes a machine, and what the proof does to machines.
COVERED = (
    "leeboard/baselines/**/*",
    "leeboard/policy/**/*",
    "leeboard/verdict/**/*",
    "leeboard/planning/**/*",
    "plugins/action/*",
    "plugins/modules/*",
    "plugins/module_utils/**/*",
    "tests/controls/*/**/*.sh",
    "tests/controls/*/**/*.ps1",
    "tests/controls/*.sh",
    "tests/controls/combined.yml",
    "tests/controls/machines.yml",
    "tests/controls/windows_truth.py",
    "tests/vm/guest/**/*",
    "tests/vm/recipes/*",
    "tests/windows/standins/**/*",
)
NAMED = 6  # files that a line names before it counts the others


def covered(root: Path = ROOT) -> dict[str, str]:
    """The SHA-256 of each covered file, by its path."""
    found = {path for pattern in COVERED for path in root.glob(pattern) if path.is_file()}
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(found)
        if "__pycache__" not in path.parts and path.suffix != ".md"
    }


def listing(digests: Mapping[str, str]) -> str:
    """The digests as `sha256sum --check` takes them."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def digest(digests: Mapping[str, str]) -> str:
    """One digest for all of it: that of the listing."""
    return hashlib.sha256(listing(digests).encode()).hexdigest()


def read_listing(text: str) -> dict[str, str]:
    """The digests in a listing. Raises ValueError for a line that is none."""
    found = {}
    for line in text.splitlines():
        value, blanks, name = line.partition("  ")
        if len(value) != 64 or not blanks:
            raise ValueError(f"{line[:80]!r} is no digest with a path")
        found[name] = value
    return found


def staleness(proof: Path = PROOF, root: Path = ROOT) -> str:
    """What is to be said of the last full proof, in one line."""
    if not (proof / DIGESTS).exists() or not (proof / REPORT).exists():
        return "make test-full: never run on this tree, so its breaks were not each done and mended alone"
    at = (proof / REPORT).relative_to(root)
    try:
        then = read_listing((proof / DIGESTS).read_text(encoding="utf-8"))
    except ValueError as problem:
        return f"make test-full: {(proof / DIGESTS).relative_to(root)} cannot be read ({problem}); run it again"
    page = (proof / REPORT).read_text(encoding="utf-8")
    if digest(then) not in page:
        return f"make test-full: {at} and {DIGESTS} beside it are of different runs; run it again"
    now = covered(root)
    changed = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    failed = re.search(r"\b([1-9]\d*) failed", page)
    if not changed:
        came_out = f", and {failed[1]} tests FAILED" if failed else ""
        return f"make test-full: {at} is about the code as it is{came_out}"
    named = ", ".join(changed[:NAMED]) + (f" and {len(changed) - NAMED} more" if len(changed) > NAMED else "")
    return f"make test-full: {at} is STALE, run it again: {len(changed)} of {len(now)} files differ: {named}"


if __name__ == "__main__":
    print(staleness())
