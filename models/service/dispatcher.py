"""The bounded queue before the model's process, and what happens when that process is slow, full or gone.

    dispatcher = Dispatcher("smollm2-lora+guard", max_waiting=256)
    await dispatcher.start()
    answered = await dispatcher.suggest(Ask("mobile dog groomer, Leeds"))     # Answered(suggested, fallback=False)
    await dispatcher.stop()                                                   # what was accepted is answered first

Full: a `Full` error, nothing is accepted. Gone: everything that it owed, and what comes until it is back, is answered by the
rule-based template behind the same guard, marked as a fallback; the process is started again.
"""

import asyncio
import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from models.catalog import CATALOG, Entry, read_catalog, select_one
from models.service.worker import work
from models.suggest import Ask, Suggested, Suggester

FALLBACK = "template"
RESTART_SECONDS = 2.0
_LOGGER = logging.getLogger("domainbench.service")


class FullError(Exception):
    """As many requests wait as may wait."""


class StoppingError(Exception):
    """The service is about to stop and accepts nothing more."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was suggested, and whether the fallback had to."""

    suggested: Suggested
    fallback: bool


@dataclass
class Dispatcher:
    """Owns the model's process; every method belongs to one event loop."""

    model: str
    catalog: Path = CATALOG
    max_waiting: int = 256
    ready: bool = False
    restarts: int = 0
    _pending: dict[int, tuple[Ask, "asyncio.Future[Answered]"]] = field(default_factory=dict)
    _number: int = 0
    _stopping: bool = False
    _connection: Connection | None = None
    _process: BaseProcess | None = None
    _standby: Suggester | None = None
    _standby_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)

    @property
    def waiting(self) -> int:
        """Requests that were accepted and not answered yet."""
        return len(self._pending)

    @property
    def process_id(self) -> int | None:
        """Of the model's process."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the model's process; `ready` turns true once it has loaded."""
        ours, theirs = get_context("spawn").Pipe()
        self._connection = ours
        self._process = get_context("spawn").Process(target=work, args=(theirs, self.model, self.catalog), daemon=True)
        self._process.start()
        theirs.close()
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._by_template, Ask("mobile dog groomer, Leeds"))  # ready before it is needed
        threading.Thread(target=self._listen, args=(ours, loop), daemon=True).start()

    async def suggest(self, ask: Ask) -> Answered:
        """Answer one request; FullError or StoppingError where it is not accepted."""
        if self._stopping:
            raise StoppingError
        if self.waiting >= self.max_waiting:
            raise FullError
        self._number += 1
        number = self._number
        future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._pending[number] = (ask, future)
        if self.ready and self._connection:
            try:
                await asyncio.to_thread(self._connection.send, (number, ask))
            except (OSError, ValueError):
                self._fall_back(number)
        else:
            self._fall_back(number)
        try:
            return await future
        finally:
            self._pending.pop(number, None)

    async def stop(self) -> None:
        """Accept nothing more, finish what was accepted, end the model's process."""
        self._stopping = True
        owed = [future for _, future in self._pending.values()]
        if owed:
            await asyncio.gather(*owed, return_exceptions=True)
        if self._connection:
            with suppress(OSError):
                await asyncio.to_thread(self._connection.send, None)
        if self._process:
            await asyncio.to_thread(self._process.join, 5)
            if self._process.is_alive():
                self._process.kill()

    def _listen(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        """Hand on what the model's process says; runs in a thread of its own until the process is gone."""
        with suppress(EOFError, OSError):
            while True:
                loop.call_soon_threadsafe(self._take, connection.recv())
        with suppress(RuntimeError):  # the loop is closed: the service has ended
            loop.call_soon_threadsafe(self._lost)

    def _take(self, message: tuple[Any, ...]) -> None:
        match message:
            case ("ready", _):
                self.ready = True
            case ("done", number, suggested):
                self._settle(number, Answered(suggested, fallback=False))
            case ("failed", number, reason):
                _LOGGER.error("the model failed: %s", reason)
                self._fall_back(number)

    def _settle(self, number: int, answered: Answered) -> None:
        if (pending := self._pending.get(number)) and not pending[1].done():
            pending[1].set_result(answered)

    def _lost(self) -> None:
        if self._stopping:
            return
        self.ready = False
        self.restarts += 1
        _LOGGER.error("the model's process ended; answering by %s until it is back", FALLBACK)
        for number in list(self._pending):
            self._fall_back(number)
        self._spawn(self._restart())

    async def _restart(self) -> None:
        await asyncio.sleep(RESTART_SECONDS)
        if not self._stopping:
            await self.start()

    def _fall_back(self, number: int) -> None:
        self._spawn(self._answer_by_template(number))

    async def _answer_by_template(self, number: int) -> None:
        ask, future = self._pending[number]
        try:
            async with self._standby_lock:
                found = await asyncio.to_thread(self._by_template, ask)
            self._settle(number, Answered(found, fallback=True))
        except Exception as error:
            if not future.done():
                future.set_exception(error)

    def _by_template(self, ask: Ask) -> Suggested:
        if self._standby is None:
            self._standby = Suggester.open(fallback_entry(select_one(self.model, read_catalog(self.catalog))), rates=False)
        [(_, suggested)] = self._standby.suggest([ask])
        return suggested

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def fallback_entry(entry: Entry) -> Entry:
    """The template, behind a guard if `entry` is."""
    return select_one(FALLBACK + ("+guard" if entry.guard else ""), read_catalog())
