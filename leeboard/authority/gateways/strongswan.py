"""A strongSwan gateway: swanctl's files, the timer that brings the lists, and what to do with them.

Read in strongSwan's source (revocation_validator.c at 6.0) and in swanctl.conf(5): a list that is valid is used until
its end and not fetched again; one that is past its end is no list to `strict`; what is in a list counts in any case.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from leeboard.authority.gateways.wanted import Peer, Wanted, by_family
from leeboard.authority.profile import LIST_LASTS

REAUTHENTICATE = "24h"  # well within the time that a list lasts: only then a certificate is looked at again
CONF, PAGE = "swanctl/conf.d/leeboard.conf", "README.md"
SCRIPT = "usr/local/sbin/leeboard-vpn-lists"
UNIT = "etc/systemd/system/leeboard-vpn-lists"
ADDRESSES = "addresses.csv"
HOME, HOME_LOADER = "etc/swanctl/leeboard-home.nft", "etc/systemd/system/strongswan.service.d/leeboard-home.conf"


def files(wanted: Wanted) -> dict[str, str]:
    """The files of an export, by their names in its folder."""
    found = {CONF: conf(wanted), SCRIPT: _script(wanted), f"{UNIT}.service": SERVICE, f"{UNIT}.timer": TIMER}
    found |= {f"swanctl/x509ca/{one.id}.pem": one.certificate for one in wanted.authorities}
    if wanted.pools:
        found[ADDRESSES] = "urn,asset,name,addresses\n" + "".join(
            f"{peer.urn},{peer.asset},{peer.name},{' '.join(peer.addresses)}\n" for peer in wanted.peers
        )
    if wanted.home:
        found |= {HOME: home(wanted), HOME_LOADER: HOME_LOADER_TEXT}
    return {**found, PAGE: page(wanted)}


def home(wanted: Wanted) -> str:
    """Rules of nftables by which a laptop in one of the schools' own networks gets no answer, and so no tunnel."""
    rules = "".join(
        f"    {family} saddr {{ {', '.join(networks)} }} udp dport {{ 500, 4500 }} drop\n"
        for family, networks in sorted(by_family(wanted.home).items())
    )
    return HOME_TEXT.replace("@RULES@", rules)


def connection(peer: Peer) -> str:
    """What a device's connection is called."""
    return f"leeboard-{peer.name.split('.')[0]}-{peer.urn}"


def conf(wanted: Wanted) -> str:
    """swanctl's file: a connection for each device, which is known by the name in its certificate."""
    lines = [
        "# Written by leeboard vpn export-gateway. Changes here are lost when it is written again.",
        "connections {",
    ]
    for peer in wanted.peers:
        lines += _connection(wanted, peer)
    lines += ["}", "pools {"]
    for peer in wanted.peers:
        for number, address in enumerate(peer.addresses, 1):
            dns = [one for one in wanted.dns if (":" in one) == (":" in address)]
            lines += [f"  {connection(peer)}-{number} {{", f"    addrs = {address}"]
            lines += [f"    dns = {', '.join(dns)}"] if dns else []
            lines.append("  }")
    lines += ["}", "authorities {"]
    for one in wanted.authorities:
        lines += [f"  {one.id} {{", f"    cacert = {one.id}.pem", f"    crl_uris = {one.lists}", "  }"]
    return "\n".join((*lines, "}", ""))


def _connection(wanted: Wanted, peer: Peer) -> Iterator[str]:
    pools = ", ".join(f"{connection(peer)}-{number}" for number in range(1, len(peer.addresses) + 1))
    yield f"  {connection(peer)} {{"
    yield from (
        "    version = 2", f"    proposals = {wanted.suite.ike}", "    send_cert = always", "    unique = replace",
        "    dpd_delay = 30s", "    mobike = yes", "    fragmentation = yes", "    rekey_time = 4h",
        f"    reauth_time = {REAUTHENTICATE}",
    )  # fmt: skip
    if pools:
        yield f"    pools = {pools}"
    yield from (
        "    local {", "      auth = pubkey", "      certs = leeboard-gateway.pem", f"      id = {wanted.name}",
        "    }",
        "    remote {", "      auth = pubkey", f"      id = {peer.identity}", f"      cacerts = {wanted.root.id}.pem",
        f"      revocation = {'strict' if wanted.strict else 'relaxed'}", "    }",
        "    children {", "      tunnel {", f"        esp_proposals = {wanted.suite.esp}",
        f"        local_ts = {', '.join(wanted.routes)}", "        dpd_action = clear", "      }", "    }", "  }",
    )  # fmt: skip


def _script(wanted: Wanted) -> str:
    fetches = "\n".join(f"fetch {one.lists} {PurePosixPath(one.lists).name}" for one in wanted.authorities)
    return SCRIPT_TEXT.replace("@FETCHES@", fetches)


def page(wanted: Wanted) -> str:
    """What whoever runs the gateway does with the files."""
    lasts = f"{LIST_LASTS.days} days and {LIST_LASTS.seconds // 3600} hours"
    names = "\n".join(f"| {peer.asset} ({peer.urn}) | `{connection(peer)}` |" for peer in wanted.peers[:2000])
    at_home = HOME_PAGE.format(networks=", ".join(wanted.home)) if wanted.home else NO_HOME_PAGE
    return PAGE_TEXT.format(name=wanted.name, lasts=lasts, reauthenticate=REAUTHENTICATE, names=names, home=at_home)


SCRIPT_TEXT = """#!/bin/sh
# Brings the lists of revoked certificates to where swanctl loads them from. Written by leeboard vpn export-gateway.
set -eu
folder=${LEEBOARD_LISTS:-/etc/swanctl/x509crl}
failed=0
fetch() {
    new=$folder/.$2.new
    # One that does not arrive whole, or is none, leaves the one before in its place.
    if curl -fsS --max-time 60 -o "$new" "$1" && openssl crl -inform DER -in "$new" -noout; then
        mv -f "$new" "$folder/$2"
    else
        rm -f "$new"
        echo "leeboard-vpn-lists: $1 was not brought; the list before counts until its end" >&2
        failed=1
    fi
}
@FETCHES@
# What charon fetched itself is used until its end: it is forgotten, so that the newest list counts at once.
swanctl --flush-certs > /dev/null
swanctl --load-creds --noprompt > /dev/null
exit "$failed"
"""
SERVICE = """[Unit]
Description=Lists of revoked VPN certificates
After=strongswan.service network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/leeboard-vpn-lists
"""
TIMER = """[Unit]
Description=Lists of revoked VPN certificates, each hour

[Timer]
OnBootSec=1min
OnCalendar=hourly
RandomizedDelaySec=10min

[Install]
WantedBy=timers.target
"""
HOME_TEXT = """# Laptops at school get no answer, so they have no tunnel there. Written by leeboard vpn export-gateway.
table inet leeboard_home
delete table inet leeboard_home
table inet leeboard_home {
  chain input {
    type filter hook input priority filter; policy accept;
@RULES@  }
}
"""
# Where the rules cannot be loaded laptops have their tunnel at school as well, which is no harm.
HOME_LOADER_TEXT = """# Written by leeboard vpn export-gateway.
[Service]
ExecStartPre=-/usr/sbin/nft -f /etc/swanctl/leeboard-home.nft
"""
HOME_PAGE = """Package `nftables`. `etc/swanctl/leeboard-home.nft` drops what comes to UDP 500 and 4500 from
{networks}; strongSwan's unit loads it before charon. Laptops there get no answer, so their tunnel is down and they
speak as any other machine of the school. It is this gateway that decides it, since it alone sees from where somebody
comes: a café with the same addresses comes here by its public one.

- Look first at what this gateway sees of a laptop at school (`swanctl --list-sas`): that address has to be in these
  networks. **If a router rewrites the sender of all that it forwards here, everybody seems to come from it**: leave
  `home` out then, or nobody gets in.
- A gateway of another school that comes from these networks gets no answer either.
- `nft flush ruleset`, and a firewall that does it, takes the rules away; laptops then have their tunnel at school as
  well. `systemctl restart strongswan` brings them back.
- Without `home` in a new export, take the rules away by hand:
  `rm /etc/swanctl/leeboard-home.nft /etc/systemd/system/strongswan.service.d/leeboard-home.conf`,
  `nft delete table inet leeboard_home`."""
NO_HOME_PAGE = (
    "Nothing declared `home`: laptops have their tunnel at school too, where this gateway answers from there."
)
PAGE_TEXT = """# The VPN gateway {name} (strongSwan)

**Strict and a list past its end lock everybody out.** With `revocation = strict` nobody connects while a list is
missing or past its end, and whoever is connected is put out at the next reauthentication. A list lasts {lasts}.
Switch to strict only after step 4, and have the timer's failures reach a person.

1. Packages on Debian: `charon-systemd strongswan-swanctl curl openssl`, and `libstrongswan-extra-plugins` if charon is
   to fetch lists itself. The timer below does that too, and needs no plugin.
2. The key is made here and stays here (umask 077):

       openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj / \\
         -keyout /etc/swanctl/private/leeboard-gateway.pem -out gateway.csr

   Give `gateway.csr` to the technician, who runs
   `leeboard vpn issue --gateway {name} --request gateway.csr --to FOLDER`; `certificate.pem` of that folder becomes
   `/etc/swanctl/x509/leeboard-gateway.pem`. What stands in the request beside its key is ignored.
3. Copy `swanctl/` to `/etc/swanctl/`, `usr/` and `etc/` to the root; `chmod 755 /usr/local/sbin/leeboard-vpn-lists`.
   `systemctl daemon-reload; systemctl enable --now leeboard-vpn-lists.timer; systemctl restart strongswan`
4. `systemctl start leeboard-vpn-lists; swanctl --list-certs --type x509_crl` shows a list of the root and one of each
   issuing authority, each with its `next` update in the future. **Only then** have it exported again with `--strict`.
5. `swanctl --load-all` after every new export.

## A device was revoked

A tunnel that is up stays up until it is authenticated anew, which is after {reauthenticate} at the latest. At once:

    /usr/local/sbin/leeboard-vpn-lists && swanctl --terminate --ike CONNECTION

| list | `relaxed` | `strict` |
| --- | --- | --- |
| names the certificate, in time or past its end | refused | refused |
| in time, and does not name it | let in | let in |
| past its end, and does not name it | **let in** | refused, everybody |
| missing | **let in** | refused, everybody |

## The issuing authority was revoked

Its certificate leaves `/etc/swanctl/x509ca`; copy the new export over it, then
`/usr/local/sbin/leeboard-vpn-lists && swanctl --load-all --clear && swanctl --terminate --ike '*'` one connection at a
time. Devices come back once each has a certificate of the new one.

## Laptops at school

{home}

## Connections

| device | connection |
| --- | --- |
{names}
"""
