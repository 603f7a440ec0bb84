"""Where a push may go. Its address was given by a user, so that it may not lead into the house.

Only https, and only to addresses of the public internet. A name is resolved here, and the connection goes to the very
address that was looked at, so that a name that answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from urllib.parse import SplitResult, urlsplit

import msgspec

URL_CHARS_MAX = 2_000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Unreachable(Exception):
    """Not an address that a push may go to; `final`: it will not become one."""

    def __init__(self, detail: str, final: bool = True) -> None:
        super().__init__(detail)
        self.final = final


class Reach(msgspec.Struct, frozen=True):
    """`loopback`: this machine itself too; `trust`: whose certificates are believed (None: those of the system)."""

    loopback: bool = False
    trust: ssl.SSLContext | None = None


class Place(msgspec.Struct, frozen=True):
    """`url` names the address itself; `host` is the name it was found by, for the certificate and the Host header."""

    url: str
    host: str
    origin: str


def check_form(url: str) -> SplitResult:
    """What can be said of the address without asking anybody. Raises Unreachable."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unreachable(f"not an address: {error}") from error
    if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise Unreachable("not an address")
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password or port == 0:
        raise Unreachable("an https:// address is wanted")
    return parts


def place_of(url: str, reach: Reach) -> Place:
    """Raises Unreachable."""
    parts = check_form(url)
    host, port = str(parts.hostname), parts.port or 443
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} has no address: {error}", final=False) from error
    addresses = [ipaddress.ip_address(one[4][0].partition("%")[0]) for one in found]
    if not all(is_open(address, reach) for address in addresses):
        raise Unreachable(f"{host} is not on the public internet")
    address = addresses[0]
    literal = f"[{address}]" if address.version == 6 else str(address)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    origin = f"https://{parts.netloc}"
    return Place(f"https://{literal}:{port}{path}", parts.netloc, origin)


def is_open(address: ipaddress.IPv4Address | ipaddress.IPv6Address, reach: Reach) -> bool:
    inner = _within(address)
    if inner.is_loopback:
        return reach.loopback
    return inner.is_global and not inner.is_multicast


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one leads to, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
