"""Builds the disk images of the lab, one folder each in the cache, named by what made them.

`images/<name>-<digest>/` holds `disk.raw` (ext4, no partition table; where it is encrypted: encrypt.py), `vmlinuz`,
`initrd.img`, `technician` (the private key), `technician.pub`, `known_hosts` and the mark `in-use`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from .cache import images_dir, locked, remove_unless_held
from .encrypt import BOOT_MB, BOOT_UUID, LUKS_UUID, encrypt, strip_folder
from .errors import LabError
from .recipe import Recipe
from .requirements import SEARCH_PATH, find, lab_requirement

HERE = Path(__file__).parent
GUEST = HERE / "guest"
HOST_ALIAS = "leeboard-lab"
IN_USE = "in-use"
_BUILDER_FILES = ("encrypt.py", "image.py", "recipe.py")
_UNWANTED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/help/*")


@dataclass(frozen=True)
class Image:
    """A finished image. Its files are never written to; machines work on overlays."""

    recipe: Recipe
    digest: str
    folder: Path

    @property
    def disk(self) -> Path:
        """The root file system, raw."""
        return self.folder / "disk.raw"

    @property
    def kernel(self) -> Path:
        """The kernel that QEMU starts."""
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        """The initramfs that goes with the kernel."""
        return self.folder / "initrd.img"

    @property
    def client_key(self) -> Path:
        """The private key that opens technician, pupil and teacher over SSH."""
        return self.folder / "technician"

    @property
    def known_hosts(self) -> Path:
        """The guest's host key under the name `HOST_ALIAS`."""
        return self.folder / "known_hosts"


def image_digest(recipe: Recipe) -> str:
    """The SHA-256 of everything that makes the image, but for the packages' versions."""
    digest = hashlib.sha256(repr(sorted(asdict(recipe).items())).encode())
    files = [HERE / name for name in _BUILDER_FILES]
    files += sorted(path for path in GUEST.rglob("*") if path.is_file())
    for path in files:
        digest.update(str(path.relative_to(HERE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def find_image(recipe: Recipe) -> Image | None:
    """The finished image of `recipe`, if the cache has it."""
    digest = image_digest(recipe)
    image = Image(recipe, digest, images_dir() / f"{recipe.name}-{digest[:16]}")
    return image if image.folder.is_dir() else None


def ensure_image(recipe: Recipe, *, fresh: bool = False) -> Image:
    """The image of `recipe`, built first if the cache lacks it or a `fresh` one is wanted.

    Two builders side by side: the second waits and takes what the first made. A build that is
    killed leaves a folder whose name starts with a dot; the next build removes it.
    """
    image = None if fresh else find_image(recipe)
    if image is not None:
        return image
    with locked(images_dir() / f".{recipe.name}.lock"):
        image = find_image(recipe)
        if image is not None and not fresh:
            return image
        if image is not None and not remove_unless_held(image.folder, IN_USE):
            raise LabError(f"{image.folder}: a machine runs on this image: stop it, then rebuild")
        for leftover in images_dir().glob(f".build-{recipe.name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        digest = image_digest(recipe)
        work = Path(tempfile.mkdtemp(prefix=f".build-{recipe.name}-", dir=images_dir()))
        try:
            _build(recipe, work)
            target = images_dir() / f"{recipe.name}-{digest[:16]}"
            work.chmod(0o755)
            work.rename(target)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
    _prune(recipe.name, keep=target)
    return Image(recipe, digest, target)


def _build(recipe: Recipe, work: Path) -> None:
    problem = lab_requirement()
    if problem:
        raise LabError(problem)
    # The keys and scripts lie where mmdebstrap's unshared user can read them.
    with tempfile.TemporaryDirectory(prefix="leeboard-lab-") as scratch:
        keys = Path(scratch) / "keys"
        guest = Path(scratch) / "guest"
        keys.mkdir()
        shutil.copytree(GUEST, guest)
        _make_keys(keys, work)
        tar, boot = work / "root.tar", work / "boot.tar"
        given = {"LAB_HOSTNAME": recipe.hostname, "LAB_KEYS": str(keys)}
        if recipe.encrypted:
            given |= {"LAB_LUKS": LUKS_UUID, "LAB_BOOT": BOOT_UUID}
        _run(_mmdebstrap(recipe, guest, tar, boot), **given)
    if recipe.encrypted:
        strip_folder(boot)
    _take_boot_files(boot if recipe.encrypted else tar, work)
    root = _file_system(tar, work / "disk.raw", recipe.disk_mb, "lab-root")
    if recipe.encrypted:
        plain = root.rename(work / "plain.raw")
        small = _file_system(boot, work / "boot.raw", BOOT_MB, "lab-boot", "-U", BOOT_UUID)
        encrypt(plain, small, work / "disk.raw", _run)
    (work / IN_USE).touch()


def _file_system(tar: Path, target: Path, size_mb: int, label: str, *options: str) -> Path:
    """Make an ext4 file system of what is in a tar archive, which is gone afterwards."""
    with target.open("wb") as handle:
        handle.truncate(size_mb * 1024 * 1024)
    _run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", label, "-m", "0", *options,
          "-E", "lazy_itable_init=1,lazy_journal_init=1", "-d", str(tar), str(target)])  # fmt: skip
    tar.unlink()
    return target


def _make_keys(keys: Path, work: Path) -> None:
    for name, comment in (("technician", "lab technician"), ("ssh_host_ed25519_key", HOST_ALIAS)):
        _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(keys / name)])
    if os.geteuid() != 0:  # read by mmdebstrap's unshared user; the folder is gone after the build
        keys.parent.chmod(0o755)
        (keys / "ssh_host_ed25519_key").chmod(0o644)
    shutil.copy(keys / "technician", work)
    (work / "technician").chmod(0o600)
    shutil.copy(keys / "technician.pub", work)
    kind, key = (keys / "ssh_host_ed25519_key.pub").read_text().split()[:2]
    (work / "known_hosts").write_text(f"{HOST_ALIAS} {kind} {key}\n")


def _mmdebstrap(recipe: Recipe, guest: Path, tar: Path, boot: Path) -> list[str]:
    options = ['APT::Install-Recommends "false"', 'Acquire::Languages "none"', *_apt_options()]
    return [
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
        "--format=tar",
        *(f"--aptopt={option}" for option in options),
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _UNWANTED),
        f"--include={','.join(recipe.packages)}",
        f'--setup-hook={guest / "prepare.sh"} "$1"',
        f'--customize-hook={guest / "customise.sh"} "$1"',
        *(_boot_apart(boot) if recipe.encrypted else ()),
        recipe.suite,
        str(tar),
        *apt_sources(recipe.suite),
    ]


def _boot_apart(boot: Path) -> list[str]:
    """Take what is in /boot out of the guest: it lies on a file system of its own."""
    return [f"--customize-hook=tar-out /boot {shlex.quote(str(boot))}", '--customize-hook=rm -rf "$1"/boot/*']


def apt_sources(suite: str, etc: Path = Path("/etc")) -> list[str]:
    """The files of this machine's own apt sources that a guest of `suite` can use as well.

    Empty where this machine is not of that suite: mmdebstrap then takes its own default. A file
    with `file:` sources is left out, since the guest does not have that folder.
    """
    if platform.freedesktop_os_release().get("VERSION_CODENAME") != suite:
        return []
    apt = etc / "apt"
    candidates = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    chosen = []
    for path in candidates:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = re.sub(r"(?m)^\s*#.*$", "", path.read_text(encoding="utf-8"))
        if re.search(rf"\b{re.escape(suite)}\b", text) and not re.search(r"\b(file|copy):", text):
            chosen.append(str(path))
    return chosen


def _apt_options() -> list[str]:
    """How this machine's apt judges the age of package lists (a frozen mirror needs it)."""
    shown = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False)
    wanted = ("Acquire::Check-Valid-Until ", "Acquire::Check-Date ")
    return [line.rstrip(";") for line in shown.stdout.splitlines() if line.startswith(wanted)]


def _take_boot_files(tar: Path, work: Path) -> None:
    with tarfile.open(tar) as archive:
        for member in archive:
            base = Path(member.name).name
            if Path(member.name).parent.name not in ("boot", "") or not member.isfile():
                continue
            for prefix, target in (("vmlinuz-", "vmlinuz"), ("initrd.img-", "initrd.img")):
                source = archive.extractfile(member) if base.startswith(prefix) else None
                if source is not None:
                    (work / target).write_bytes(source.read())
    for name in ("vmlinuz", "initrd.img"):
        if not (work / name).exists():
            raise LabError(f"{tar}: no /boot/{name}: the recipe needs a kernel package")


def _run(command: list[str], text: str = "", **environment: str) -> None:
    path = find(command[0]) or command[0]
    env = {**os.environ, "PATH": SEARCH_PATH, "LC_ALL": "C", **environment}
    done = subprocess.run(
        [path, *command[1:]], env=env, capture_output=True, text=True, input=text, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
        raise LabError(f"{command[0]} failed ({done.returncode}) while building an image:\n{tail}")


def _prune(name: str, keep: Path) -> None:
    """Remove images of `name` made by other recipes or builders, unless a machine runs on them."""
    for folder in images_dir().glob(f"{name}-*"):
        if folder != keep:
            remove_unless_held(folder, IN_USE)
