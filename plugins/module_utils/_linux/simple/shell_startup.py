"""The shell start-up files that set TMOUT: what we write, and how another file's assignment is switched off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..engine.edits import ChangeRefused

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

FILE = "/etc/profile.d/zz-leeboard-tmout.sh"
PROFILE = "/etc/profile"
BASHRC = "/etc/bash.bashrc"
BEGIN = "# BEGIN Leeboard: idle time-out"
END = "# END Leeboard"

# A statement that sets TMOUT (or only marks it), and nothing else.
STATEMENT = re.compile(
    r"""\A(?: unset[ \t]+TMOUT
        | (?: (?:readonly|export|local|(?:declare|typeset)(?:[ ]-[rxi]{1,3})?) [ \t]+ )?
          TMOUT (?: = (?: "[^"$`\\]{0,40}" | '[^']{0,40}' | [A-Za-z0-9_.+-]{0,40} ) )?
    )\Z""",
    re.VERBOSE,
)
MENTIONED = re.compile(
    r"(?:\A|[^A-Za-z0-9_$])TMOUT=|\b(?:readonly|unset|declare|typeset|local|read)\b[^;#\n]{0,200}\bTMOUT\b"
)


def profile_script(seconds: int) -> str:
    """The start-up file. bash and dash may read it twice, and no later file can undo it.

    An assignment to a read-only variable ends a dash on the spot, so it is tried in a subshell first.
    """
    return (
        f"# Written by Leeboard (LCK-09): an unattended text console is closed after {seconds} seconds.\n"
        f'if [ "${{TMOUT-}}" != {seconds} ] && (unset TMOUT) 2>/dev/null; then\n'
        f"  TMOUT={seconds}\n"
        "fi\n"
        "readonly TMOUT\n"
        "export TMOUT\n"
    )


def bashrc_block() -> str:
    """What bash's own start-up file gets: terminal windows are no login shells and read only this one.

    Only interactive shells: a script that waits for input must not be cut short.
    """
    return f"{BEGIN}\ncase $- in *i*) if [ -r {FILE} ]; then . {FILE}; fi ;; esac\n{END}\n"


def bashrc_with_block(overlay: OverlayHost) -> None:
    """Plan the block as the first thing of /etc/bash.bashrc, once, in place of an older one."""
    try:
        text = overlay.original_text(BASHRC)
    except FileNotFoundError:
        text = ""
    begin, end = text.find(BEGIN + "\n"), text.find(END + "\n")
    if 0 <= begin < end:
        text = text[:begin] + text[end + len(END) + 1 :]
    overlay.put(BASHRC, bashrc_block() + text)


def without_assignments(overlay: OverlayHost, path: str) -> None:
    """Plan `path` with the statements that set, unset or mark TMOUT switched off, whatever their value.

    After ours it is read-only, so even the same value would print an error at every sign-in; before ours, a read-only
    mark without a value would keep ours out.

    A line is replaced by the empty command and the old text as a comment: an `if` whose only line went away would be a
    syntax error, and then nobody could sign in. Raises ChangeRefused for a line that does more than set TMOUT.
    """
    lines = overlay.original_text(path).split("\n")
    ours = False
    changed = False
    for count, line in enumerate(lines):
        ours = (ours or line == BEGIN) and line != END
        bare = line.strip()
        if ours or bare.startswith("#") or bare.startswith(": #") or not MENTIONED.search(bare):
            continue
        statements = [part.strip() for part in bare.split(" #", 1)[0].split(";") if part.strip()]
        if not all(STATEMENT.match(part) for part in statements):
            raise ChangeRefused(
                f"{path}, line {count + 1} sets TMOUT together with other commands; change that line by hand and "
                "repeat the roll-out"
            )
        indent = line[: len(line) - len(line.lstrip())]
        lines[count] = f"{indent}: # switched off by Leeboard, {FILE} sets TMOUT: {bare}"
        changed = True
    if changed:
        overlay.put(path, "\n".join(lines))
