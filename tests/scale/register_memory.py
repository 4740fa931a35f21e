"""How much memory the national register takes, made here and read in a process of its own:

    python -m tests.scale.register_memory [MEGABYTES]

Prints the size of the file, the seconds and the most memory that the reader held, beside that of its imports alone.
Ends with 1 when the file added more than 32 MiB. No test: a figure of one machine, to be read by a person.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_ADDED = 32 * 1024  # KiB
HEAD = (
    "URN,LA (code),LA (name),EstablishmentNumber,EstablishmentName,TypeOfEstablishment (name),"
    "EstablishmentStatus (name),OpenDate,CloseDate,PhaseOfEducation (name)"
)
PADDING = 120  # columns that nobody reads; the real file has about 140


def make(path: Path, megabytes: int) -> int:
    """A register of at least this size; how many schools it has."""
    head = HEAD + "".join(f",Column{number}" for number in range(PADDING))
    padding = "".join(f',"something {number}"' for number in range(PADDING))
    schools = 0
    with path.open("w", encoding="cp1252", newline="") as file:
        file.write(head + "\r\n")
        while file.tell() < megabytes * 1_000_000:
            name = f"St Zoë’s {schools} Primary School"
            file.write(
                f'{100000 + schools},999,Example,2001,"{name}",Community school,Open,01-09-1975,,Primary{padding}\r\n'
            )
            schools += 1
    return schools


def read(path: str, urn: str) -> None:
    """In a process of its own: read the register, or with "" only import what reads it, and print what that took."""
    from leeboard.estate.importing.register import find

    start = time.perf_counter()
    if urn:
        found = find(Path(path), {urn})
        assert [one.urn for one in found.schools] == [urn], found
        assert not found.problems, found.problems
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter() - start)


def measured(path: Path, urn: str) -> tuple[int, float]:
    command = [sys.executable, "-m", "tests.scale.register_memory", "read", str(path), urn]
    memory, seconds = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(memory), float(seconds)


def main(megabytes: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edubasealldata.csv"
        schools = make(path, megabytes)
        bare, _ = measured(path, "")
        memory, seconds = measured(path, str(100000 + schools - 1))
        print(
            f"{path.stat().st_size / 1e6:.0f} MB, {schools:,} schools: {seconds:.1f} s, "
            f"at most {memory / 1024:.0f} MiB, of which {(memory - bare) / 1024:.1f} MiB are the register's"
        )
    return int(memory - bare > MOST_ADDED)


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(*sys.argv[2:])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
