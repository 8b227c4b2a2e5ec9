"""To which machines calls may go: a name is looked up here, and the call goes to the very address that was checked.

So a provider's name that comes to mean an address of this network, or a redirect to one, reaches nothing in it.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from app.core.fetching.errors import RefusedError

NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


def is_public(text: str) -> bool:
    """Whether an address is one of the internet, also in the forms that carry an IPv4 address in an IPv6 one."""
    try:
        address: Address = ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast


async def addresses_of(host: str, port: int) -> Sequence[str]:
    """What a name means now, in the order in which to try; raises `httpx.ConnectError` where it means nothing."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError("the name is not known") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to public addresses alone, unless `allow_private`; certificates are checked for the name.

    Each name has connections of its own: two names behind one address never share one.
    """

    def __init__(self, tls: ssl.SSLContext, *, allow_private: bool) -> None:
        self._tls = tls
        self._allow_private = allow_private
        self._pools: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `RefusedError` where the name has no address that may be called."""
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        found = await addresses_of(host, port)
        allowed = [address for address in found if self._allow_private or is_public(address)]
        if not allowed:
            raise RefusedError("its address is one of a private network, which FETCH_PRIVATE_ADDRESSES does not allow")
        pool = self._pools.get(host)
        if pool is None:
            pool = self._pools[host] = httpx.AsyncHTTPTransport(verify=self._tls, retries=0)
        for address in allowed[:-1]:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await pool.handle_async_request(_to(request, address))
        return await pool.handle_async_request(_to(request, allowed[-1]))

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()


def _to(request: httpx.Request, address: str) -> httpx.Request:
    """The same to this address; redirects and cookies still go by the name in the original."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    url = request.url.copy_with(host=address)
    return httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)
