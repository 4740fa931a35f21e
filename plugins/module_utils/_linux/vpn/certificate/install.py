"""Putting a certificate in place of an old one, without a moment in which the device has none that works.

The pair of key and certificate is staged on the disk. Where an old pair is there and still holds, charon gets the new
one in its memory alone, signs in anew with it, and only when that has carried traffic the files change places: what
breaks off before finds the old pair where it was. Where nobody uses the tunnel we make that traffic ourselves. Where
there is nothing to lose the new one goes in at once.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from typing import Any

from ...engine.change import write
from ...engine.edits import ChangeRefused, FileEdit
from ...engine.host import Host
from ...engine.safe_read import text_or_nothing
from ...system.certificate import BLOCK, digests
from ..files import AUTHORITIES, CERTIFICATES, KEYS, LISTS
from ..ikev2 import names as tunnel_names
from ..ikev2 import traffic as tunnel_traffic
from ..ikev2.conf import authority_file
from ..strongswan import charon
from .pair import Certificate, file_name, look, ours, same_name, wrong
from .request import FOLDER, NEXT_KEY, prepare, public_key

NEXT = f"{FOLDER}/next.pem"
LIST = f"{LISTS}/leeboard.pem"
MOST = 20  # certificates in one text
# Roll-outs are made at school, where a gateway may give no tunnel: with fewer seconds left than these the new
# certificate goes in as it was verified, since a laptop whose old one ran out has no tunnel at all.
WAITS = 30 * 86400
LOAD = ["swanctl", "--load-creds", "--clear", "--noprompt"]
Ask = Callable[[tunnel_traffic.Question], None]


class Given:
    """What the authority sent back: `certificate` with its chain behind it, its own `authorities` and a `revoked` list,
    all in PEM."""

    def __init__(self, certificate: str, authorities: list[str], revoked: str = "") -> None:
        self.leaf, *self.chain = blocks(certificate) or [""]
        self.authorities = [one for text in authorities for one in blocks(text)]
        self.revoked = revoked


def blocks(text: str) -> list[str]:
    """Each certificate of a PEM text, in PEM."""
    found = [f"-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----\n" for body in BLOCK.findall(text)]
    if len(found) > MOST:
        raise ChangeRefused(f"there are {len(found)} certificates in one text, more than {MOST}")
    return found


def install(host: Host, given: Given, identity: str, check: bool) -> bool:
    """Check what the authority sent, write it, and put the certificate in its place where that can be. True where
    something was changed. Raises ChangeRefused, HostError."""
    new = checked(host, given, identity)
    there = [one for one in ours(host) if one.sha256 == new.sha256]
    edits = trusted_edits(host, given)
    staged = not there and (text_or_nothing(host, NEXT) != given.leaf)
    if check:
        return bool(edits) or staged
    for edit in edits:
        write(host, edit)
    if staged:
        prepare(host)
        write(host, FileEdit(NEXT, None, given.leaf.encode(), 0o600, (0, 0)))
    host.forget()
    if edits and charon.socket(host):
        _load(host)
    return bool(edits) or staged


def trust(host: Host, given: Given, check: bool) -> bool:
    """Put the authority's certificates and list where charon takes them. True where one was not there as it is.

    Raises ChangeRefused, HostError.
    """
    edits = trusted_edits(host, given)
    if edits and not check:
        for edit in edits:
            write(host, edit)
        host.forget()
        if charon.socket(host):
            _load(host)
    return bool(edits)


def checked(host: Host, given: Given, identity: str) -> Certificate:
    """The certificate, as openssl believes it. Raises ChangeRefused with what is wrong, HostError."""
    if not given.leaf or not given.authorities:
        raise ChangeRefused("the authority sent no certificate, or not its own")
    new = look(host, given.leaf, "the certificate")
    if identity not in new.names:
        raise ChangeRefused(f"the certificate is for {', '.join(new.names)[:100] or 'nobody'}, not for {identity}")
    waits = public_key(host)
    mine = [one for one in ours(host) if one.sha256 == new.sha256]
    if not mine and (not waits or waits.split() != new.public_key.split()):
        raise ChangeRefused("the certificate is for another key than the one that was made here")
    prepare(host)
    trusted, more = f"{FOLDER}/authorities.pem", f"{FOLDER}/chain.pem"
    write(host, FileEdit(trusted, None, "".join(given.authorities).encode(), 0o600, (0, 0)))
    write(host, FileEdit(more, None, "".join(given.chain).encode(), 0o600, (0, 0)))
    argv = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", host.path(trusted)]
    if given.chain:
        argv += ["-untrusted", host.path(more)]
    done = host.act(argv, input=given.leaf)
    if done.rc != 0:
        raise ChangeRefused(f"the certificate does not hold: {' '.join((done.err or done.out).split())[-300:]}")
    return new


def trusted_edits(host: Host, given: Given) -> list[FileEdit]:
    """The files of authorities and of the list of revoked certificates that are not there yet as they are."""
    wanted = {}
    for pem in [*given.authorities, *given.chain]:
        digest = digests(pem, "an authority's certificate")[0].replace("SHA256:", "").replace(":", "").lower()
        wanted[f"{AUTHORITIES}/{authority_file(digest)}"] = pem
    if given.revoked:
        wanted[LIST] = given.revoked
    edits = []
    for path, text in wanted.items():
        before = text_or_nothing(host, path)
        if before != text:
            edits.append(FileEdit(path, None if before is None else before.encode(), text.encode(), 0o644, (0, 0)))
    return edits


def settle(
    host: Host, connection: str, clock: Any = time, patience: float = 60, ask: Ask = tunnel_traffic.ask
) -> tuple[bool, str]:
    """(whether something was changed, what a person must know) of a staged certificate: into its place, or why not.

    It is given `patience` seconds to carry traffic; `ask` sends what nobody else does. Raises ChangeRefused, HostError.
    """
    text = text_or_nothing(host, NEXT)
    if text is None:
        return False, ""
    new = look(host, text, NEXT)
    old = [one for one in ours(host) if one.sha256 != new.sha256]
    holding = [one for one in old if not wrong(host, one, clock.time())]
    if holding and connection in dict(charon.associations(host)):
        problem = _tried(host, connection, new, old, clock, patience, ask)
        if problem:
            return False, f"the new certificate did not prove itself ({problem}): the old one stays"
    elif any(one.last - clock.time() > WAITS for one in holding):
        return False, "the new certificate waits until the tunnel is up: the old one still holds"
    _in_place(host, text, new, old)
    return True, ""


def _in_place(host: Host, text: str, new: Certificate, old: list[Certificate]) -> None:
    """The key first: a certificate without one is of no use. The old certificate goes before its key likewise."""
    name = file_name(new.sha256)
    key = host.read(NEXT_KEY)
    write(host, FileEdit(f"{KEYS}/{name}", None, key, 0o600, (0, 0)))
    write(host, FileEdit(f"{CERTIFICATES}/{name}", None, text.encode(), 0o644, (0, 0)))
    for one in old:
        write(host, FileEdit(one.path, b"", None))
        if host.exists(same_name(one.path)):
            write(host, FileEdit(same_name(one.path), b"", None))
    for path in (NEXT, NEXT_KEY):
        write(host, FileEdit(path, b"", None))
    host.forget()
    if charon.socket(host):
        _load(host)


def _load(host: Host, folder: str = "") -> None:
    """Make charon take its certificates and keys from the files, or from another folder of the same shape."""
    argv = list(LOAD)
    environment = {"SWANCTL_DIR": folder} if folder else None
    if folder:
        argv += ["--file", "/etc/swanctl/swanctl.conf"]
    done = host.act(argv, environment=environment)
    host.forget()
    if done.rc != 0:
        raise ChangeRefused(f"charon did not take its certificates: {done.err.strip()[-300:]}")


TRIAL = f"{FOLDER}/trial"
# The folders that swanctl looks for certificates and keys in (swanctl(8)).
OTHERS = ("x509ca", "x509aa", "x509ocsp", "x509ac", "x509crl", "pubkey", "rsa", "ecdsa", "bliss", "pkcs8", "pkcs12")


def _tried(
    host: Host, connection: str, new: Certificate, old: list[Certificate], clock: Any, patience: float, ask: Ask
) -> str:
    """Why the new certificate carries no traffic, empty where it does. In charon's memory alone."""
    _stage(host, new, old)
    try:
        before = {one.get("uniqueid", "") for one in _sign_ins(host, connection)}
        _load(host, host.path(TRIAL))
        done = host.act(["swanctl", "--rekey", "--ike", connection, "--reauth"])
        if done.rc != 0:
            problem = f"charon did not sign in anew: {done.err.strip()[-200:]}"
        else:
            problem = _not_carried(host, connection, before, clock, clock.monotonic() + patience, ask)
    finally:
        _clear(host)
    if problem:
        _load(host)
    return problem


def _not_carried(host: Host, connection: str, before: set[str], clock: Any, end: float, ask: Ask) -> str:
    """Why nothing came in until `end` by a sign-in that is none of `before`, empty where something did."""
    servers, asked = tunnel_names.written(host)[0], dict[str, None]()
    while True:
        host.forget()
        stands = [
            one
            for one in _sign_ins(host, connection)
            if one.get("uniqueid") not in before and one.get("state") == "ESTABLISHED"
        ]
        if any(map(_came_in, stands)):
            return ""
        if clock.monotonic() > end:
            whom = f"; {', '.join(asked)} did not answer by it" if asked else ""
            return f"no traffic within its time{whom}" if stands else "no traffic within its time: it signed in nowhere"
        for question in [question for one in stands for question in tunnel_traffic.questions(one, servers)]:
            asked[question.address] = None
            ask(question)
        clock.sleep(1)


def _sign_ins(host: Host, connection: str) -> list[dict[str, Any]]:
    """The sign-ins of a connection that charon has now, as it lists them."""
    return [one for name, one in charon.query(host, "list-sas") if name == connection]


def _came_in(sign_in: dict[str, Any]) -> bool:
    """Whether something came in through a sign-in."""
    children = (sign_in.get("child-sas") or {}).values()
    return any(int(child.get("bytes-in", "0")) > 0 for child in children if isinstance(child, dict))


def _stage(host: Host, new: Certificate, old: list[Certificate]) -> None:
    """A folder as swanctl's own, in which the new pair stands in the place of the old ones."""
    _clear(host)
    folder = host.path(TRIAL)
    os.makedirs(folder, mode=0o700)
    for name in OTHERS:
        if host.exists(f"/etc/swanctl/{name}"):
            os.symlink(host.path(f"/etc/swanctl/{name}"), f"{folder}/{name}")
    gone = {one.path for one in old} | {same_name(one.path) for one in old}
    for place, mine in ((CERTIFICATES, NEXT), (KEYS, NEXT_KEY)):
        inner = f"{folder}/{os.path.basename(place)}"
        os.mkdir(inner, mode=0o700)
        for name in host.entries(place):
            if f"{place}/{name}" not in gone:
                os.symlink(host.path(f"{place}/{name}"), f"{inner}/{name}")
        os.symlink(host.path(mine), f"{inner}/{file_name(new.sha256)}")


def _clear(host: Host) -> None:
    folder = host.path(TRIAL)
    if os.path.lexists(folder):
        shutil.rmtree(folder)
    host.forget()
