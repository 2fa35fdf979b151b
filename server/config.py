"""What a server can be told when it starts, with the limits it keeps."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024
"""Largest message received."""

ITEMS_MAX: Final = 10_000
"""Claims of a batch, and register items of a message."""

LINES_MAX: Final = 50_000
"""Lines of all claims of a batch; with ids of the longest they stay below `MESSAGE_BYTES_MAX`."""

METADATA_BYTES_MAX: Final = 4_096
CONCURRENT_STREAMS_MAX: Final = 100
"""Streams on one connection."""
CONNECTIONS_MAX: Final = 4_000


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Settings of one server."""

    address: str = "127.0.0.1:50051"
    """A loopback address and a port; port 0 lets the system choose one."""
    backups: Path | None = None
    """Folder for copies of the store; without it none are made."""
    reflection: bool = False
    """Whether tools may ask for the contracts."""
    in_flight_max: int = 64
    """Unanswered requests of one terminal's stream; the server stops reading there."""
    messages_in_flight_max: int = 4
    """Unanswered messages of one bulk stream."""
    queue_max: int = 4_096
    """Single requests waiting for a commit, over all streams."""
    chunk: int = 1_000
    """Claims or register items committed together where no terminal asks."""
    chunk_beside: int = 250
    """The same while terminals ask; each of them waits for one such chunk at most."""
    credit_step: int = 2_000
    """Members of the register that one step of a credit run looks at; a terminal waits for one step
    at most."""
    grace_seconds: float = 15.0
    """How long a stopping server waits for clients that do not read their answers."""
    idle_seconds: float = 1.0
    """How long nothing was asked before a checkpoint is written, if one pays."""


def check_loopback(address: str) -> str:
    """Return the address to bind; only this machine may reach it.

    Raises:
        ValueError: not HOST:PORT, or not a loopback host.
    """
    host, _, port = address.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f'expected an address such as 127.0.0.1:50051, found "{address}"')
    name = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    try:
        loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(
            f'"{address}" is not a loopback address; until connections carry certificates the '
            "server is reached from this machine only: use 127.0.0.1:PORT or [::1]:PORT"
        )
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
