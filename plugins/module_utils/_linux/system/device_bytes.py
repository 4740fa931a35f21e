"""The bytes of a block device, by the path that a program is given; read only."""

from __future__ import annotations

import os

from ..engine.host import Host, HostError


def span(host: Host, device: str, offset: int, size: int) -> bytes:
    """`size` bytes of a device from `offset` on. Raises HostError, also where it ends before."""
    with _Opened(host, device) as handle:
        content = os.pread(handle, size, offset)
    if len(content) != size:
        raise HostError("malformed", f"{device} ends before byte {offset + size}")
    return content


def size_of(host: Host, device: str) -> int:
    """How many bytes a device has. Raises HostError."""
    with _Opened(host, device) as handle:
        return os.lseek(handle, 0, os.SEEK_END)


class _Opened:
    """A device that is open for reading; what goes wrong meanwhile is a HostError."""

    def __init__(self, host: Host, device: str) -> None:
        self._host = host
        self._device = device
        self._handle = -1

    def __enter__(self) -> int:
        try:
            self._handle = os.open(self._device, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as problem:
            raise self._error(problem) from None
        return self._handle

    def __exit__(self, _kind: object, problem: object, _trace: object) -> None:
        os.close(self._handle)
        if isinstance(problem, OSError):
            raise self._error(problem) from None

    def _error(self, problem: OSError) -> HostError:
        return HostError("failed" if self._host.is_root else "needs_root", f"{self._device}: {problem.strerror}")
