"""A VPN profile of NetworkManager as text: without its secrets, and what NetworkManager is told of it."""

from __future__ import annotations

import re

NMCLI = ("/usr/bin/nmcli", "/bin/nmcli")
RUNS = "nmcli -t -f RUNNING general 2>/dev/null | grep -q '^running'"
# Where NetworkManager does not run, it reads its files when it starts.
RELOAD = ("sh", "-c", f"! {RUNS} || nmcli connection reload")
# Sections that hold what a person would have to find out again. What is in others may be anything.
SECTIONS = re.compile(r"connection|vpn|wireguard|wireguard-peer\..{1,100}|ipv4|ipv6|proxy")
SECRET = re.compile(r"pass|pwd|psk|secret|pin|private|preshared|token|cookie|otp|seed|code", re.IGNORECASE)
FLAGS = re.compile(r"\d{1,2}")
# What names a key may be one: base64 begins with a stroke as well.
FILE = re.compile(r"(?:file://)?/(?:etc|home|root|usr|var|opt|srv)/[^\s;]*")
BLOB = re.compile(r"[A-Za-z0-9+/=_-]{40,}")
LINE = re.compile(r"\s*([^=\s\[#][^=]*?)\s*=\s*(.*?)\s*")


def without_secrets(content: bytes) -> bytes:
    """A key file without passwords and keys, comments and what nobody knows. A public key of a peer stays.

    Bytes that are no UTF-8 cost their line.
    """
    kept = []
    inside = ""
    for line in content.split(b"\n"):
        try:
            text = line.decode("utf-8").strip()
        except UnicodeDecodeError:
            continue
        if text.startswith("[") and text.endswith("]"):
            inside = text[1:-1] if SECTIONS.fullmatch(text[1:-1]) else ""
            # The name of a peer's section is its public key.
            kept += [text] if inside else []
            continue
        pair = LINE.fullmatch(text)
        if inside and pair and _may_stay(pair.group(1).lower(), pair.group(2)):
            kept.append(text)
    return "\n".join([*kept, ""]).encode()


def _may_stay(key: str, text: str) -> bool:
    if key.endswith("-flags"):
        return bool(FLAGS.fullmatch(text))
    if SECRET.search(key):
        return False
    if FILE.fullmatch(text):
        return True
    return not key.endswith("key") and not BLOB.search(text)
