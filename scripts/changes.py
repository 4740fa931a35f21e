"""Write CHANGELOG.md by antsibull-changelog: the releases, and as the next one what waits in changelogs/fragments.

`changes.py --check` writes nothing, and fails where the file is another. Run by the environment of `make docs`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
TAKEN = ("changelogs", "plugins", "roles", "playbooks", "meta", "galaxy.yml")
CODE = re.compile(r"<code>(.*?)</code>")
NEEDLESS = re.compile(r"\\([^\w\s<>*`\[\]\\]|_)")  # a sign that means the same without the stroke before it
ANCHOR = re.compile(r'^<a id="[^"]*"></a>\n', re.MULTILINE)


def changelog() -> str:
    """The text of CHANGELOG.md. A copy of the collection is released, so that the clone stays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "ansible_collections" / "leeboard" / "schools"
        copy.mkdir(parents=True)
        for name in TAKEN:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / name, copy)
        waits = any((copy / "changelogs" / "fragments").glob("*.yml"))
        for command in (["lint"], ["release"] if waits else ["generate"]):
            done = subprocess.run(
                [BIN / "antsibull-changelog", *command],
                cwd=copy, env={"PATH": f"{BIN}:/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8"},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            if done.returncode != 0:
                sys.exit(f"antsibull-changelog {command[0]} found:\n{done.stdout}")
        return readable((copy / "CHANGELOG.md").read_text(encoding="utf-8"))


def readable(text: str) -> str:
    """The same Markdown for whoever reads it as text: no signs escaped that mean nothing here, no line too long."""
    text = CODE.sub(lambda found: "`" + re.sub(r"\\(.)", r"\1", found[1]) + "`", ANCHOR.sub("", text))
    text = NEEDLESS.sub(r"\1", text)
    lines = (
        textwrap.fill(line, 118, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    wanted, path = changelog(), ROOT / "CHANGELOG.md"
    if "--check" in sys.argv[1:]:
        sys.exit(0 if path.read_text(encoding="utf-8") == wanted else "CHANGELOG.md is another: make changes")
    path.write_text(wanted, encoding="utf-8")
