"""docs/standards.md, made from the baseline: each question of each standard, what answers it, and what is left."""

from __future__ import annotations

from leeboard.policy.controls_page import table
from leeboard.policy.model import Baseline
from leeboard.policy.review import MONTHS
from leeboard.policy.standards import KNOWN_FROM, Standard, StandardQuestion

INTRODUCTION = f"""# Standards

Made from `leeboard/baselines/standards.yml` by `leeboard baseline docs --write`; do not edit it here.

For heads, governors and whoever fills in a form. `leeboard standards [STANDARD] [SCHOOL]` gives the numbers
([asking.md](asking.md#what-can-we-answer-of-a-standard)); this page says which questions it can answer, by which
[controls](controls.md), and what of them it cannot. No number is a certificate, and Leeboard fills in no form.

Questions are in our own words; what counts is the publisher's page. *Known from* says how we have them: *read* in the
publisher's own text, *second hand* as others list or quote it, or *recalled*. Whoever answers a form compares first.

Each control cites a UK source or says why it has none, and somebody looks at its sources every {MONTHS} months:
`leeboard baseline lint` fails for a control whose review day has passed
([decisions/0037-standards.md](decisions/0037-standards.md)).
"""


def standards_page(baseline: Baseline) -> str:
    """The whole page, Markdown, with a line end at its end."""
    return "\n".join([INTRODUCTION, *(_standard(name, one) for name, one in baseline.standards.items())])


def _standard(name: str, standard: Standard) -> str:
    about = f"`{name}`. {standard.publisher}. {standard.version}. [The publisher's page]({standard.page}).\n"
    head = ("where", "question", "known from", "grounds", "what Leeboard cannot answer")
    rows = table(head, (_row(question) for question in standard.questions))
    return "\n".join([f"## {standard.title}\n", about, f"{standard.source.strip()}\n", rows])


def _row(question: StandardQuestion) -> tuple[str, ...]:
    links = ", ".join(f"[{control}](controls.md#{control.lower()})" for control in question.controls)
    forms = f" ({', '.join(question.forms)} only)" if question.forms else ""
    return (
        question.reference,
        question.asks.strip() + forms,
        KNOWN_FROM[question.confidence],
        links or "none",
        question.cannot.strip(),
    )
