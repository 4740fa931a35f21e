"""What a machine's VPN profiles come to: their protocols, suites, how each side proves who it is, and what stays out.

Each function takes the profiles and gives an ordinary value, with the profile that decided it in its grounds.
"""

from __future__ import annotations

from collections.abc import Iterable

from leeboard.verdict.codes import Code
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, Facts, Judgement
from leeboard.verdict.judgements.profile import Profile, Tunnel
from leeboard.verdict.judgements.proposals import strength_of_esp, strength_of_ike

Profiles = tuple[Profile, ...]
FAMILIES = {"0.0.0.0/0": "IPv4", "::/0": "IPv6"}
STRONGEST = 256  # bits; what no IPsec profile at all comes to
# Selectors that the device does not know before it is connected.
LATER = ("what the server says", "what the program decides", "not generated", "not told")
# Proposals that a device cannot tell, and why.
UNKNOWN_WORDS = {
    "libreswan": "its proposals are in libreswan's own words, which Leeboard does not know",
    "loaded": "charon does not tell with which proposals it has loaded a connection that stands in no file",
}
UNKNOWN = tuple(f"{word}:" for word in UNKNOWN_WORDS)


def protocols(profiles: Profiles, _facts: Facts) -> Answer:
    """The protocols of all profiles."""
    grounds = [f"{profile.label}: {profile.protocol} ({profile.where})" for profile in profiles]
    return Answer(tuple(sorted({profile.protocol for profile in profiles})), _some_of(grounds, "no VPN profile"))


def ike_strength(profiles: Profiles, _facts: Facts) -> Answer:
    """Bits of the weakest proposal that a profile offers or accepts for IKE, and of what is in use now."""
    offers = [(profile, text, strength_of_ike(text)) for profile in _ipsec(profiles) for text in profile.ike]
    offers += [(profile, text, strength_of_ike(text)) for profile in _ipsec(profiles) for text in profile.agreed]
    return _weakest(offers)


def esp_strength(profiles: Profiles, _facts: Facts) -> Answer:
    """Bits of the weakest proposal that a profile offers or accepts for the traffic itself (ESP)."""
    offers = []
    for profile in _ipsec(profiles):
        for tunnel in profile.tunnels:
            offers += [(profile, text, strength_of_esp(text)) for text in tunnel.esp]
            offers += [(profile, text, strength_of_esp(text, first=True)) for text in tunnel.agreed]
    return _weakest(offers)


def _ipsec(profiles: Profiles) -> list[Profile]:
    return [profile for profile in profiles if profile.ipsec]


def _weakest(offers: list[tuple[Profile, str, int]]) -> Answer:
    known = [offer for offer in offers if not offer[1].startswith(UNKNOWN)]
    bits = min((strength for _profile, _text, strength in known), default=STRONGEST)
    if len(known) < len(offers) and bits:
        profile, text, _bits = next(offer for offer in offers if offer[1].startswith(UNKNOWN))
        raise CannotBeTold(f"{profile.label} ({profile.where}): {UNKNOWN_WORDS[text.split(':')[0]]}")
    weak = [f"{profile.label} takes {text} ({profile.where})" for profile, text, strength in known if strength == bits]
    return Answer(bits, _some_of(weak, "no IPsec profile"))


def without_certificate(profiles: Profiles, _facts: Facts) -> Answer:
    """Profiles in which a side proves itself with something that is shared or typed, or need not prove itself.

    WireGuard's key pairs are no shared secret; a preshared key there only comes on top.
    """
    wrong = []
    for profile in profiles:
        bad = [how for how in profile.authentication if how not in ("certificate", "key")]
        if bad or not profile.authentication:
            wrong.append(f"{profile.name}: {', '.join(bad) or 'nothing'}")
    grounds = [f"{profile.label} ({profile.where})" for profile in profiles]
    return Answer(tuple(wrong), _some_of(grounds, "no VPN profile"), (Code.SHARED_SECRET,) if wrong else ())


def past_the_tunnel(profiles: Profiles, _facts: Facts) -> Answer:
    """What a profile that this device initiates does not take into its tunnel, by family and profile."""
    wrong: list[str] = []
    grounds: list[str] = []
    unknown = ""
    for profile in profiles:
        if profile.role != "initiates":
            continue
        wanted = {selector for tunnel in profile.tunnels for selector in tunnel.to}
        missing = [family for selector, family in FAMILIES.items() if selector not in wanted]
        notes = [note for tunnel in profile.tunnels for note in tunnel.notes]
        if wanted & set(LATER) and missing:
            unknown = unknown or f"{profile.label} ({profile.where}): {', '.join(sorted(wanted & set(LATER)))}"
            continue
        bypassed = [note for note in notes if "past the tunnel" in note]
        if missing or bypassed:
            wrong.append(f"{profile.name}: {' and '.join([*missing, *(['exceptions'] if bypassed else [])])}")
            grounds.append(f"{profile.label} ({profile.where}) leads {_led(profile.tunnels)} into the tunnel")
            grounds += notes
    if unknown and not wrong:
        raise CannotBeTold(f"what goes through the tunnel is known only when it is connected: {unknown}")
    return Answer(tuple(wrong), _some_of(grounds, ""), (Code.OUTSIDE_TUNNEL,) if wrong else ())


def _led(tunnels: Iterable[Tunnel]) -> str:
    shown = [selector for tunnel in tunnels for selector in tunnel.to]
    more = sum(tunnel.more for tunnel in tunnels) + max(0, len(shown) - 5)
    return (", ".join(shown[:5]) or "nothing") + (f" and {more} more" if more else "")


def saved_passwords(profiles: Profiles, _facts: Facts) -> Answer:
    """Profiles with a password, or a secret that many know, saved in their file. Keys of a machine may stand there."""
    wrong = [
        f"{profile.name}: {', '.join(kind for kind in profile.stored if kind in ('password', 'psk', 'other'))}"
        for profile in profiles
        if {"password", "psk", "other"} & set(profile.stored)
    ]
    grounds = [f"{profile.label} ({profile.where})" for profile in profiles if profile.stored]
    return Answer(tuple(wrong), _some_of(grounds, ""), (Code.SAVED_SECRET,) if wrong else ())


def _some_of(parts: list[str], otherwise: str) -> str:
    shown = list(dict.fromkeys(parts))
    return "; ".join(shown[:8]) + (f"; and {len(shown) - 8} more" if len(shown) > 8 else "") or otherwise


JUDGEMENTS: dict[str, Judgement] = {
    "vpn_protocols": protocols,
    "vpn_ike_strength": ike_strength,
    "vpn_esp_strength": esp_strength,
    "vpn_without_certificate": without_certificate,
    "vpn_past_the_tunnel": past_the_tunnel,
    "vpn_saved_passwords": saved_passwords,
}
