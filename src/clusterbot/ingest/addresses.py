"""Which addresses may be fetched: http(s) only, and nothing that only this machine or its network can reach."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse

from clusterbot.errors import AddressRefused

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_CHARS = 2000

# Beside what `is_global` refuses in each version of Python: addresses of a cloud's own services, and some that carry another.
_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "64:ff9b:1::/48", "::/96")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TRACKING = re.compile(r"(utm_\w+|fbclid|gclid|mc_[ce]id|igshid)", re.I)


def check_address(address: str) -> str:
    """Return an address as it may be fetched, without its fragment.

    Raises:
        AddressRefused: not http(s), without a host, too long, or with a password in it.
    """
    bare = address.strip().partition("#")[0]
    try:
        parts = urllib.parse.urlsplit(bare)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        raise AddressRefused(f"{address[:200]!r} is no web address: write https://...") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or not has_port or re.search(r"[\s<>\"\\]", bare):
        raise AddressRefused(f"{address[:200]!r} is no web address: write https://...")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(f"the address of {parts.hostname} holds a name or password: leave it out, the corpus is public")
    if len(bare) > MAX_CHARS:
        raise AddressRefused(f"the address of {parts.hostname} has more than {MAX_CHARS:,} characters: give a shorter one")
    return bare


def is_public(address: IpAddress) -> bool:
    """Say whether an address is of the public internet; one that carries another (mapped, NAT64, 6to4, Teredo) is judged by it."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        found = [one for one in carried if one is not None]
        if found:
            return all(is_public(one) for one in found)
    is_refused = any(address in network for network in _REFUSED if network.version == address.version)
    return address.is_global and not address.is_multicast and not is_refused


def same_page_key(address: str) -> str:
    """Return what two addresses of one page share: scheme, `www.`, closing slash, fragment and tracking don't count."""
    parts = urllib.parse.urlsplit(address.strip())
    host = (parts.hostname or "").removeprefix("www.")
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    query = [pair for pair in urllib.parse.parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0])]
    path = urllib.parse.quote(urllib.parse.unquote(parts.path), safe="/").rstrip("/")
    return f"{host}{port}{path}" + (f"?{urllib.parse.urlencode(sorted(query))}" if query else "")


def without_tracking(address: str) -> str:
    """Return an address without the parameters that tell who follows it; any other stays as it is written."""
    head, mark, query = address.partition("?")
    kept = [pair for pair in query.split("&") if not _TRACKING.fullmatch(pair.partition("=")[0])]
    return head + (mark + "&".join(kept) if kept and query else "")
