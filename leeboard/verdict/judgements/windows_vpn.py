"""What the VPN profiles of Windows come to, by the judgements that Linux has, and where they lead."""

from __future__ import annotations

from leeboard.verdict.judgements import vpn
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, Facts, Judgement
from leeboard.verdict.judgements.profile import Profile, Word

INSIDE = "inside "  # how a method begins that hides the one that counts


class WindowsProfile(Profile):
    """A profile in a phonebook, with the gateways that it leads to, whose phonebook it is, and who brought it there."""

    gateway: Word = ""
    owner: Word = ""
    delivered: Word = ""

    @property
    def label(self) -> str:
        """The profile in words, for the grounds of a judgement."""
        brought = f", brought by {self.delivered}" if self.delivered else ""
        return f"{self.name} of {self.owner or self.program}{brought}"


Profiles = tuple[WindowsProfile, ...]


def without_certificate(profiles: Profiles, facts: Facts) -> Answer:
    """As on Linux; what proves itself inside PEAP or TTLS cannot be told, unless something is wrong in any case."""
    hidden = [profile for profile in profiles if any(how.startswith(INSIDE) for how in profile.authentication)]
    plain = tuple(
        profile.model_copy(
            update={"authentication": tuple(how for how in profile.authentication if not how.startswith(INSIDE))}
        )
        for profile in profiles
    )
    known = tuple(
        profile for profile, whole in zip(plain, profiles, strict=True) if profile.authentication or whole not in hidden
    )
    answer = vpn.without_certificate(known, facts)
    if hidden and not answer.value:
        profile = hidden[0]
        method = next(how for how in profile.authentication if how.startswith(INSIDE)).removeprefix(INSIDE).upper()
        raise CannotBeTold(
            f"{profile.label} ({profile.where}): a phonebook does not tell what proves itself inside {method}"
        )
    return answer


def gateways(profiles: Profiles, _facts: Facts) -> Answer:
    """The gateways that the profiles lead to."""
    names = sorted({name for profile in profiles for name in profile.gateway.split() or ["nowhere"]})
    grounds = dict.fromkeys(
        f"{profile.label} leads to {profile.gateway or 'nowhere'} ({profile.where})" for profile in profiles
    )
    return Answer(tuple(names), "; ".join(grounds) or "no VPN profile")


JUDGEMENTS: dict[str, Judgement] = {
    "windows_vpn_protocols": vpn.protocols,
    "windows_vpn_ike_strength": vpn.ike_strength,
    "windows_vpn_esp_strength": vpn.esp_strength,
    "windows_vpn_without_certificate": without_certificate,
    "windows_vpn_past_the_tunnel": vpn.past_the_tunnel,
    "windows_vpn_saved_passwords": vpn.saved_passwords,
    "windows_vpn_gateways": gateways,
}
