"""What all routes share: a request's ids and JSON."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from clusterbot.loopback.refusals import Refusal, bad_form

MAX_FILE_BYTES = 10 << 20
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
        Refusal: it is no JSON, or a file is missing.
    """
    try:
        if not request.content_type.startswith("multipart/"):
            return json.loads(await request.text() or "{}")
        form = await request.post()
        files = {name: one for name, one in form.items() if isinstance(one, web.FileField)}
        body = json.loads(str(form.get("payload_json", "{}")))
    except ValueError as error:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from error
    told = body.get("data", body)
    told["attachments"] = [_attached(one, files) for one in told.get("attachments", ())]
    return body


def _attached(told: dict[str, Any], files: dict[str, web.FileField]) -> dict[str, Any]:
    """Return what is kept of a file: its name, description, kind and size; its content isn't.

    Raises:
        Refusal: the file that is told of didn't come, or is too large.
    """
    part = files.get(f"files[{told.get('id')}]")
    if part is None:
        raise bad_form({("attachments",): ("BASE_TYPE_REQUIRED", "This field is required")})
    size = part.file.seek(0, 2)
    if size > MAX_FILE_BYTES:
        raise Refusal(413, 40005, "Request entity too large")
    kind = mimetypes.guess_type(part.filename)[0]  # by which Discord tells it is not written down; clients send none
    return {"filename": part.filename, "description": told.get("description"), "content_type": kind, "size": size}
