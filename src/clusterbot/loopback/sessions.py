"""A connection to the gateway, and the session that outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
import zlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

DISPATCH = 0
CONTENT = 1 << 15
MAX_FRAME_BYTES = 4096


class Refused(Exception):
    """The connection is to be closed with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@dataclass(eq=False, slots=True)
class Link:
    """One WebSocket connection; what is to be sent goes through its queue, so that its order holds."""

    number: int
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    is_compressed: bool
    outgoing: asyncio.Queue[dict[str, Any] | None] = field(default_factory=asyncio.Queue)
    """Frames; None closes the connection with `close_code`."""
    close_code: int = 1000
    session: Session | None = None
    beat_at_s: float = field(default_factory=time.monotonic)
    _deflate: Any = field(default_factory=zlib.compressobj)

    async def write(self) -> None:
        """Send what comes into the queue, until the connection ends."""
        with contextlib.suppress(ConnectionError):
            while (frame := await self.outgoing.get()) is not None:
                text = json.dumps(frame)
                if self.is_compressed:
                    packed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(packed)
                else:
                    await self.socket.send_str(text)
            await self.socket.close(code=self.close_code)


@dataclass(eq=False, slots=True)
class Session:
    """What the gateway keeps for a bot between two connections: its intents and every event so far."""

    intents: int
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    events: list[dict[str, Any]] = field(default_factory=list)
    link: Link | None = None
    lost_at_s: float = 0.0

    @property
    def reads_content(self) -> bool:
        """Say whether it has the privileged intent for the content of messages."""
        return bool(self.intents & CONTENT)

    def send(self, event: str, data: object) -> dict[str, Any]:
        """Number an event, keep it, and send it if there is a connection; return the frame."""
        frame = {"op": DISPATCH, "t": event, "s": len(self.events) + 1, "d": data}
        self.events.append(frame)
        if self.link is not None:
            self.link.outgoing.put_nowait(frame)
        return frame


def read_frame(text: str) -> dict[str, Any]:
    """Read what a bot sent.

    Raises:
        Refused: it is too long, no JSON, or no frame.
    """
    if len(text.encode()) > MAX_FRAME_BYTES:
        raise Refused(4002, "Decode error")
    try:
        frame = json.loads(text)
    except ValueError as error:
        raise Refused(4002, "Decode error") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("op"), int):
        raise Refused(4001, "Unknown opcode")
    return frame
