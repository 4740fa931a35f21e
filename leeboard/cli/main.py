"""The command `leeboard`: its sub-commands, and how it ends.

Exit codes are in docs/exit-codes.md. 1 always means that the tool failed, wrong usage included.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

import typer

from leeboard.cli import baseline, checkpoint, school, waiver
from leeboard.cli.asking.evidence import evidence
from leeboard.cli.asking.history import history
from leeboard.cli.asking.site import site
from leeboard.cli.asking.standards import standards
from leeboard.cli.asking.status import report, status, worklist
from leeboard.cli.asking.summary import summary
from leeboard.cli.asking.what_if import what_if
from leeboard.cli.drift.command import drift
from leeboard.cli.escrow import command as escrow
from leeboard.cli.escrow import devices, disks, rekey
from leeboard.cli.estate import command as estate
from leeboard.cli.example import example
from leeboard.cli.export import export
from leeboard.cli.forget.command import forget
from leeboard.cli.group import group
from leeboard.cli.ingest import ingest, rebuild, verify
from leeboard.cli.notify import command as notify
from leeboard.cli.prune import prune
from leeboard.cli.undo import undo
from leeboard.cli.vpn import certificates
from leeboard.cli.vpn import command as vpn
from leeboard.cli.vpn.gateway import export_gateway
from leeboard.errors import LeeboardError
from leeboard.version import __version__

FAILED = 1
INTERRUPTED = 130  # what typer makes of Ctrl-C
# A service that is stopped and a terminal that is closed end a run as Ctrl-C does.
ENDS_A_RUN = (signal.SIGTERM, signal.SIGHUP)

app = group("A security baseline for school machines: check what has drifted, and keep the evidence.", completion=True)
app.command()(drift)
app.command()(example)
for asking in (status, history, evidence, worklist, report, site, summary, standards, what_if):
    app.command()(asking)
app.command()(export)
app.command()(forget)
app.command()(ingest)
app.command()(prune)
app.command()(rebuild)
app.command()(verify)
app.command()(undo)
app.add_typer(baseline.app, name="baseline")
app.add_typer(checkpoint.app, name="checkpoint")
escrow.app.command()(disks.accept)
escrow.app.command()(disks.retire)
escrow.app.command()(rekey.rekey)
for command in (devices.rotate, devices.adopt, devices.pin, devices.restore, devices.header, devices.suspend):
    escrow.app.command()(command)
app.add_typer(escrow.app, name="escrow")
app.add_typer(estate.app, name="estate")
app.add_typer(notify.app, name="notify")
app.add_typer(school.app, name="school")
vpn.app.command()(certificates.issue)
vpn.app.command()(certificates.revoke)
vpn.app.command("list")(certificates.list_certificates)
vpn.app.command()(certificates.chain)
vpn.app.command()(export_gateway)
app.add_typer(vpn.app, name="vpn")
app.add_typer(waiver.app, name="waiver")


def _version(requested: bool) -> None:
    if requested:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Check school machines against a security baseline, and keep the evidence."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with the exit code of docs/exit-codes.md."""
    for number in ENDS_A_RUN:
        # nohup has us ignore the end of the terminal, and means it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        status = typer.main.get_command(app).main(args=arguments, prog_name="leeboard", standalone_mode=False)
    except typer.BadParameter as problem:
        problem.show()
        status = FAILED
    except typer.TyperException as problem:
        print(f"leeboard: {problem.format_message().rstrip('.')}; leeboard --help shows what there is", file=sys.stderr)
        status = FAILED
    except LeeboardError as problem:
        print(f"leeboard: {problem}", file=sys.stderr)
        status = FAILED
    except OSError as problem:
        print(f"leeboard: {problem.filename or 'the system'}: {problem.strerror or problem}", file=sys.stderr)
        status = FAILED
    if status == INTERRUPTED:
        print("leeboard: stopped; what was recorded until now is kept", file=sys.stderr)
        status = FAILED
    sys.exit(status if isinstance(status, int) else 0)


def _stop(_number: int, _frame: FrameType | None) -> None:
    # A closed terminal is told of twice, by the kernel and by the shell: the second must not break off how we end.
    for number in ENDS_A_RUN:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
