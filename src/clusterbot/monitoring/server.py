"""GET /healthz, /readyz and /metrics, on threads of their own: few at once, each with a deadline, nothing read but the path."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from prometheus_client import CONTENT_TYPE_LATEST

from clusterbot.errors import UsageError
from clusterbot.monitoring.metrics import Health, Monitor

MAX_CONNECTIONS = 8
DEADLINE_S = 5.0
BIND = r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]/]+)):(?P<port>\d{1,5})"


def read_bind(bind: str) -> tuple[str, int]:
    """Return host and port of `host:port` or `[address]:port`; port 0 is any that is free.

    Raises:
        UsageError: it is neither.
    """
    found = re.fullmatch(BIND, bind)
    if found is None or int(found["port"]) > 65535:
        raise UsageError(f"CLUSTERBOT_HTTP_BIND is {bind[:80]!r}, which is no host:port: give one such as 127.0.0.1:9464")
    return found["v6"] or found["host"], int(found["port"])


class HealthServer:
    """Serves a monitor; `with HealthServer(monitor, "127.0.0.1:9464")` starts and stops it."""

    def __init__(self, monitor: Monitor, bind: str) -> None:
        """Take the port.

        Raises:
            UsageError: it can't be had.
        """
        host, port = read_bind(bind)
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            self._server = _server(monitor, (host, port), family)
        except OSError as error:
            reason = error.strerror or error
            cure = "another process has it, or it isn't this machine's: choose another with CLUSTERBOT_HTTP_BIND"
            raise UsageError(f"{bind} can't be listened on ({reason}): {cure}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 2 * MAX_CONNECTIONS

    def __init__(self, *given: Any) -> None:  # noqa: ANN401
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(*given)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve on a thread; past what may be served at once, hang up."""
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve until the deadline, however slowly the other side writes or reads."""
        cut = threading.Timer(DEADLINE_S, _hang_up, [request])
        cut.daemon = True
        cut.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            cut.cancel()
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: the other side went away, or was cut at the deadline."""


def _hang_up(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


def _server(monitor: Monitor, address: tuple[str, int], its_family: int) -> _Server:
    """Make the server: its classes carry what http.server wants as class attributes."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "clusterbot", ""
        timeout = DEADLINE_S

        def do_GET(self) -> None:
            answers: dict[str, Callable[[], tuple[int, str, bytes]]] = {
                "/healthz": lambda: _told(monitor.health()),
                "/readyz": lambda: _told(monitor.readiness()),
                "/metrics": lambda: (HTTPStatus.OK, CONTENT_TYPE_LATEST, monitor.exposition()),
            }
            answer = answers.get(self.path.partition("?")[0])
            self._send(*(answer() if answer else (HTTPStatus.NOT_FOUND, "text/plain", b"")))

        def _refuse(self) -> None:
            self._send(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"")

        do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse

        def _send(self, status: int, kind: str, body: bytes) -> None:
            headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store", "Allow": "GET"}
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: object) -> None:
            """Log nothing: a scrape every few seconds is no news, and a path is a stranger's words."""

    class Server(_Server):
        address_family = its_family

    return Server(address, Handler)


def _told(health: Health) -> tuple[int, str, bytes]:
    status = HTTPStatus.OK if health.is_good else HTTPStatus.SERVICE_UNAVAILABLE
    body = json.dumps({"status": "ok" if health.is_good else "failing", **health.details}) + "\n"
    return status, "application/json", body.encode()
