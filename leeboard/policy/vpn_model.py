"""The shape of the VPN of a level."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from leeboard.model.strict import Strict

IPsecParameter = Literal[
    "AuthenticationTransformConstants",
    "CipherTransformConstants",
    "EncryptionMethod",
    "IntegrityCheckMethod",
    "DHGroup",
    "PfsGroup",
]


class VpnDefinition(Strict):
    """The VPN of one level: what a school may declare, and the suite that is set up.

    `kinds` are the protocols. With `everything` all traffic goes through the tunnel. `strength` is the suite in bits;
    `ike` and `esp` are proposals in swanctl's words, `windows` the parameters of Set-VpnConnectionIPsecConfiguration
    and `phonebook` the same as a phonebook has them: integrity, encryption, group, cipher and authentication of the
    traffic, group of its rekey.
    """

    kinds: tuple[Literal["ikev2", "wireguard"], ...]
    everything: bool
    strength: int
    ike: Annotated[tuple[str, ...], Field(min_length=1)]
    esp: Annotated[tuple[str, ...], Field(min_length=1)]
    windows: dict[IPsecParameter, str]
    phonebook: tuple[int, int, int, int, int, int]
    source: str

    @model_validator(mode="after")
    def _all_six(self) -> VpnDefinition:
        missing = [name for name in get_args(IPsecParameter) if name not in self.windows]
        if missing:
            raise ValueError(f"windows lacks {', '.join(missing)}: Windows takes all six or none")
        return self
