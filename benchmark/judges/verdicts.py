"""Verdicts by a judge, asked once: stored append-only under the hash of the judge's fingerprint and the item.

    verdicts = Verdicts(judge, Store(folder))
    verdicts.ask([Item("relevance", "mobile dog groomer, Leeds", ("pawlane.co.uk",))])   -> [Verdict(...)]

    verdicts/local.jsonl  {"key": "91c0...", "fingerprint": "5be2...", "verdict": {"criterion": "relevance", "value": 7.4, ...}}

A changed judge has another fingerprint and never reuses old verdicts. An unscored verdict is not stored: the next run asks
again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from benchmark.judges.types import Duel, Item, Judge, Preference, Verdict
from benchmark.store import Store, Table, key_of
from models.errors import EndpointError

NOT_ASKED = "no verdict is stored"


@dataclass
class Tally:
    """What asking has cost in this session; `unscored` counts items left without a value, whatever the reason."""

    asked: int = 0
    reused: int = 0
    unscored: int = 0
    tokens: int = 0
    seconds: float = 0.0
    dollars: float | None = None

    def add(self, verdict: Verdict | Preference) -> None:
        """Count one fresh verdict."""
        self.asked += 1
        self.tokens += verdict.tokens
        self.seconds += verdict.seconds
        if verdict.dollars is not None:
            self.dollars = (self.dollars or 0.0) + verdict.dollars


@dataclass
class Verdicts:
    """One judge over one store; `unmuted` lets the progress bar through pytest's capture.

    `tally` counts verdicts on models' answers, `own_tests` those that say whether the judge is to be believed.
    """

    judge: Judge
    store: Store
    unmuted: Callable[[], AbstractContextManager[Any]] = nullcontext
    tally: Tally = field(default_factory=Tally)
    own_tests: Tally = field(default_factory=Tally)
    _unscored: dict[str, Verdict] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """The judge's fingerprint; hashing weights takes a while, so it is read once."""
        return self.judge.fingerprint()

    @property
    def fingerprint_sha256(self) -> str:
        """Hash of the fingerprint, as stored with every verdict."""
        return key_of(self.fingerprint)

    @property
    def file_name(self) -> str:
        """The judge's name as that of its tables."""
        return re.sub(r"[^A-Za-z0-9.-]", "_", self.judge.name)

    def stored(self, items: Sequence[Item]) -> list[Verdict]:
        """Return what is known about each item; unscored where nothing is. Asks nobody."""
        table = self.store.table("verdicts", self.file_name)
        return [self._known(table, self._key(item), item) for item in items]

    def ask(self, items: Sequence[Item]) -> list[Verdict]:
        """Return a verdict for each item, in order, asking the judge for those that are not stored, each once.

        EndpointError where nobody listens at the judge's address; `stored` then says so of every item without a verdict.
        """
        with self.store.lock(f"judge-{self.file_name}"):
            table = self.store.table("verdicts", self.file_name)
            missing = {key: item for item in items if table.get(key := self._key(item)) is None}
            if missing:
                table.repair()
                try:
                    self._judge(table, list(missing.items()))
                except EndpointError as error:
                    self._note_unasked(missing, str(error))
                    raise
                table.refresh()
        verdicts = [self._known(table, self._key(item), item) for item in items]
        self.tally.reused += len({self._key(item) for item in items}) - len(missing)
        self.tally.unscored += sum(self._known(table, key, item).value is None for key, item in missing.items())
        return verdicts

    def prefer(self, duels: Sequence[Duel]) -> list[Preference]:
        """Return a preference for each duel, in order, asking a comparing judge for those that are not stored."""
        prefer = getattr(self.judge, "prefer", None)
        if prefer is None:
            raise TypeError(f"judge {self.judge.name!r} scores answers one at a time; compare its values instead")
        with self.store.lock(f"judge-{self.file_name}"):
            table = self.store.table("verdicts", self.file_name)
            keys = [key_of("duel", self.fingerprint, asdict(duel)) for duel in duels]
            missing = {key: duel for key, duel in zip(keys, duels, strict=True) if table.get(key) is None}
            table.repair()
            fresh = {}
            for index, preference in prefer(list(missing.values())):
                key = list(missing)[index]
                fresh[key] = preference
                self.tally.add(preference)
                if preference.winner is not None:
                    table.append(key, {"fingerprint": self.fingerprint_sha256, "preference": asdict(preference)})
            table.refresh()
        return [Preference(**row["preference"]) if (row := table.get(key)) else fresh[key] for key in keys]

    def _note_unasked(self, missing: Mapping[str, Item], why: str) -> None:
        for key, item in missing.items():
            self._unscored[key] = Verdict(item.criterion, None, f"not asked: {why}", 0, 0.0)
        self.tally.unscored += len(missing)

    def _key(self, item: Item) -> str:
        return key_of("verdict", self.fingerprint_sha256, asdict(item))

    def _known(self, table: Table, key: str, item: Item) -> Verdict:
        row = table.get(key)
        return Verdict(**row["verdict"]) if row else self._unscored.get(key, Verdict(item.criterion, None, NOT_ASKED, 0, 0.0))

    def _judge(self, table: Table, missing: Sequence[tuple[str, Item]]) -> None:
        import sys

        from tqdm import tqdm

        bar = tqdm(total=len(missing), desc=f"judge {self.judge.name}", unit="verdict", file=sys.stderr, mininterval=1.0)
        with self.unmuted(), bar:
            for index, verdict in self.judge.judge([item for _, item in missing]):
                key = missing[index][0]
                self.tally.add(verdict)
                if verdict.value is None:
                    self._unscored[key] = verdict
                else:
                    table.append(key, {"fingerprint": self.fingerprint_sha256, "verdict": asdict(verdict)})
                bar.update()
