"""A web server on the loopback: pages by path, each a status, headers and a body, or a function that writes what it likes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Page:
    """What a path answers with."""

    body: bytes = b""
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Page | Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A running server; `pages` may change while it runs, `asked` are the requests so far."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.server = server
        self.pages: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        """The paths asked for, without robots.txt."""
        return [path for path, _ in self.asked if path != "/robots.txt"]


@contextmanager
def serving(wrap: Callable[[Any], Any] | None = None) -> Iterator[Site]:
    """Run a server; `wrap` may put TLS around its socket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, dict(self.headers)))
            path = self.path if self.path in site.pages else self.path.partition("?")[0]
            answer = site.pages.get(path, Page(b"nothing here", status=404))
            if not isinstance(answer, Page):
                answer(self)
                self.close_connection = True
                return
            etag = answer.headers.get("ETag")
            if etag and self.headers.get("If-None-Match") == etag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(answer.status)
            headers = {"Content-Type": answer.media_type, "Content-Length": str(len(answer.body)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that goes away is no error of the server."""

    server = Server(("127.0.0.1", 0), Handler)
    if wrap:
        server.socket = wrap(server.socket)
    site = Site(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


__all__ = ["Answer", "Page", "Site", "serving"]
