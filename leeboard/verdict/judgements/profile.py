"""A VPN profile as a device reports it: `plugins/module_utils/_linux/vpn/profile.py` has the meaning of the words."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from leeboard.model.strict import Strict

Word = Annotated[str, StringConstraints(max_length=8000)]
# A device bounds a profile at 8,000 characters, so these limits only keep nonsense out.
Words = Annotated[tuple[Word, ...], Field(max_length=500)]


class Tunnel(Strict):
    """One way through a VPN: `to` is what goes through it (with `more` selectors left out), `notes` what keeps out."""

    name: Word = ""
    esp: Words = ()
    to: Words = ()
    more: int = 0
    notes: Words = ()
    agreed: Words = ()


class Profile(Strict):
    """One VPN profile, of whatever program."""

    name: Word
    program: Word
    where: Word
    protocol: Word
    role: Literal["initiates", "answers"]
    authentication: Words = ()
    ike: Words = ()
    tunnels: Annotated[tuple[Tunnel, ...], Field(max_length=200)] = ()
    stored: Words = ()
    agreed: Words = ()

    @property
    def ipsec(self) -> bool:
        """Whether it negotiates with IKE."""
        return self.protocol.startswith("ikev")

    @property
    def label(self) -> str:
        """The profile in words, for the grounds of a judgement."""
        return f"{self.name} of {self.program}"
