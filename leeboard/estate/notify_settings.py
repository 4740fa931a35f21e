"""Whom Leeboard tells of a night, and how: the key `notify` in `estate.yml` and `school.yml`.

Secrets stand in files of their own, which are named here.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from leeboard.model.strict import Strict

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\Z")
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\Z")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
URL = re.compile(
    r"https://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?\Z"
)
LINK = re.compile(r"(?:https|file)://[A-Za-z0-9._~!$&'()*+,;=:@%/{}-]{1,300}\Z")
MOST = 20  # addresses of a school


def _matching(pattern: re.Pattern[str], message: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.match(value):
            raise ValueError(message)
        return value

    return AfterValidator(check)


def _braces(value: str) -> str:
    if re.sub(r"\{urn\}", "", value).count("{") or re.sub(r"\{urn\}", "", value).count("}"):
        raise ValueError("may have {urn} in braces and nothing else")
    return value


Address = Annotated[str, _matching(ADDRESS, "must be an e-mail address in plain letters, such as it@school.example")]
Host = Annotated[str, _matching(HOST, "must be the name of a server, such as smtp.example.org")]
SecretFile = Annotated[str, _matching(FILE_NAME, "must be the name of a file beside this one")]
Url = Annotated[str, _matching(URL, "must begin with https:// and have no account, question mark or fragment")]
Link = Annotated[str, _matching(LINK, "must begin with https:// or file://"), AfterValidator(_braces)]
Path = Annotated[str, _matching(re.compile(r"[^\x00-\x1f\x7f]{1,300}\Z"), "must be a file's path")]
User = Annotated[str, _matching(re.compile(r"[!-~]{1,128}\Z"), "must be an account in plain letters")]


class Mail(Strict):
    """The server that takes mail.

    `password` is a file beside estate.yml, encrypted by ansible-vault; `ca` one of certificates, for a server that no
    public authority vouches for.
    """

    sender: Address = Field(alias="from")
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    tls: Literal["starttls", "implicit"] = "starttls"
    user: User | None = None
    password: SecretFile | None = None
    ca: Path | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.user is None) is not (self.password is None):
            raise ValueError("has user or password alone; give both, or none where the server asks for neither")
        return self


class Webhook(Strict):
    """Where a message goes as JSON. `secret` is a file beside estate.yml, encrypted by ansible-vault; `ca` as above."""

    url: Url
    secret: SecretFile
    ca: Path | None = None


class EstateNotify(Strict):
    """What `estate.yml` says: servers, who is told of nights that failed, and where a school's report lies."""

    mail: Mail | None = None
    webhook: Webhook | None = None
    operators: Annotated[tuple[Address, ...], Field(max_length=MOST)] = ()
    link: Link | None = None


class SchoolNotify(Strict):
    """What `school.yml` says: who is told what is new there."""

    mail: Annotated[tuple[Address, ...], Field(max_length=MOST)] = ()
