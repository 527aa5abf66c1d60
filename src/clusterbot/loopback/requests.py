"""What all routes share: a request's ids and JSON."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from clusterbot.loopback.refusals import Refusal, bad_form

NOTHING = object()
Handler = Callable[[web.Request], Awaitable[object]]
Table = list[tuple[str, str, Handler]]
"""Method, path and handler of each route; a handler returns what is sent as JSON, or NOTHING."""


def read_id(request: web.Request, name: str) -> int:
    """Return an id of a request's path.

    Raises:
        Refusal: it is none.
    """
    raw: str = request.match_info[name]
    if not raw.isdigit():
        raise bad_form({(name,): ("NUMBER_TYPE_COERCE", f'Value "{raw[:40]}" is not snowflake.')})
    return int(raw)


async def read_json(request: web.Request) -> Any:  # noqa: ANN401
    """Return a request's body.

    Raises:
        Refusal: it is no JSON, or files, which aren't played.
    """
    if request.content_type.startswith("multipart/"):
        raise Refusal(501, 0, "the loopback doesn't play files")
    try:
        return json.loads(await request.text() or "{}")
    except ValueError as error:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from error
