"""Connections that go to the very address that was checked, and give up at a deadline: what `fetch.py` speaks HTTP over."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore2
import httpx2

from clusterbot.errors import AddressRefused, HostUnknown
from clusterbot.ingest.addresses import IpAddress, is_public

logger = logging.getLogger(__name__)

READ_BYTES = 65_536
Resolve = Callable[[str, int], list[IpAddress]]


def resolve(host: str, port: int) -> list[IpAddress]:
    """Return the addresses of a host, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found))


class CheckingTransport(httpx2.BaseTransport):
    """httpx over a pool of connections that go where `CheckingBackend` lets them."""

    def __init__(self, backend: CheckingBackend, ssl_context: ssl.SSLContext) -> None:
        self._pool = httpcore2.ConnectionPool(ssl_context=ssl_context, network_backend=backend, max_connections=4, http2=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        asked = httpcore2.Request(request.method, target, headers=request.headers.raw, extensions=request.extensions)
        answer = self._pool.handle_request(asked)
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, parts: Any) -> None:  # noqa: ANN401  # httpcore's stream has no public type
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    def close(self) -> None:
        self._parts.close()


class CheckingBackend(httpcore2.NetworkBackend):
    """Connects to an address only after checking it, and gives up at the deadline."""

    def __init__(self, resolve: Resolve, allow_private: bool) -> None:
        self.deadline = float("inf")
        self._resolve = resolve
        self._allow_private = allow_private
        self._system = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError, ValueError) as error:
            raise HostUnknown(f"no server is called {host[:200]} ({error}); check the address and the network") from error
        refused = [address for address in addresses if not is_public(address)]
        if refused and not self._allow_private:
            told = "which only this machine or its network reaches; if that is meant: CLUSTERBOT_ALLOW_PRIVATE_HOSTS=true"
            raise AddressRefused(f"{host[:200]} leads to {refused[0]}, {told}")
        failed: httpcore2.NetworkError | httpcore2.TimeoutException = httpcore2.ConnectError("no address")
        for address in addresses:
            try:
                left = self._left(timeout)
                stream = self._system.connect_tcp(str(address), port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
                continue
            logger.info("connected to %s, which is %s", host, address)
            return _TimedStream(stream, self._left)
        raise failed

    def _left(self, timeout: float | None) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time is over")
        return left if timeout is None else min(left, timeout)


class _TimedStream(httpcore2.NetworkStream):
    """A connection on which no wait outlasts the deadline, so that a server that sends a byte now and then can't hold us."""

    def __init__(self, stream: httpcore2.NetworkStream, left: Callable[[float | None], float]) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(min(max_bytes, READ_BYTES), self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self._left)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401
        return self._stream.get_extra_info(info)
