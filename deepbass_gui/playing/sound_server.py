"""Whether this program still has its connection to the PulseAudio server.

When the server dies, Qt 6.11 tries once, after some 2 s, to connect again. Until then, and for ever
if that fails, starting a `QAudioSink` ends the whole program by an assertion in libpulse
(`pa_context_get_state` of no context), and no function of Qt's tells. The program's own sockets do.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

_SOCKETS = Path("/proc/self/fd")


def is_connected() -> bool:
    """Whether a socket of this program leads to a PulseAudio server; False if not known."""
    return any(map(_is_servers, _peers()))


def _is_servers(peer: str) -> bool:
    told = os.environ.get("PULSE_SERVER", "").rpartition("unix:")[2]
    return "/pulse/" in peer or (bool(told) and peer == told)


def _peers() -> list[str]:
    """Paths of the servers to which sockets of this program lead."""
    found: list[str] = []
    if sys.platform != "linux":
        return found
    for entry in _SOCKETS.iterdir():
        try:
            if not str(entry.readlink()).startswith("socket:"):
                continue  # of anything else the copy would never be closed
            with socket.socket(fileno=os.dup(int(entry.name))) as connected:
                peer = connected.getpeername()
        except OSError:  # no socket, not connected, or closed meanwhile
            continue
        if isinstance(peer, str):
            found.append(peer)
    return found
