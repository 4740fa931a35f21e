"""One or two examples for the help of each command that people type by hand. A test reads each as the command does."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "drift": (
        "leeboard drift --this-machine",
        'leeboard drift -i inventories/mine --school "Example Primary"',
        "leeboard drift -i inventories/mine --device EP-0001",
    ),
    "example": ("leeboard example example",),
    "status": ("leeboard status -i inventories/mine", "leeboard status EP-0001"),
    "history": ("leeboard history EP-0001", "leeboard history LCK-01 --school example-primary"),
    "evidence": ("leeboard evidence EP-0004 --at 2026-11-24",),
    "worklist": ("leeboard worklist --most 10", "leeboard worklist example-primary -i inventories/mine"),
    "report": ("leeboard report example-primary -i inventories/mine --pdf report.pdf",),
    "site": ("leeboard site /srv/leeboard-site -i inventories/mine",),
    "summary": ("leeboard summary example-primary -i inventories/mine --pdf sheet.pdf",),
    "standards": ("leeboard standards dfe-cyber example-primary -i inventories/mine",),
    "what-if": ("leeboard what-if --level high", "leeboard what-if EP-0001 --set LCK-01=300"),
    "export": (
        "leeboard export xlsx --to hill.xlsx Hill -i inventories/mine",
        "leeboard export json --changed-since 2026-11-25",
    ),
    "forget": ("leeboard forget EP-0001 -i inventories/mine --dry-run",),
    "prune": ("leeboard prune --before 2024-09-01 --dry-run",),
    "undo": ("leeboard undo --run 20261130T021000Z-1a2b3c4d -i inventories/mine",),
    "baseline show": ("leeboard baseline show EP-0001 -i inventories/mine",),
    "checkpoint status": ("leeboard checkpoint status -i inventories/mine",),
    "escrow open": ('leeboard escrow open EP-0001 --private-key head.key --reason "no start"',),
    "estate import register": (
        "leeboard estate import register edubasealldata20261120.csv --la 999 \\\n    -i inventories/mine",
    ),
    "estate import devices": (
        'leeboard estate import devices intune.csv --school "Example Primary" \\\n    --map "Issued to=role" '
        "-i inventories/mine",
    ),
    "notify mail": ("leeboard notify mail -i inventories/mine --dry-run",),
    "school enforce": ("leeboard school enforce example-primary LCK --by Head -i inventories/mine",),
    "vpn issue": ("leeboard vpn issue EP-0001 --request ep-0001.csr -i inventories/mine",),
    "waiver new": (
        "leeboard waiver new example-primary --control LCK-01 --devices EP-0001 \\\n"
        '    --reason "The projector must not lock in the hall" --owner "Head" \\\n'
        '    --approved-by "Governing body" --last-day 2027-07-20 -i inventories/mine',
    ),
}


def of(command: str) -> str:
    """The examples of a command, such as "estate import devices", as the end of its help; "" for one without any."""
    lines = EXAMPLES.get(command, ())
    if not lines:
        return ""
    head = "Example:" if len(lines) == 1 else "Examples:"
    shown = "\n".join(f"  {line}".replace("\n", "\n  ") for line in lines)
    return f"\b\n{head}\n{shown}"
