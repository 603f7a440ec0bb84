"""Calling an address that somebody typed: webhooks, maintenance systems, push services.

Such an address must not lead into the server's own network. It is resolved once, every address found is judged, and the
connection goes to the very one that was judged (`Target`), with the name kept for `Host`, SNI and the certificate: so a
name that says something else a moment later (DNS rebinding) gains nothing. Redirects are not followed, an answer's
bytes and the whole time are bounded. Public addresses are called by https on the usual ports; what lies elsewhere is
called only where `ARXOS_OUTBOUND_ALLOW` names its host or network, and then by http and on any port as well.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import msgspec

from arxos_sync.problems import Problem

if TYPE_CHECKING:
    import ssl

URL_CHARS_MAX = 2_048
PORTS = frozenset((443, 8443))
WAIT_S_MAX = 15.0  # from the connection to the answer's last byte
ANSWER_BYTES_MAX = 64 * 1024
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], list[str]]
_PRINTED = re.compile(r"[!-\[\]-~]+\Z")  # ASCII without blanks and backslashes, which programs read in different ways
_NAME = re.compile(r"[A-Za-z0-9_.\-]+(?::\d{1,5})?\Z")
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # NAT64: an IPv4 address within an IPv6 one
_UNICAST = ipaddress.ip_network("2000::/3")
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24", "192.88.99.0/24",  # of protocols, and relays to IPv6
        "168.63.129.16/32",  # what a cloud's machines ask about themselves, on a public address
        "2001::/23", "2002::/16",  # Teredo and its like, 6to4: IPv4 addresses within
    )
)  # fmt: skip


class Allowed(msgspec.Struct, frozen=True):
    """What may be called beside public addresses: `name`, `name:port`, networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def has(self, host: str, port: int, address: Address) -> bool:
        if host in self.hosts or f"{host}:{port}" in self.hosts:
            return True
        return any(address in network for network in self.networks)


class Target(msgspec.Struct, frozen=True):
    """An address that was judged. `path` holds the query too."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


class Answer(msgspec.Struct, frozen=True):
    """`headers` by lower-case name. `body` has no more than the bytes asked for; `cut`: there were more."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False


def read_allowed(text: str) -> Allowed:
    """Hosts and networks, parted by commas. Raises ValueError."""
    hosts, networks = set(), []
    for word in (part.strip().lower() for part in text.split(",") if part.strip()):
        try:
            networks.append(ipaddress.ip_network(word))
        except ValueError:
            if "/" in word or not _NAME.match(word):
                raise ValueError(f"{word!r} is neither a host nor a network") from None
            hosts.add(word)
    return Allowed(frozenset(hosts), tuple(networks))


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name. Raises Problem `unreachable`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Problem("unreachable", f"{host} has no address: {error}") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def pinned(url: str, allowed: Allowed, resolver: Resolve = resolve) -> Target:
    """Where a call to `url` may go. Raises Problem `address_refused`, `unreachable`."""
    read = _read(url)
    host, port = str(read.hostname), read.port or (443 if read.scheme == "https" else 80)
    addresses = [_address(text) for text in resolver(host, port)]
    if not addresses:
        raise Problem("unreachable", f"{host} has no address")
    if not all(allowed.has(host, port, one) for one in addresses):
        _demand_public(read.scheme, host, port, addresses)
    path = (read.path or "/") + (f"?{read.query}" if read.query else "")
    return Target(read.scheme, host, port, path, str(addresses[0]))


def _read(url: str) -> SplitResult:
    if len(url) > URL_CHARS_MAX or not _PRINTED.match(url):
        raise Problem("address_refused", f"an address is at most {URL_CHARS_MAX} characters of ASCII without blanks")
    try:
        read = urlsplit(url)
        _ = read.port
    except ValueError as error:
        raise Problem("address_refused", f"{url}: {error}") from error
    if read.scheme not in ("http", "https") or not read.hostname:
        raise Problem("address_refused", f"{url} is no https address")
    if read.username is not None or read.password is not None:
        raise Problem("address_refused", "a name and a password do not belong in an address")
    if read.port == 0:
        raise Problem("address_refused", "there is no port 0")
    return read


def _address(text: str) -> Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _TRANSLATED and not is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)):
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _demand_public(scheme: str, host: str, port: int, addresses: list[Address]) -> None:
    if scheme != "https":
        raise Problem("address_refused", f"{host} is called by https alone")
    if port not in PORTS:
        raise Problem("address_refused", f"port {port} of {host}: it can be {', '.join(map(str, sorted(PORTS)))}")
    for address in addresses:
        if not is_public(address):
            raise Problem("address_refused", f"{host} leads to {address}, which is not public")


def is_public(address: Address) -> bool:
    """Does it lead out of every private network, and to one machine?"""
    if any(address.version == network.version and address in network for network in _NEVER):
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return address in _TRANSLATED or (address in _UNICAST and address.is_global)
    return address.is_global and not address.is_multicast and not address.is_reserved


def send(
    method: str,
    target: Target,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    wait_s_max: float = WAIT_S_MAX,
    answer_bytes_max: int = ANSWER_BYTES_MAX,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One request to the pinned address; any status is an answer. Raises Problem `unreachable`."""
    from .outbound_stream import request

    return request(method, target, headers, body, wait_s_max, answer_bytes_max, tls)


def post(url: str, headers: Mapping[str, str], body: bytes, allowed: Allowed, resolver: Resolve = resolve) -> Answer:
    """Judge an address and post to it at once. Raises Problem `address_refused`, `unreachable`."""
    return send("POST", pinned(url, allowed, resolver), headers, body)
