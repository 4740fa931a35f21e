"""The school's own tunnel as its file has it, as all files of swanctl together have it, and as charon has it loaded.

A later file may go on with our connection and change any key in it, so what counts is the section that all files make.
What is there in it beside ours is named with its place, as a word that no setting has: `changed:KEY@FILE,LINE`.
"""

from __future__ import annotations

from typing import Any

from ...engine.host import Host, HostError
from ...engine.reading import Machine, Reading, absent, reading, value
from ...engine.safe_read import text_or_nothing
from ...system.certificate import digests
from ..files import AUTHORITIES, NO_TUNNEL
from ..strongswan import charon, swanctl
from ..strongswan import profiles as strongswan
from ..strongswan.settings import Entry, Section
from . import again as tunnel_again
from . import names as tunnel_names
from .conf import CHILD, CONF, NAME, NO_IPV6, TABLE, authority_digest, authority_file, connection, flat
from .words import NONE, Wanted, text

ADDRESS = "tunnel"
LONGEST = 300


def read(host: Host, driver: str) -> Reading:
    """The reading of `tunnel`. Raises HostError."""
    now, problem = effective(host)
    if now is None:
        return reading(driver, ADDRESS, absent(NO_TUNNEL))
    written = value(now, CONF, "string")
    waiting = problem or not_running(host)
    return reading(driver, ADDRESS, written, running=value(NONE, waiting[:LONGEST], "string") if waiting else written)


def effective(host: Host) -> tuple[str | None, str]:
    """(the tunnel in words as all files make it, what keeps it from being one). None without our connection.

    Raises HostError.
    """
    found = section(host)
    if found is None:
        return (None, "") if text_or_nothing(host, CONF) is None else (NONE, f"{CONF} is not read by swanctl")
    servers, other = tunnel_names.written(host)
    other += tunnel_again.differences(host)
    wanted = as_wanted(found)._replace(dns=servers)
    # First, since a long text is cut off where a person sees it.
    words = [*(f"changed:{one}" for one in [*differences(found, wanted), *other]), text(wanted)]
    missing = [one for one in wanted.authorities if not is_there(host, one)]
    problem = f"{AUTHORITIES}/{authority_file(missing[0])} is not the authority's certificate" if missing else ""
    return " ".join(words), problem


def section(host: Machine) -> Section | None:
    """Our connection as all files together make it. Raises HostError where swanctl would load none of them."""
    parsed = swanctl.settings(host)
    if parsed is None:
        return None
    return parsed.root.sections.get("connections", Section()).sections.get(NAME)


def differences(found: Section, wanted: Wanted) -> list[str]:
    """KEY@FILE,LINE of all that is not as our file would say it; keys of sections stand behind theirs and a dot."""
    expected = flat(connection(wanted))
    there = _entries(found)
    other = [
        f"{key}@{entry.path},{entry.place.rpartition(' ')[2]}"
        for key, entry in there.items()
        if expected.get(key) != (entry.text or "")
    ]
    other += [f"{key}@{CONF}" for key in expected if key not in there]
    return sorted("".join(one.split()) for one in other)


def _entries(found: Section, above: str = "") -> dict[str, Entry]:
    entries = {f"{above}{key}": entry for key, entry in found.keys.items()}
    for name, inner in found.sections.items():
        entries.update(_entries(inner, f"{above}{name}."))
    return entries


def not_running(host: Host) -> str:
    """Why charon does not have the tunnel of the files, as a sentence; empty where it has it. Raises HostError."""
    if not charon.socket(host):
        return "charon does not run"
    later = strongswan.waiting(host)
    if later:
        return later
    found = section(host)
    loaded = dict(charon.query(host, "list-conns")).get(NAME)
    if loaded is None or found is None:
        return f"charon has not loaded {NAME}; swanctl --load-conns says why"
    wanted = as_wanted(found)
    remote, local = loaded.get("remote-1", {}), loaded.get("local-1", {})
    children: dict[str, Any] = loaded.get("children") or {}
    child = children.get(CHILD, {})
    facts: list[tuple[str, object, object]] = [
        ("version", loaded.get("version"), "IKEv2"),
        ("the gateway's addresses", loaded.get("remote_addrs"), [*wanted.called]),
        ("the gateway's name", remote.get("id"), wanted.gateway),
        ("the gateway's proof", remote.get("class"), "public key"),
        ("this device's name", local.get("id"), wanted.identity),
        ("this device's proof", local.get("class"), "public key"),
        ("what goes through it", sorted(child.get("remote-ts", [])), sorted(wanted.to)),
        ("another round of proof", sorted(key for key in loaded if key[:6] in ("local-", "remote")
                                          and key not in ("local-1", "remote-1", "remote_addrs")), []),
        ("its children", sorted(children), sorted([CHILD, *([NO_IPV6] if wanted.everything else [])])),
        ("the authorities", len(remote.get("cacerts", [])), len(wanted.authorities)),
    ]  # fmt: skip
    facts += [
        (f"what its child {name} does", str(children.get(name, {}).get("mode", mode)).partition(" ")[0], mode)
        for name, mode in ((CHILD, "TUNNEL"), (NO_IPV6, "DROP"))
    ]
    for what, now, should in facts:
        if now != should:
            return f"charon has loaded {NAME} otherwise than the files say ({what})"
    return (
        _past_it(host, wanted)
        or tunnel_names.not_loaded(host, tunnel_names.written(host)[0])
        or tunnel_again.not_running(host)
    )


def _past_it(host: Host, wanted: Wanted) -> str:
    """Which family's traffic the kernel leads past the tunnel, as a sentence. Raises HostError."""
    for family, mark in (("4", "."), ("6", ":")):
        if not any(mark in network for network in wanted.to):
            continue
        done = host.query(["ip", f"-{family}", "rule", "show"])
        if done.rc != 0:
            raise HostError("failed", f"ip rule ended with status {done.rc}: {done.err.strip()[:200]}")
        rules = [line.split() for line in done.out.splitlines()]
        if not any(rule[-2:] == ["lookup", TABLE] and rule[1:3] == ["from", "all"] for rule in rules):
            return (
                f"no rule of the kernel leads IPv{family} to charon's routes (table {TABLE}): it goes past the tunnel"
            )
    return ""


def is_there(host: Machine, digest: str) -> bool:
    """Whether charon gets the certificate of an authority that the tunnel trusts. Raises HostError."""
    path = f"{AUTHORITIES}/{authority_file(digest)}"
    return digests(text_or_nothing(host, path) or "", path) == [fingerprint(digest)]


def fingerprint(digest: str) -> str:
    """A SHA-256 in hex as OpenSSL prints a certificate's: SHA256:AB:CD..."""
    return "SHA256:" + ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)).upper()


def as_wanted(found: Section) -> Wanted:
    """The tunnel that the keys of a connection describe, as far as they do."""
    children = found.sections.get("children", Section())
    local, remote = (found.sections.get(side, Section()) for side in ("local", "remote"))
    child = children.sections.get(CHILD, Section())
    gateway = remote.text("id", "?")
    addresses = [one for one in swanctl.words(found.text("remote_addrs")) if one != gateway]
    return Wanted(
        gateway,
        tuple(addresses),
        tuple(swanctl.words(found.text("proposals", "default"))),
        tuple(swanctl.words(child.text("esp_proposals", "default"))),
        local.text("id", "?"),
        tuple(sorted(authority_digest(one) for one in swanctl.words(remote.text("cacerts")))),
        tuple(sorted(swanctl.words(child.text("remote_ts", "dynamic")))),
        remote.text("revocation", "relaxed"),
    )
