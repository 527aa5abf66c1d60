"""The door: each request is checked, held to its rate, answered or refused, and recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from clusterbot.loopback.record import Bucket, Limits, Record, Request
from clusterbot.loopback.refusals import Refusal
from clusterbot.loopback.requests import NOTHING, Handler

PREFIX, FILES = "/api/v10", "/ephemeral-attachments/"
MESSAGES = "POST /channels/{channel_id}/messages"


@dataclass(slots=True)
class Failure:
    """An answer that a route is to give instead of its own, so many times."""

    route: str
    status: int
    times: int
    retry_after_s: float
    is_global: bool


class Door:
    """Stands before the routes."""

    def __init__(self, token: Callable[[], str], limits: Limits, record: Record, changed: Callable[[], None]) -> None:
        self.failures: list[Failure] = []
        self.bugs: list[Exception] = []
        self._token = token
        self._limits = limits
        self._record = record
        self._changed = changed
        self._all = Bucket(limits.requests_per_s, 1.0)
        self._buckets: dict[str, Bucket] = {}

    def sent(self, handler: Handler) -> Callable[[web.Request], Any]:
        """Return a handler whose result is sent as JSON."""

        async def send(request: web.Request) -> web.Response:
            return _response(await handler(request))

        return send

    @web.middleware
    async def take(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        """Check a request, answer it or refuse it, and record both."""
        started_s = time.monotonic()
        try:
            if request.path == "/" or request.path.startswith(FILES):
                return await handler(request)  # type: ignore[no-any-return]
            response = await self._respond(request, handler)
        except Exception as error:
            self.bugs.append(error)
            raise
        body, answer = await request.read(), response.body
        self._record.requests.append(
            Request(
                at_s=started_s,
                method=request.method,
                path=request.path.removeprefix(PREFIX),
                route=_route(request),
                body=_loaded(body),
                status=response.status,
                answer=_loaded(answer if isinstance(answer, bytes) else b""),
                took_s=time.monotonic() - started_s,
            )
        )
        self._changed()
        return response

    async def _respond(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.Response:
        try:
            self._check(request)
        except Refusal as refusal:
            return _refused(refusal)
        route = _route(request)
        if (failed := self._failed(route)) is not None:
            return failed
        if (limited := self._limited(request, route)) is not None:
            return limited
        try:
            response: web.Response = await handler(request)
        except Refusal as refusal:
            response = _refused(refusal)
        except web.HTTPException as error:
            response = _refused(Refusal(error.status, 0, f"{error.status}: {error.reason}"))
        if (bucket := self._buckets.get(request.path)) is not None and route == MESSAGES:
            response.headers.update(_bucket_headers(route, bucket))
        return response

    def _check(self, request: web.Request) -> None:
        """Ask for the token, but where the address holds one of its own."""
        if not _is_webhook(request) and request.headers.get("Authorization") != f"Bot {self._token()}":
            raise Refusal(401, 0, "401: Unauthorized")

    def _failed(self, route: str) -> web.Response | None:
        for failure in self.failures:
            if failure.route == route and failure.times > 0:
                failure.times -= 1
                if failure.status == 429:
                    return _too_many(failure.retry_after_s, failure.is_global, {})
                return _refused(Refusal(failure.status, 0, f"{failure.status}: made to fail"))
        return None

    def _limited(self, request: web.Request, route: str) -> web.Response | None:
        if not _is_webhook(request) and (wait_s := self._all.take()):
            return _too_many(wait_s, True, {})
        if route != MESSAGES:
            return None
        bucket = self._buckets.setdefault(request.path, Bucket(self._limits.messages, self._limits.messages_s))
        wait_s = bucket.take()
        return _too_many(wait_s, False, _bucket_headers(route, bucket)) if wait_s else None


def _is_webhook(request: web.Request) -> bool:
    """Say whether a request is an interaction's: its token is in the address, and the global limit doesn't count it."""
    return request.path.startswith((f"{PREFIX}/interactions/", f"{PREFIX}/webhooks/"))


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else request.path
    return f"{request.method} {path.removeprefix(PREFIX)}"


def _response(told: object) -> web.Response:
    if told is NOTHING:
        return web.Response(status=204)
    return web.Response(body=json.dumps(told).encode(), content_type="application/json")


def _refused(refusal: Refusal) -> web.Response:
    return web.Response(status=refusal.status, body=json.dumps(refusal.payload).encode(), content_type="application/json")


def _too_many(wait_s: float, is_global: bool, headers: dict[str, str]) -> web.Response:
    """Refuse for a while. Without `Via` a library takes it for a ban by the network in front of Discord."""
    scope = {"X-RateLimit-Scope": "global" if is_global else "user", **({"X-RateLimit-Global": "true"} if is_global else {})}
    told = {"message": "You are being rate limited.", "retry_after": round(wait_s, 3), "global": is_global}
    more = {**headers, **scope, "Via": "1.1 loopback", "Retry-After": str(max(1, round(wait_s)))}
    return web.Response(status=429, body=json.dumps(told).encode(), content_type="application/json", headers=more)


def _bucket_headers(route: str, bucket: Bucket) -> dict[str, str]:
    left_s = max(bucket.resets_at_s - time.monotonic(), 0.0)
    values = {"Limit": bucket.size, "Remaining": bucket.remaining, "Reset": f"{time.time() + left_s:.3f}"}
    values |= {"Reset-After": f"{left_s:.3f}", "Bucket": f"{abs(hash(route)):x}"}
    return {f"X-RateLimit-{name}": str(value) for name, value in values.items()}


def _loaded(raw: bytes) -> Any:  # noqa: ANN401
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw
