"""A mail a school with what is new: counts and a link, in plain text, over TLS with a certificate that is checked."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from leeboard.errors import LeeboardError
from leeboard.estate.notify_settings import Mail
from leeboard.model.words import number, when
from leeboard.notify.news import SEVERITIES, SchoolNews
from leeboard.report.words import clean

WAIT_SECONDS = 30


@dataclass(frozen=True)
class Letter:
    """One mail. `id` is the same whenever the same is told, so that a receiver knows a second one for the first."""

    id: str
    to: tuple[str, ...]
    subject: str
    lines: tuple[str, ...]

    def message(self, sender: str, at: datetime) -> EmailMessage:
        """The mail itself."""
        message = EmailMessage()
        message["From"] = sender
        message["To"] = ", ".join(self.to)
        message["Subject"] = clean(self.subject, 200)
        message["Date"] = format_datetime(at.astimezone(UTC))
        digest = hashlib.sha256(self.id.encode()).hexdigest()[:32]
        message["Message-ID"] = f"<leeboard-{digest}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n".join(self.lines) + "\n")
        return message


def letter(news: SchoolNews, to: Sequence[str], link: str | None) -> Letter:
    """The mail to a school: its marking, what is new, how its devices stand, where its report lies."""
    told = [f"{news.total:,} new", f"{news.mended:,} mended"]
    severities = ", ".join(f"{news.new[one]:,} {one}" for one in SEVERITIES if news.new.get(one))
    lines = [
        news.marking,
        "",
        f"{news.name} ({news.urn}), checked {when(news.began)}",
        "",
        f"New findings: {news.total:,}{f' ({severities})' if severities else ''}",
        f"Mended: {news.mended:,}",
        f"Devices that are new on the inventory: {news.came:,}",
        f"Devices whose last answer went out of date: {news.out_of_date:,}",
        "",
        f"{number(news.devices, 'device')}: {news.silent:,} not seen in the last run, "
        f"{news.unknown:,} not fully known, {news.drifted:,} drifted, {news.clear:,} with all well",
    ]
    if news.broken_off:
        lines += ["", "The run was broken off before its end: devices may be missing in these counts."]
    if link:
        lines += ["", f"The report: {link.replace('{urn}', news.urn)}"]
    lines += ["", "This mail has counts alone; what they are of stands in the report.", "", news.marking]
    subject = f"Leeboard: {', '.join(told)} at {news.name}"
    return Letter(f"{news.urn} {news.run}", tuple(to), subject, tuple(lines))


def send(
    letters: Iterable[Letter],
    mail: Mail,
    password: str | None,
    at: datetime,
    sent: Callable[[Letter], None],
) -> list[str]:
    """Send mails, and report each that the server took. Returns what was refused, in lines.

    Raises LeeboardError where the server cannot be talked to safely: no TLS, a certificate that is not its own, an
    account that it does not take. Then nothing more is sent.
    """
    problems = []
    with _connected(mail, password) as server:
        for one in letters:
            try:
                refused = server.send_message(one.message(mail.sender, at), mail.sender, list(one.to))
            except smtplib.SMTPRecipientsRefused as refusal:
                refused = refusal.recipients
                problems.append(f"{', '.join(refused)}: refused by {mail.host}; nobody was told: {one.subject}")
                continue
            except smtplib.SMTPResponseException as refusal:
                problems.append(f"{mail.host} refused a mail ({_reply(refusal)}): {one.subject}")
                server.rset()
                continue
            problems += [f"{address}: refused by {mail.host}; others were told" for address in refused]
            sent(one)
    return problems


@contextmanager
def _connected(mail: Mail, password: str | None) -> Iterator[smtplib.SMTP]:
    """The server, signed in to. Nothing is said to it before TLS but that TLS is wanted."""
    where = f"{mail.host}:{mail.port}"
    name = mail.sender.rpartition("@")[2]
    try:
        trusted = ssl.create_default_context(cafile=mail.ca)
    except (OSError, ssl.SSLError) as problem:
        raise LeeboardError(f"{mail.ca}: holds no certificates that can be read: {problem}") from None
    server: smtplib.SMTP | None = None
    try:
        if mail.tls == "implicit":
            server = smtplib.SMTP_SSL(mail.host, mail.port, name, timeout=WAIT_SECONDS, context=trusted)
        else:
            server = smtplib.SMTP(mail.host, mail.port, name, timeout=WAIT_SECONDS)
            server.starttls(context=trusted)
        if mail.user is not None and password is not None:
            server.login(mail.user, password)
        yield server
        server.quit()
    except ssl.SSLCertVerificationError as problem:
        raise LeeboardError(f"{where}: its certificate does not count ({problem.verify_message})") from None
    except ssl.SSLError as problem:
        raise LeeboardError(f"{where}: speaks no TLS that counts ({problem.reason or 'no reason given'})") from None
    except smtplib.SMTPNotSupportedError:
        raise LeeboardError(f"{where}: offers no TLS, or no way to sign in; it was told nothing") from None
    except smtplib.SMTPAuthenticationError as problem:
        raise LeeboardError(f"{where}: does not take the account {mail.user} ({problem.smtp_code})") from None
    except smtplib.SMTPServerDisconnected:
        raise LeeboardError(f"{where}: ended the connection") from None
    except smtplib.SMTPResponseException as problem:
        raise LeeboardError(f"{where}: answered {_reply(problem)}") from None
    except OSError as problem:
        raise LeeboardError(f"{where}: cannot be reached: {problem.strerror or problem}") from None
    finally:
        if server is not None:
            server.close()


def _reply(problem: smtplib.SMTPResponseException) -> str:
    error = problem.smtp_error
    words = error.decode(errors="backslashreplace") if isinstance(error, bytes) else str(error)
    return f"{problem.smtp_code} {clean(words, 200)}"
