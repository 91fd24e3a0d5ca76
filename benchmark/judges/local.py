"""The local judge: the expected rating digit of the embedded model with its own adapter, and MiniLM's cosine beside it.

    judge = LocalJudge()
    dict(judge.judge([Item("relevance", "mobile dog groomer, Leeds", ("pawlane.co.uk", "tubhound.com"))]))
        -> {0: Verdict("relevance", 7.4, "pawlane.co.uk 7.9; tubhound.com 6.9", tokens=42, seconds=0.1)}

Every name is rated by itself and the answer's verdict made of them by `rubrics.answer_value`. Equal (description, name,
criterion) are rated once, and items that share a description share its tokens (`models.prompt_tree`).
"""

import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark.judges.cosine import cosine_rating
from benchmark.judges.rating import HIGHEST, Question, Rater
from benchmark.judges.rubrics import answer_value, harden, judgeable, rubrics_sha256
from benchmark.judges.types import Item, Verdict
from models.catalog import TransformersEntry
from models.errors import WeightsError
from models.files import ROOT
from models.generators import ModelPool
from models.identity import identity
from models.ranker.encoder import PACKAGE, Encoder

SETTINGS = Path(__file__).with_name("local.toml")
# Raise it when a change here, in rating.py, in rubrics.py or in models/prompt_tree.py can change a verdict.
VERSION = 2
# Rows of the batch between two yields: what a kill can lose.
_ITEMS = 240


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What the judge is made of: weights and adapter as in models/catalog.toml, and the cosine's share in relevance (0-1)."""

    weights: str
    quantization: str
    adapter: str | None
    cosine_share: float
    dtype: str = "auto"

    @property
    def entry(self) -> TransformersEntry:
        """The model as a catalogue entry, which the catalogue itself does not list: it judges and is not ranked."""
        if self.adapter is not None and not (ROOT / self.adapter / "adapter_config.json").is_file():
            raise WeightsError(
                f"--judge local: no adapter in {ROOT / self.adapter} (adapter_config.json not found). Train one with "
                f"`python -m training judge smollm2-judge`, or set `adapter` in {SETTINGS}."
            )
        fields = {"weights": self.weights, "quantization": self.quantization, "dtype": self.dtype, "adapter": self.adapter}
        kind = {"name": "smollm2-judge", "kind": "transformers", "role": "reference", "prompt": "compact"}
        return TransformersEntry.model_validate({**kind, **fields})


def read_settings(path: Path = SETTINGS) -> LocalSettings:
    """Read the settings' file."""
    return LocalSettings(**tomllib.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class LocalJudge:
    """Judges on this machine; `pool` lends a base that is already in memory."""

    settings: LocalSettings = field(default_factory=read_settings)
    pool: ModelPool = field(default_factory=ModelPool)
    encoder: Encoder = field(default_factory=Encoder)
    hardened: bool = True
    name: str = "local"

    def fingerprint(self) -> dict[str, Any]:
        """What verdicts depend on: rubrics, weights, adapter, how they are computed and combined. WeightsError if absent."""
        model = identity(self.settings.entry)
        for unused in ("prompt", "decoding", "engine"):
            del model[unused]
        how = {"decoding": "expected digit", "version": VERSION, "cosine_share": self.settings.cosine_share, "encoder": PACKAGE}
        return {**model, "kind": "local", "rubrics": rubrics_sha256(), **how, "hardened": self.hardened}

    def unhardened(self) -> "LocalJudge":
        """The same judge shown descriptions and names as they are, valid or not."""
        return replace(self, hardened=False)

    def judge(self, items: Sequence[Item]) -> Iterator[tuple[int, Verdict]]:
        """Yield (index, verdict), items of one description together; loads the model on the first call."""
        order = sorted(range(len(items)), key=lambda index: items[index].description)
        base = self.pool.base(self.settings.entry)
        for start in range(0, len(order), _ITEMS):
            chosen = order[start : start + _ITEMS]
            # Switched on for each part anew: between two of them the caller may generate with another adapter.
            with base.using(self.settings.entry) as model:
                verdicts = self._verdicts([items[index] for index in chosen], Rater(model, base.tokenizer))
            yield from zip(chosen, verdicts, strict=True)

    def _verdicts(self, items: Sequence[Item], rater: Rater) -> list[Verdict]:
        started = time.perf_counter()
        asked = [{name: self._question(item, name) for name in item.domains} for item in items]
        questions = list(dict.fromkeys(one for of_item in asked for one in of_item.values() if one))
        values = dict(zip(questions, self._values(questions, rater), strict=True))
        seconds = (time.perf_counter() - started) / len(items)
        return [_verdict(item, of_item, values, rater, seconds) for item, of_item in zip(items, asked, strict=True)]

    def _question(self, item: Item, name: str) -> Question | None:
        if not self.hardened:
            return item.description, name, item.criterion
        shown = judgeable(name)
        return None if shown is None else (harden(item.description), shown, item.criterion)

    def _values(self, questions: Sequence[Question], rater: Rater) -> list[float]:
        """Values 0-10 of the questions."""
        values = [digit / HIGHEST * 10 for digit in rater.expected(questions)]
        share = self.settings.cosine_share
        if not share:
            return values
        cosines = iter(cosine_rating([one for one in questions if one[2] == "relevance"], self.encoder))
        return [
            (1 - share) * value + share * next(cosines) if one[2] == "relevance" else value
            for one, value in zip(questions, values, strict=True)
        ]


def _verdict(
    item: Item, asked: dict[str, Question | None], values: dict[Question, float], rater: Rater, seconds: float
) -> Verdict:
    if not item.domains:
        return Verdict(item.criterion, 0.0, "no names", 0, seconds)
    found = {name: 0.0 if one is None else values[one] for name, one in asked.items()}
    why = "; ".join(f"{name} {'not valid' if asked[name] is None else f'{value:.1f}'}" for name, value in found.items())
    tokens = sum(len(segment) for one in asked.values() if one for segment in rater.prompt(one)[1:])
    return Verdict(item.criterion, answer_value(item.criterion, [found[name] for name in item.domains]), why, tokens, seconds)
