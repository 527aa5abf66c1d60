"""What a running process tells of itself: metrics and health. No one's words, names or ids are in any of it."""

from clusterbot.monitoring.metrics import GatewayState, Monitor
from clusterbot.monitoring.server import HealthServer, read_bind

__all__ = ["GatewayState", "HealthServer", "Monitor", "read_bind"]
