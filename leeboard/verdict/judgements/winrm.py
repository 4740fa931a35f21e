"""What the listeners of WinRM come to: which of them let anybody in without TLS, where nothing else encrypts."""

from __future__ import annotations

from leeboard.model.strict import Strict
from leeboard.verdict.codes import Code
from leeboard.verdict.judgements.answer import Answer, Facts, Judgement


class Listener(Strict):
    """One listener that is on, as `plugins/module_utils/_windows/remote/WinRm.psm1` reports it."""

    address: str
    transport: str
    port: int
    certificate: str = ""

    @property
    def label(self) -> str:
        """The listener for the grounds of a judgement."""
        return f"{self.transport} on port {self.port} of {self.address}"


def without_tls(listeners: tuple[Listener, ...], facts: Facts) -> Answer:
    """Listeners over HTTP on a machine that is in no domain; in one, Kerberos encrypts each message."""
    plain = [listener for listener in listeners if listener.transport != "HTTPS"]
    if not plain:
        return Answer((), "; ".join(listener.label for listener in listeners) or "it listens nowhere")
    domain = facts.value("domain")
    if domain:
        return Answer((), f"{'; '.join(listener.label for listener in plain)}: Kerberos of {domain} encrypts it")
    return Answer(tuple(listener.label for listener in plain), "the machine is in no domain", (Code.WITHOUT_TLS,))


JUDGEMENTS: dict[str, Judgement] = {"winrm_without_tls": without_tls}
