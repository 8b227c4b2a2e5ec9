"""Who is at the other end: addresses behind trusted proxies, and what counts as one address."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

Address = IPv4Address | IPv6Address

MOST_HOPS = 32
LONGEST_HOP = 64
IPV6_PREFIX = 64
NOWHERE = "nowhere"
"""The key of a caller whose address is not known; all of them count as one."""


def parse_address(text: str) -> Address | None:
    """The address in one hop of X-Forwarded-For, with or without a port and brackets; None for anything else.

    An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address; a zone (`%eth0`) is left away.
    """
    text = text.strip()
    if len(text) > LONGEST_HOP:
        return None
    if text.startswith("["):
        text, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not _is_port(rest)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and text[1:].isdecimal()


def address_key(host: str | None) -> str:
    """What counts as one caller: an IPv4 address, or the /64 of an IPv6 one, for whoever has one has the other 2^64."""
    address = parse_address(host) if host else None
    if address is None:
        return NOWHERE
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, IPV6_PREFIX), strict=False).network_address)


class TrustedProxies:
    """Believes X-Forwarded-For and X-Forwarded-Proto from the given networks, and from nobody else.

    The list is walked from its right end, where our own proxy wrote, past every hop that is trusted; the first other
    one is the client. What stands left of it may be made up, and so may what cannot be read: there the walk ends, and
    the last hop that could be read is taken. Other forwarding headers, the host above all, are never believed.
    """

    def __init__(self, app: ASGIApp, networks: Sequence[str]) -> None:
        self.app = app
        self._networks = [ip_network(network) for network in networks]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client"):
            host, port = scope["client"]
            peer = parse_address(host)
            if peer is not None:
                scope = {**scope, "client": (str(peer), port)}
                if self._trusts(peer):
                    self._believe(scope, peer)
        await self.app(scope, receive, send)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _believe(self, scope: Scope, peer: Address) -> None:
        client = self._client(_values(scope, b"x-forwarded-for")[-MOST_HOPS:], peer)
        if client != peer:
            scope["client"] = (str(client), 0)
        protocols = _values(scope, b"x-forwarded-proto")
        if protocols and protocols[-1].strip().lower() in {"http", "https"}:
            scope["scheme"] = protocols[-1].strip().lower()

    def _client(self, hops: list[str], peer: Address) -> Address:
        client = peer
        for hop in reversed(hops):
            address = parse_address(hop)
            if address is None:
                break
            client = address
            if not self._trusts(address):
                break
        return client


def _values(scope: Scope, wanted: bytes) -> list[str]:
    """Each element of a header that is a list, in order, however many headers it came in."""
    found = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    return ",".join(found).split(",") if found else []
