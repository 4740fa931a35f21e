"""The shape of what the world outside asks: the frameworks that controls refer to, and standards question by question.

Nothing here decides a verdict. A question is in our own words; the publisher's stand on its page alone.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from leeboard.model.enums import Form
from leeboard.model.strict import Strict

# What people read for `confidence`.
KNOWN_FROM = {"read": "read", "second_hand": "second hand", "recalled": "recalled"}


class Framework(Strict):
    """What a reference may name; `uk` where it is published in the United Kingdom, for those who work there."""

    title: str
    uk: bool = False


class StandardQuestion(Strict):
    """One question of a standard: what answers it, and what of it Leeboard cannot answer and why.

    `reference` is its number or heading there. `confidence` says where `asks` is from: the publisher's own text was
    read, or what others list or quote of it (second_hand), or it is only recalled.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    reference: str
    asks: str
    confidence: Literal["read", "second_hand", "recalled"]
    forms: tuple[Form, ...] = ()
    controls: tuple[str, ...] = ()
    cannot: str = ""

    @model_validator(mode="after")
    def _answered_or_not(self) -> StandardQuestion:
        if not self.controls and not self.cannot:
            raise ValueError("a question that no control answers says what Leeboard cannot answer, and why: cannot")
        if self.forms and not self.controls:
            raise ValueError("a question that no control answers is about no form of device")
        return self


class Standard(Strict):
    """One standard, as of a version or a day. `source` says which text was read here, and when."""

    title: str
    publisher: str
    version: str
    page: str = Field(pattern=r"^https://\S+$")
    source: str
    questions: Annotated[tuple[StandardQuestion, ...], Field(min_length=1)]
