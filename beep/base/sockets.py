"""Sockets that wait for other programs."""

import socket

from beep.base.errors import OutputError

LAST_PORT = 65_535


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a TCP socket that listens on an address of this machine, IPv4 or IPv6; port 0 chooses a free one.

    Raises OutputError for what is no port, and for an address that is not free or not of this machine.
    """
    if not 0 <= port <= LAST_PORT:
        raise OutputError(f"port must be a number from 0 to {LAST_PORT}, got {port}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as error:
        reason = str(getattr(error, "strerror", None) or error).partition(" (while")[0]  # Python adds the address
        raise OutputError(
            f"the address must be one of this machine and free, got {host}:{port} ({reason}); "
            "choose another host or port"
        ) from None
