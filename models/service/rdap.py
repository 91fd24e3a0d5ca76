"""Is a name free to register? By RDAP (RFC 9082), where the service is told which server to ask; off by default.

    await Rdap("https://rdap.example/").look_up(["pawlane.co.uk"])   -> ["available"]

404 means that the registry knows no such name, 200 that it is registered; everything else, a time-out too, is unknown.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import httpx

State = Literal["available", "registered", "unknown"]
SECONDS, KEPT_SECONDS, KEPT_NAMES = 3.0, 3600.0, 10_000


@dataclass
class Rdap:
    """A client with a time-out and a cache; `url` is the server's base."""

    url: str
    _known: dict[str, tuple[float, State]] = field(default_factory=dict)

    async def look_up(self, domains: Sequence[str]) -> list[State]:
        """States of `domains`, asked all at once."""
        async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=True) as client:
            return list(await asyncio.gather(*(self._state(client, domain) for domain in domains)))

    async def _state(self, client: httpx.AsyncClient, domain: str) -> State:
        asked, state = self._known.get(domain, (0.0, "unknown"))
        if state != "unknown" and time.monotonic() - asked < KEPT_SECONDS:
            return state
        try:
            response = await client.get(f"{self.url.rstrip('/')}/domain/{domain}")
        except httpx.HTTPError:
            return "unknown"
        found: State = {200: "registered", 404: "available"}.get(response.status_code, "unknown")  # type: ignore[assignment]
        if len(self._known) >= KEPT_NAMES:
            self._known.clear()
        self._known[domain] = (time.monotonic(), found)
        return found
