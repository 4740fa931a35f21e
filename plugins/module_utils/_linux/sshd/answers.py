"""What sshd itself says it would do: `sshd -T -C ...` for several kinds of people, all asked by one child.

sshd needs root, /run/sshd and its host keys for this. Where /run/sshd is missing (no sign-in yet with socket
activation) it is made in a private mount namespace, so that a check changes nothing. `sshd -G` would need none of them,
but it refuses -C and so knows no Match block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..engine.host import Host, HostError
from ..system.systemd_unit import arguments, note_if_older
from .files import MAIN, Configuration, MatchBlock, configuration, options_of_service
from .people import Question, for_blocks, usual

PROGRAM = "/usr/sbin/sshd"
UNITS = ("ssh.service", "sshd.service")
FAILED = "no private mount namespace: "
# /run is an empty one of our own, seen by this command and its children only.
ALONE = (
    f'mount -n -t tmpfs -o mode=0755 tmpfs /run || {{ echo "{FAILED}/run" >&2; exit 120; }}\n'
    'mkdir -m 0755 /run/sshd || exit 120\nexec "$@"\n'
)
# One sshd for each question. Of what it says about its own work only the Match lines are kept.
EACH = (
    'questions=$1; shift\nfor one in $questions; do\n    echo "question $one"\n    "$@" -C "$one" 2>&1\n'
    '    echo "status $?"\ndone | grep -vE "^debug[12]:|^debug3: [^cm]"\n'
)
# Where nothing else is said no Match block holds; without a port, one about ports is an error (tried with 10.0p1).
OUTSIDE = "lport=1"
CHECKING = re.compile(r"debug3: checking match for '(?P<text>.*)' user ")


class Answer:
    """What one question brought: `settings` {keyword in lower case: text}, the first line of each; `lines`, all of
    them; `matched`, the Match lines that held."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.settings: dict[str, str] = {}
        self.lines: list[tuple[str, str]] = []
        self.matched: set[str] = set()


class Replies:
    """sshd's answers: `usual` ones, those for Match `blocks`, `untried`: blocks that could not be reached, and
    `outside`: what counts outside of Match blocks, where a block says something that only counts there; else None.
    `every` has all of them by the question's spec."""

    def __init__(
        self, usual_ones: list[Answer], blocks: list[Answer], untried: list[MatchBlock], every: dict[str, Answer]
    ) -> None:
        self.outside = every.get(OUTSIDE)
        self.usual = usual_ones
        self.blocks = blocks
        self.untried = untried
        self.every = every


def options(host: Host) -> list[str]:
    """The options -o and -f that the service gives to sshd. Raises HostError."""
    for unit in UNITS:
        words = arguments(host, unit)
        if not words:
            continue
        if words[0] != PROGRAM:
            raise HostError("failed", f"{unit} starts {words[0]}, not {PROGRAM}: what that one does is not known")
        return options_of_service(host, words[1:])
    return options_of_service(host)


def files_of(host: Host) -> Configuration:
    """The files that the service's sshd reads. Raises HostError."""
    start_options = options(host)
    named = [start_options[at + 1] for at, word in enumerate(start_options) if word == "-f"]
    return configuration(host, named[-1] if named else MAIN)


def ready(host: Host) -> list[str]:
    """What has to stand before sshd on this machine so that it answers. Raises HostError."""
    if not host.is_root:
        raise HostError("needs_root", "sshd tells its configuration to root only")
    return [] if host.exists("/run/sshd") else alone(ALONE, files_of(host))


def alone(script: str, files: Configuration) -> list[str]:
    """The words that run a command in a mount namespace which `script` has prepared. Raises HostError."""
    if any(path.startswith(("/run/", "/var/run/")) for path in files.paths):
        raise HostError("failed", "sshd's configuration includes a file below /run, which cannot be read apart from it")
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]


def ask(host: Host, wrapper: list[str], input: str = "", more: Sequence[Question] = ()) -> Replies:
    """What sshd says to all of our questions, and to `more`. Raises HostError."""
    files = files_of(host)
    first = usual(host) if files.blocks else usual(host)[:1]
    block_questions = for_blocks(host, files.blocks)
    by_spec: dict[str, Question] = {}
    for question in (*first, *block_questions, *more):
        by_spec.setdefault(question.spec, question)
    nobody = [Question("everybody, outside of Match blocks", "", OUTSIDE)]
    nobody = nobody if any("channeltimeout" in block.settings for block in files.blocks) else []
    answers = _run(host, wrapper, input, [*by_spec.values(), *nobody])
    tried = []
    for question in block_questions:
        if question.block and _holds(answers[question.spec], question.block):
            tried.append(_answer_for(question, answers[question.spec]))
    reached = {id(answer.question.block) for answer in tried}
    untried = [block for block in files.blocks if id(block) not in reached]
    return Replies([_answer_for(question, answers[question.spec]) for question in first], tried, untried, answers)


def _answer_for(question: Question, answer: Answer) -> Answer:
    copy = Answer(question)
    copy.settings, copy.lines, copy.matched = answer.settings, answer.lines, answer.matched
    return copy


def _holds(answer: Answer, block: MatchBlock) -> bool:
    return block.text in answer.matched


def _run(host: Host, wrapper: list[str], input: str, questions: list[Question]) -> dict[str, Answer]:
    """{spec: Answer}. Raises HostError with sshd's own words when it refuses its configuration."""
    specs = " ".join(question.spec for question in questions)
    argv = [*wrapper, "sh", "-c", EACH, "sh", specs, PROGRAM, "-T", "-ddd", *options(host)]
    done = host.query(argv, input=input)
    if done.rc == 120:
        raise HostError("failed", f"/run/sshd is missing and could not be stood in for: {done.err.strip()[:400]}")
    answers: dict[str, Answer] = {}
    answer: Answer | None = None
    output: list[str] = []
    text = ""
    for line in done.out.split("\n"):
        key, _dummy, rest = line.partition(" ")
        checking = CHECKING.match(line)
        if key == "question":
            answer, output, text = Answer(next(question for question in questions if question.spec == rest)), [], ""
        elif answer is None:
            continue
        elif key == "status":
            if rest != "0":
                _explain(int(rest), output)
            answers[answer.question.spec] = answer
        elif checking:
            text = checking["text"].split(" #", 1)[0].strip()[:200]
        elif line.startswith("debug3: match found"):
            answer.matched.add(text)
        elif not line.startswith("debug3:"):
            output.append(line.strip())
            answer.settings.setdefault(key.lower(), rest.strip())
            answer.lines.append((key.lower(), rest.strip()))
    if len(answers) != len(questions):
        raise HostError(
            "failed", f"sshd -T gave {len(answers)} answers to {len(questions)} questions: {done.err[:200]}"
        )
    return answers


def _explain(status: int, output: list[str]) -> None:
    text = " / ".join(line for line in output if line)[:400]
    # 255 is a bad configuration; 1 comes with missing host keys.
    raise HostError("malformed" if status == 255 else "failed", f"sshd -T ended with status {status}: {text}")


def older_note(host: Host, files: Configuration) -> str:
    """A sentence when sshd runs since before its files changed, else an empty text. Raises HostError."""
    for unit in UNITS:
        if host.exists(f"/usr/lib/systemd/system/{unit}") or host.exists(f"/etc/systemd/system/{unit}"):
            # A file that was taken away shows in its folder's time only.
            return note_if_older(host, unit, files.paths + files.folders, "sshd")
    return ""
