"""What other people's lists let guess about a device: its form, whether it is one at all, and is still there.

What a list says outright is looked up in `leeboard.estate.synonyms`; here are models, categories and statuses.
"""

from __future__ import annotations

import re

from leeboard.estate.synonyms import parse_value
from leeboard.model.enums import Form, Platform
from leeboard.model.problem import Mistake
from leeboard.storage.tabular import plain_name

# The first pattern that is found decides. A model alone seldom says what runs on it, except for these.
OTHER = re.compile(r"chrome ?book|chrome ?box|ipad|iphone|macbook|\bimac\b|mac (mini|studio|pro)\b|apple tv|galaxy tab")

FORMS = (
    (Form.SERVER, r"\bservers?\b|poweredge|proliant|primergy|thinksystem"),
    (
        Form.DESKTOP,
        r"desktop|tower|all.in.one|\baio\b|optiplex|thinkcentre|prodesk|elitedesk|elite ?mini|veriton|esprimo|"
        r"workstation|\bnuc\b|\bimac|mac (mini|studio|pro)\b|\b[ms]ff\b|small form factor|\bpcs?\b|chrome ?box",
    ),
    (
        Form.PORTABLE,
        r"laptop|notebook|portable|tablet|chrome ?book|macbook|ipad|latitude|thinkpad|elitebook|probook|travelmate|"
        r"lifebook|vivobook|zenbook|surface|satellite|tecra|convertible|detachable|2.in.1|netbook|galaxy tab|iphone",
    ),
)
# Categories of what an asset register also has, and nobody checks.
NO_DEVICE = re.compile(
    r"monitor|\bscreens?\b|display panel|interactive panel|smartboard|whiteboard|projector|printer|copier|scanner|"
    r"\bdock|docking|keyboard|\bmouse\b|\bmice\b|headset|headphone|speaker|camera|webcam|visuali[sz]er|switch(es)?\b|"
    r"router|access point|firewall appliance|\bups\b|cable|adapter|charger|trolley|licen[cs]e|toner|phone|calculator|"
    r"furniture|television|\btvs?\b"
)
GONE = (
    "archived", "retired", "dispos", "scrapped", "sold", "writtenoff", "lost", "stolen", "recycled", "donated",
    "decommission", "notfixable", "returnedtosupplier", "returnedtolessor",
)  # fmt: skip
# Intune's states of a device on its way out (managedDevice's managementState in Microsoft Graph).
LEAVING = ("retire", "wipe", "delete")
NO = ("false", "no", "0", "disabled", "n")


def guessed_platform(*texts: str) -> str:
    """other for a model or category on which nothing else runs; "" when it cannot be said."""
    return Platform.OTHER if any(OTHER.search(text.casefold()) for text in texts) else ""


def guessed_form(*texts: str) -> str:
    """portable, desktop or server, from the first of a category, system and model that lets guess; "" if none does."""
    return next((form for text in texts if (form := _form(text))), "")


def guessed_role(used_by: str) -> str:
    """The role of a device by who uses it; "" for a person, and for every word that says none."""
    try:
        return str(parse_value("role", used_by))
    except Mistake:
        return ""


def no_device(category: str) -> bool:
    """True for a category of things that are no computers: monitors, printers and the like."""
    return NO_DEVICE.search(category.casefold()) is not None and not _form(category)


def gone(status: str) -> bool:
    """True for a status that says the school no longer has the device, or is about to lose it."""
    plain = plain_name(status)
    return plain.startswith(LEAVING) or any(word in plain for word in GONE)


def _form(text: str) -> str:
    lowered = " ".join(text.casefold().split())
    return next((form for form, pattern in FORMS if re.search(pattern, lowered)), "") if lowered else ""
