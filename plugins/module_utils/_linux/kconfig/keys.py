"""The settings of Plasma's lock screen that are read: a file of KConfig, its group and the keys in it."""

from __future__ import annotations

FILE, GROUP = "kscreenlockerrc", b"Daemon"
SWITCHES = ("Autolock", "Lock", "LockOnResume", "RequirePassword")
MINUTES, SECONDS = "Timeout", "LockGrace"
KEYS = (*SWITCHES, MINUTES, SECONDS)
