"""The gateway: connections, sessions that outlive them, and the events that a session is sent."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from clusterbot.loopback.payloads import guild_json, member_json, user_json
from clusterbot.loopback.record import HEARTBEAT, Bucket, Frame, Limits, Record
from clusterbot.loopback.sessions import CONTENT, Link, Refused, Session, read_frame
from clusterbot.loopback.world import World

IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = 2, 3, 4, 6, 7, 8, 9, 10, 11
GUILDS, GUILD_MEMBERS, PRESENCES, GUILD_MESSAGES, DIRECT_MESSAGES = 1, 1 << 1, 1 << 8, 1 << 9, 1 << 12
PRIVILEGED = GUILD_MEMBERS | PRESENCES | CONTENT
KNOWN_INTENTS = (1 << 17) - 1 | 3 << 20 | 3 << 24
VERSION = "10"

Build = Callable[[Session], Any]


class Gateway:
    """Takes connections and hands events to sessions. `allowed_intents` are the privileged ones that the portal has on."""

    def __init__(self, world: World, token: str, limits: Limits, record: Record, changed: Callable[[], None]) -> None:
        self.world = world
        self.token = token
        self.limits = limits
        self.record = record
        self.allowed_intents = 0
        self.address = ""
        self.sessions: dict[str, Session] = {}
        self.identifies_left = limits.identifies
        self._changed = changed
        self._links: dict[int, Link] = {}
        self._connections = 0
        self._identified_at_s = float("-inf")

    @property
    def links(self) -> list[Link]:
        """Return the connections that stand."""
        return list(self._links.values())

    def dispatch(self, event: str, intent: int, build: Build) -> None:
        """Send an event to each session that has the intent (0: to all), also to those that may yet resume."""
        for session in [one for one in self.sessions.values() if not intent or one.intents & intent]:
            if session.link is None and time.monotonic() - session.lost_at_s > self.limits.resume_s:
                del self.sessions[session.id]
                continue
            session.send(event, build(session))
            if session.link is not None:
                self._note(session.link, False, session.events[-1])

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Hold one connection until it ends."""
        socket = web.WebSocketResponse(max_msg_size=1 << 20, compress=False)
        await socket.prepare(request)
        if not isinstance(request.transport, asyncio.Transport):
            raise ConnectionResetError("the connection ended while it was being made")
        self._connections += 1
        # zlib alone is spoken; whoever asks for zstd gets plain text, which libraries take as well.
        link = Link(self._connections, socket, request.transport, request.query.get("compress") == "zlib-stream")
        self._links[link.number] = link
        tasks = [asyncio.create_task(link.write()), asyncio.create_task(self._watch(link))]
        try:
            await self._converse(link, request.query.get("v"))
        except Refused as refusal:
            await socket.close(code=refusal.code, message=refusal.reason.encode())
        finally:
            for task in tasks:
                task.cancel()
            self._part(link)
        return socket

    async def _converse(self, link: Link, version: str | None) -> None:
        if version != VERSION:
            raise Refused(4012, "Invalid API version")
        self._send(link, HELLO, {"heartbeat_interval": round(1000 * self.limits.heartbeat_s)})
        allowance = Bucket(120, 60.0)
        async for raw in link.socket:
            if raw.type is not WSMsgType.TEXT:
                raise Refused(4002, "Decode error")
            if allowance.take():
                raise Refused(4008, "Rate limited")
            self._receive(link, read_frame(raw.data))

    def _receive(self, link: Link, frame: dict[str, Any]) -> None:
        op, data = frame["op"], frame.get("d")
        self._note(link, True, frame)
        if op == HEARTBEAT:
            link.beat_at_s = time.monotonic()
            self._send(link, ACK, None)
        elif op in (IDENTIFY, RESUME):
            if link.session is not None:
                raise Refused(4005, "Already authenticated")
            if not isinstance(data, dict) or data.get("token") != self.token:
                raise Refused(4004, "Authentication failed")
            self._identify(link, data) if op == IDENTIFY else self._resume(link, data)
        elif op not in (PRESENCE, VOICE, MEMBERS):
            raise Refused(4001, "Unknown opcode")
        elif link.session is None:
            raise Refused(4003, "Not authenticated")
        elif op == MEMBERS and isinstance(data, dict):
            self._send_members(link.session, data)

    def _identify(self, link: Link, data: dict[str, Any]) -> None:
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            raise Refused(4013, "Invalid intent(s)")
        if intents & PRIVILEGED & ~self.allowed_intents:
            raise Refused(4014, "Disallowed intent(s)")
        shard = data.get("shard", [0, 1])
        if not (isinstance(shard, list) and len(shard) == 2 and 0 <= shard[0] < shard[1]):
            raise Refused(4010, "Invalid shard")
        if self.identifies_left == 0:
            self.token = secrets.token_urlsafe(24)  # as Discord does: the token is reset, and all sessions end
            self.close_all(4004)
            raise Refused(4004, "Authentication failed")
        self.identifies_left -= 1
        if time.monotonic() - self._identified_at_s < self.limits.identify_s:
            self._send(link, INVALID, False)
            return
        self._identified_at_s = time.monotonic()
        session = Session(intents, link=link)
        self.sessions[session.id] = session
        link.session = session
        guilds = list(self.world.guilds.values())
        ready = {
            "v": int(VERSION),
            "user": user_json(self.world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.address,
            "shard": shard,
            "application": {"id": str(self.world.application_id), "flags": self.application_flags()},
            "private_channels": [],
        }
        self._note(link, False, session.send("READY", ready))
        for guild in guilds if intents & GUILDS else []:
            with_members = bool(intents & GUILD_MEMBERS)
            self._note(link, False, session.send("GUILD_CREATE", guild_json(guild, self.world.bot, with_members)))
        self._changed()

    def _resume(self, link: Link, data: dict[str, Any]) -> None:
        session, seq = self.sessions.get(str(data.get("session_id"))), data.get("seq")
        is_late = session is not None and session.link is None and time.monotonic() - session.lost_at_s > self.limits.resume_s
        if session is None or is_late:
            self._send(link, INVALID, False)
            return
        if not isinstance(seq, int) or not 0 <= seq <= len(session.events):
            raise Refused(4007, "Invalid seq")
        if session.link is not None:
            self._drop(session.link)
        session.link, link.session = link, session
        for frame in session.events[seq:]:
            link.outgoing.put_nowait(frame)
            self._note(link, False, frame)
        self._note(link, False, session.send("RESUMED", {}))
        self._changed()

    def _send_members(self, session: Session, data: dict[str, Any]) -> None:
        guild = self.world.guilds.get(int(data.get("guild_id", 0)))
        ids, query = data.get("user_ids"), data.get("query")
        if guild is None or (query == "" and not session.intents & GUILD_MEMBERS):
            return
        wanted = {str(one) for one in ([ids] if isinstance(ids, str | int) else ids or ())}
        found = [
            member
            for member in guild.members.values()
            if (str(member.user.id) in wanted if wanted else member.user.name.lower().startswith(str(query or "").lower()))
        ]
        chunk = {"members": [member_json(member) for member in found], "chunk_index": 0, "chunk_count": 1, "not_found": []}
        session.send("GUILD_MEMBERS_CHUNK", {"guild_id": str(guild.id), "nonce": data.get("nonce"), **chunk})

    def application_flags(self) -> int:
        """Return the application's flags: the limited kind of each privileged intent that is on, as for a bot in few servers."""
        on = self.allowed_intents
        return bool(on & PRESENCES) << 13 | bool(on & GUILD_MEMBERS) << 15 | bool(on & CONTENT) << 19

    def drop_all(self) -> None:
        """Cut all connections without a word, as a network does; the sessions can be resumed."""
        for link in self.links:
            self._drop(link)

    def close_all(self, code: int) -> None:
        """Close all connections with a code; their sessions can be resumed where the code allows it."""
        for link in self.links:
            link.close_code = code
            link.outgoing.put_nowait(None)
            self._part(link)

    def tell_all(self, op: int, data: object) -> None:
        """Send all connections an operation: RECONNECT, INVALID, or HEARTBEAT, which asks for one."""
        for link in self.links:
            if op == INVALID and not data and link.session is not None:
                self.sessions.pop(link.session.id, None)
                link.session = None
            self._send(link, op, data)

    def _drop(self, link: Link) -> None:
        link.transport.abort()
        self._part(link)

    def _part(self, link: Link) -> None:
        """Part a session from its connection; it is over if the bot said so, by closing with 1000 or 1001."""
        self._links.pop(link.number, None)
        session, link.session = link.session, None
        if session is None or session.link is not link:
            return
        session.link, session.lost_at_s = None, time.monotonic()
        if link.socket.close_code in (1000, 1001):
            self.sessions.pop(session.id, None)
        self._changed()

    async def _watch(self, link: Link) -> None:
        """Close a connection without heartbeats. After how many are missed, and with which code, is not written down."""
        patience_s = 2 * self.limits.heartbeat_s
        while time.monotonic() - link.beat_at_s < patience_s:
            await asyncio.sleep(patience_s - (time.monotonic() - link.beat_at_s))
        await link.socket.close(code=4009, message=b"Session timed out")

    def _send(self, link: Link, op: int, data: object) -> None:
        frame = {"op": op, "d": data, "s": None, "t": None}
        link.outgoing.put_nowait(frame)
        self._note(link, False, frame)

    def _note(self, link: Link, is_from_bot: bool, frame: dict[str, Any]) -> None:
        self.record.frames.append(Frame(time.monotonic(), link.number, is_from_bot, frame["op"], frame.get("t"), frame.get("d")))
