"""Programs that run with the rights of another account (setuid, setgid), on the file systems of this machine itself."""

from __future__ import annotations

from ..engine.host import Host, HostError
from ..system.mounts import unescaped

MOUNTS = "/proc/self/mounts"
PROGRAMS = "/usr/bin"
LOCAL = ("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "zfs", "bcachefs", "tmpfs", "overlay")
# Images of containers come and go with their programs, which nobody outside of them runs.
IMAGES = ("/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/machines", "/var/lib/lxc")
LONGEST = 60  # seconds that the search may take


def places(host: Host) -> list[str]:
    """Where local file systems are mounted whose programs may take other rights. Raises HostError."""
    mounted_on: dict[str, bool] = {}
    for place, kind, options in _mounted(host):
        takes = kind in LOCAL and not {"nosuid", "noexec"} & options
        inside = any(place == image or place.startswith(image + "/") for image in IMAGES)
        mounted_on[place] = takes and not inside  # the last file system mounted on a place is the one that is seen
    around = [place for place in mounted_on if f"{PROGRAMS}/".startswith(f"{place.rstrip('/')}/")]
    if not around or not mounted_on[max(around, key=len)]:
        raise HostError("failed", f"{PROGRAMS} lies on no local file system, so its setuid programs are not known")
    return sorted(place for place, takes in mounted_on.items() if takes)


def _closed_to_root(host: Host) -> list[str]:
    """How find complains of folders that people mounted by FUSE: root may not look in, and no setuid counts there."""
    return [f"find: '{place}': " for place, kind, _options in _mounted(host) if kind.startswith("fuse")]


def _mounted(host: Host) -> list[tuple[str, str, set[str]]]:
    """(place, kind of file system, set of options) of each mount, in their order. Raises HostError."""
    try:
        text = host.text(MOUNTS)
    except FileNotFoundError:
        raise HostError("failed", f"{MOUNTS} is missing, so it is not known which file systems there are") from None
    lines = [line.split(" ") for line in text.splitlines()]
    return [(unescaped(parts[1]), parts[2], set(parts[3].split(","))) for parts in lines if len(parts) > 3]


def programs(host: Host) -> list[str]:
    """The paths of those programs, sorted. One child for all file systems. Raises HostError."""
    starts = places(host)
    left_out = [word for image in IMAGES for word in ("-path", image, "-prune", "-o")]
    argv = ["find", *starts, "-xdev", *left_out, "-type", "f", "-perm", "/6000", "-print0"]
    done = host.query(argv, timeout=LONGEST)
    # What vanishes while find looks gives status 1 and a line of its own.
    aside = tuple(_closed_to_root(host))
    lines = [line for line in done.err.splitlines() if not line.endswith("No such file or directory")]
    trouble = [line for line in lines if not line.startswith(aside)]
    if done.rc not in (0, 1) or trouble or (done.out and not done.out.endswith("\0")):
        raise HostError("failed", f"the search for setuid programs broke off: {(trouble or [done.err])[0][:200]}")
    if not done.out:
        raise HostError("failed", "the search for setuid programs found none at all, and no system is without them")
    return sorted({path for path in done.out.split("\0") if path})
