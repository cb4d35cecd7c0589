"""Where a host's name leads, as this machine looks it up.

Owns the look-up, which an engine on this machine does the same way before its proxy
lets a name through. Invariant: it never waits longer than `SECONDS`; a name that was
not found by then leads nowhere, as the engine has it.
"""

from __future__ import annotations

import asyncio
import socket

from state.permissions import hosts
from state.permissions.hosts import Lead

SECONDS = 2.0


async def lead_of(host: str) -> Lead:
    """Private as soon as one of its addresses is."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SECONDS):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError, TimeoutError):  # ValueError: no name at all
        return Lead.NOWHERE
    places = [hosts.address(str(one[4][0])) for one in found]
    if any(place is None or hosts.private(place) for place in places):
        return Lead.PRIVATE
    return Lead.PUBLIC if places else Lead.NOWHERE
