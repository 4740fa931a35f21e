"""Which tests there are besides those that just ran, and when they last passed in this clone.

`python -m tests.tiers passed test` notes that a tier passed and says the rest; without `passed` it only says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from .controls import full_done
from .controls.covered import covered
from .reliability import records

ROOT = Path(__file__).resolve().parents[1]
NOTES = ROOT / ".pytest_cache" / "leeboard-tiers.json"
TIERS = {
    "test": "all that needs no machine",
    "test-machines": "machines in QEMU, Windows on Wine, and real services: PostgreSQL, Chromium, rsyslogd, a KDC",
}


def passed(tier: str) -> None:
    """Note that a tier passed now, with the commit and whether files differed from it."""
    notes = {**_notes(), tier: {"at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "commit": _commit()}}
    NOTES.parent.mkdir(exist_ok=True)
    NOTES.write_text(json.dumps(notes), encoding="utf-8")


def lines(but: str = "") -> list[str]:
    """A line for each tier except one."""
    notes = _notes()
    said = []
    for tier, about in TIERS.items():
        if tier != but:
            note = notes.get(tier)
            when = f"passed here last at {note['at']} ({note['commit']})" if note else "never passed in this clone"
            said.append(f"make {tier}: {about}; {when}")
    return said


def by_night() -> list[str]:
    """How much of what is proved by night is about the code as it is. An old proof is no failing test."""
    proof = full_done.state(full_done.Done(), covered().about, full_done.every_script()).words
    return [
        f"make test-full: {proof} (docs/proof/full.md)",
        f"make reliability: {records.stand(records.Done().records)} (docs/reliability.md)",
    ]


def _notes() -> dict[str, dict[str, str]]:
    try:
        found = json.loads(NOTES.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    return (git("rev-parse", "--short", "HEAD") or "no commit") + (" and changes" if git("status", "--short") else "")


if __name__ == "__main__":
    outcome, ran = sys.argv[1:3] if sys.argv[1:] else ("", "")
    if outcome == "passed":
        passed(ran)
    print("Other tests:", *(f"  {line}" for line in (*lines(but=ran), *by_night())), sep="\n")
