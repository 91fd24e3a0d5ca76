"""Many clients at once against a running service, and one at a time: what batching is worth.

    python -m models.service.load --url http://127.0.0.1:8000 --clients 200 --seconds 60

Prints answers a second, the median and the 95th percentile of their seconds, and how many came with each status, first for one
client and then for all of them. Exit code 1 if any status was 5xx or an answer was lost.
"""

import asyncio
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from models.cli import command, parser

DESCRIPTIONS = ("mobile dog groomer, Leeds", "sourdough bakery in a seaside town", "tax help for actors", "used saxophones")
LOST = 0


@dataclass
class Load:
    """What came back: seconds of the answers, and how often each status came; LOST where a connection ended without one."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wall: float = 0.0

    def __str__(self) -> str:
        cuts = statistics.quantiles(self.seconds, n=20) if len(self.seconds) > 1 else [0.0] * 19
        counts = ", ".join(f"{count} x {status or 'lost'}" for status, count in sorted(self.statuses.items()))
        rate = self.statuses[200] / self.wall
        return f"{rate:.2f} answers/s, p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s; {counts}"


async def load(url: str, clients: int, seconds: float) -> Load:
    """Ask from so many clients at once, each again as soon as it has its answer, until the time is over."""
    found, started = Load(), time.perf_counter()

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        asked = 0
        while time.perf_counter() - started < seconds:
            asked += 1
            body = {"business_description": DESCRIPTIONS[asked % len(DESCRIPTIONS)], "seed": number * 1000 + asked}
            sent = time.perf_counter()
            try:
                response = await client.post(f"{url}/generate-domains", json=body)
                found.statuses[response.status_code] += 1
            except httpx.HTTPError:
                found.statuses[LOST] += 1
            found.seconds.append(time.perf_counter() - sent)

    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(timeout=None, limits=limits) as client:
        await asyncio.gather(*(ask(client, number) for number in range(clients)))
    found.wall = time.perf_counter() - started
    return found


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options_parser = parser("models.service.load", __doc__)
    options_parser.add_argument("--url", default="http://127.0.0.1:8000")
    options_parser.add_argument("--clients", type=int, default=200)
    options_parser.add_argument("--seconds", type=float, default=60.0)
    options = options_parser.parse_args(arguments)
    failed = False
    for clients, seconds in ((1, min(options.seconds, 20.0)), (options.clients, options.seconds)):
        found = asyncio.run(load(options.url, clients, seconds))
        print(f"{clients} clients: {found}")
        failed |= any(status >= 500 or status == LOST for status in found.statuses)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
