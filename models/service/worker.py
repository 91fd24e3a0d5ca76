"""The model's process: whatever has come in since the last batch is answered together.

Messages in: ("ask", [(number, Ask), ...]) and None, which ends the process. Messages out: ("ready", model), then
("done", number, Suggested) as answers come, or ("failed", number, reason).
"""

import signal
from multiprocessing.connection import Connection
from pathlib import Path

from models.catalog import CATALOG, read_catalog, select_one
from models.suggest import Ask, Suggester

MAX_BATCH = 64


def work(connection: Connection, model: str, catalog: Path = CATALOG) -> None:
    """Load `model` and answer until None comes or the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides when this one ends
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    suggester = Suggester.open(select_one(model, read_catalog(catalog)))
    list(suggester.suggest([Ask("mobile dog groomer, Leeds")]))  # what is loaded at the first use is loaded now
    connection.send(("ready", model))
    waiting: list[tuple[int, Ask]] = []
    while True:
        try:
            while not waiting or (len(waiting) < MAX_BATCH and connection.poll()):
                message = connection.recv()
                if message is None:
                    return
                waiting.append(message)
        except EOFError:
            return
        batch, waiting = waiting[:MAX_BATCH], waiting[MAX_BATCH:]
        _answer(connection, suggester, batch)


def _answer(connection: Connection, suggester: Suggester, batch: list[tuple[int, Ask]]) -> None:
    left = {number for number, _ in batch}
    try:
        for place, suggested in suggester.suggest([ask for _, ask in batch]):
            connection.send(("done", batch[place][0], suggested))
            left.discard(batch[place][0])
    except Exception as error:  # one batch that fails must not end the service: its requests fall back
        for number in left:
            connection.send(("failed", number, f"{type(error).__name__}: {error}"))
