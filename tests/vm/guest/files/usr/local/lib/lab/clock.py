"""A time server on this machine, for clocks to agree with: it gives this machine's own time (RFC 4330)."""

import socket
import struct
import time

SINCE_1900 = 2208988800


def stamp() -> bytes:
    now = time.time() + SINCE_1900
    return struct.pack("!II", int(now), int(now % 1 * 2**32))


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 123))
    while True:
        asked, client = server.recvfrom(1024)
        if len(asked) < 48:
            continue
        received = stamp()
        # No leap second, the client's version, server; stratum 2, its poll interval, precision about a microsecond.
        head = struct.pack("!BBBb", asked[0] & 0x38 | 4, 2, asked[2], -20)
        head += struct.pack("!II4s", 0, 1, bytes((127, 0, 0, 2)))
        server.sendto(head + received + asked[40:48] + received + stamp(), client)
