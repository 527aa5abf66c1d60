"""A Discord on this machine, small but real: see docs/loopback.md."""

from clusterbot.loopback.interactions import Interaction
from clusterbot.loopback.people import Person
from clusterbot.loopback.record import Limits
from clusterbot.loopback.screen import CannotDo
from clusterbot.loopback.server import NotSeen, Server
from clusterbot.loopback.world import Channel, File, Guild, Message, Role

__all__ = ["CannotDo", "Channel", "File", "Guild", "Interaction", "Limits", "Message", "NotSeen", "Person", "Role", "Server"]
