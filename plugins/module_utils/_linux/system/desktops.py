"""Which desktops and display managers are installed: from session files and from programs, without asking dpkg."""

from __future__ import annotations

from ..engine.host import Host
from ..engine.safe_read import text_or_nothing

FOLDERS = tuple(
    f"{base}/{kind}" for base in ("/usr/share", "/usr/local/share") for kind in ("xsessions", "wayland-sessions")
)
# What a session file calls its desktop (DesktopNames, then its own name), in lower case.
BY_NAME = {
    "gnome": "gnome", "ubuntu": "gnome", "gnome-classic": "gnome", "gnome-xorg": "gnome", "gnome-wayland": "gnome",
    "kde": "plasma", "plasma": "plasma", "plasmax11": "plasma", "plasmawayland": "plasma",
    "xfce": "xfce", "xfce-wayland": "xfce", "mate": "mate",
    "x-cinnamon": "cinnamon", "cinnamon": "cinnamon", "cinnamon2d": "cinnamon", "cinnamon-wayland": "cinnamon",
    "lxqt": "lxqt", "lxqt-wayland": "lxqt", "lxde": "lxde", "budgie": "budgie", "budgie-desktop": "budgie",
}  # fmt: skip
BY_PROGRAM = {
    "gnome-shell": "gnome",
    "plasmashell": "plasma",
    "startplasma-x11": "plasma",
    "startplasma-wayland": "plasma",
    "xfce4-session": "xfce",
    "mate-session": "mate",
    "cinnamon-session": "cinnamon",
    "lxqt-session": "lxqt",
    "lxsession": "lxde",
    "budgie-panel": "budgie",
}
MANAGERS = {
    "gdm3": "gdm", "gdm": "gdm", "lightdm": "lightdm", "sddm": "sddm", "lxdm": "lxdm", "xdm": "xdm", "slim": "slim",
    "greetd": "greetd", "ly": "ly", "wdm": "wdm", "nodm": "nodm",
}  # fmt: skip
NO_DESKTOP = ("lightdm-xsession", "default", "xsession")  # entries that start whatever else is there
MOST = 50


def desktops(host: Host) -> list[str]:
    """Sorted names; a window manager or an unknown desktop counts as `other:NAME`. Raises HostError."""
    names = {desktop for program, desktop in BY_PROGRAM.items() if host.exists(f"/usr/bin/{program}")}
    for folder in FOLDERS:
        for name in host.entries(folder):
            if name.endswith(".desktop") and name[:-8].lower() not in NO_DESKTOP:
                desktop = _desktop_of(name[:-8], text_or_nothing(host, f"{folder}/{name}") or "")
                if desktop:
                    names.add(desktop)
    return sorted(names)[:MOST]


def session_names(host: Host, desktop: str) -> list[str]:
    """Sorted names of the session files of one desktop, as DESKTOP_SESSION has them. Raises HostError."""
    stems: set[str] = set()
    for folder in FOLDERS:
        for name in host.entries(folder):
            if name.endswith(".desktop"):
                text = text_or_nothing(host, f"{folder}/{name}") or ""
                stems.update([name[:-8]] if _desktop_of(name[:-8], text) == desktop else [])
    return sorted(stems)


def _desktop_of(stem: str, text: str) -> str:
    fields: dict[str, str] = {}
    group = ""
    for line in text.split("\n"):
        if line.startswith("["):
            group = line.strip()
        elif group == "[Desktop Entry]" and "=" in line:
            key, _dummy, rest = line.partition("=")
            fields.setdefault(key.strip(), rest.strip())
    if fields.get("Hidden", "").lower() == "true":
        return ""
    names = [name.strip().lower() for name in fields.get("DesktopNames", "").replace(":", ";").split(";")]
    for name in [*names, stem.lower()]:
        if name in BY_NAME:
            return BY_NAME[name]
    return f"other:{stem.lower()[:40]}"


def display_managers(host: Host) -> list[str]:
    """Sorted names of the display managers that are installed."""
    folders = ("/usr/sbin", "/usr/bin")
    return sorted({name for program, name in MANAGERS.items() if any(host.exists(f"{at}/{program}") for at in folders)})
