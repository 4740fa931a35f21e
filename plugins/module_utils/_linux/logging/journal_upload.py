"""systemd-journal-upload: where it sends the journal, and how that way is protected (journal-upload.conf(5))."""

from __future__ import annotations

from ..dropin.systemd import effective, files
from ..engine.host import Host
from ..system.systemd_unit import arguments, note_if_older, properties, service
from ..system.tls_files import Who
from .forwarders import EVERYTHING, Forwarders, Sending, unit_place

UNIT = "systemd-journal-upload.service"
PORT = "19532"
# The key in the file, the option that comes before it, the default of Debian and Ubuntu.
URL = ("URL", ("--url", "-u"), "")
KEY = ("ServerKeyFile", ("--key",), "/etc/ssl/private/journal-upload.pem")
CERTIFICATE = ("ServerCertificateFile", ("--cert",), "/etc/ssl/certs/journal-upload.pem")
TRUST = ("TrustedCertificateFile", ("--trust",), "/etc/ssl/ca/trusted.pem")


def look(host: Host, forwarders: Forwarders) -> None:
    """Add what it sends to `forwarders`. Raises HostError."""
    unit = service(host, UNIT)
    one = sending(host) if unit.counts else None
    if one is None:
        return
    one.place = unit_place(one.place, unit.why)
    forwarders.sendings.append(one)
    (forwarders.others if unit.why else forwarders.complete).append(one.target)
    user, groups = account(host)
    one.who = Who(host, user, groups) if user and user != "root" else None
    watched = paths(host) + [path for path in (one.ca, one.key, one.certificate) if path.startswith("/")]
    forwarders.note = forwarders.note or note_if_older(host, UNIT, watched, "systemd-journal-upload")


def sending(host: Host) -> Sending | None:
    """The Sending of a machine where the unit runs or will run; None when no URL is set. Raises HostError."""
    words = arguments(host, UNIT)
    url, place = _setting(host, words, URL)
    if not url:
        return None
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "https", url
    where, _dummy, _path = rest.partition("/")
    name = where.partition("]")[0] + "]" if where.startswith("[") else where.partition(":")[0]
    port = where[len(name) :].lstrip(":") or PORT
    one = Sending(f"{scheme}://{name}:{port}", place, scheme)
    one.certain = EVERYTHING
    one.mode = int(scheme == "https")
    one.peers = [name]
    one.ca = _setting(host, words, TRUST)[0]
    # Either word switches the check off, although the connection is encrypted.
    one.auth = "anon" if one.ca in ("-", "all") else "x509/name"
    key = _setting(host, words, KEY)[0]
    if key != "-":
        one.key, one.certificate = key, _setting(host, words, CERTIFICATE)[0]
    return one


def _setting(host: Host, words: list[str], about: tuple[str, tuple[str, ...], str]) -> tuple[str, str]:
    """(what is in effect, where it stands) of one setting."""
    name, options, usual = about
    for at, word in enumerate(words):
        option, equals, text = word.partition("=")
        if option in options:
            return (text if equals else words[at + 1] if at + 1 < len(words) else ""), f"the command of {UNIT}"
    aspect = effective(host, f"systemd/journal-upload.conf:Upload.{name}")
    return str(aspect.get("value", usual)), aspect["source"]


def paths(host: Host) -> list[str]:
    """The files that it reads when it starts. Raises HostError."""
    return files(host, "journal-upload")


def account(host: Host) -> tuple[str, list[str]]:
    """(user, groups) that it runs as; its user is made at the start and has no files of its own."""
    fields = properties(host, UNIT)
    return fields.get("User", ""), [fields.get("Group", ""), *fields.get("SupplementaryGroups", "").split()]
