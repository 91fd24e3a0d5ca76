"""From a description to names that may be shown: the model's answer, guarded, filled up and rated. What the service serves.

    suggester = Suggester.open(catalog["smollm2-lora+guard"])
    [(0, suggested)] = suggester.suggest([Ask("dog groomer, Leeds")])
    suggested.status, suggested.names    -> "success", (("pawlane.co.uk", 0.31), ...)

With three names asked of a guarded model the names are those that the benchmark scores; more are drawn under further seeds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from models.catalog import Entry
from models.contract import MAX_DOMAINS, parse
from models.generators import Generator, ModelPool, open_generator
from models.guard.guard import Guard, open_guard
from models.guard.names import presentable
from models.input_check import check
from models.ranker.confidence import confidence
from models.ranker.encoder import Encoder
from models.ranker.ranker import CRITERIA, ruler_a
from models.template import suggest as by_rule
from models.types import Listed, Rejected, Request, Suggestions, Wishes
from models.wishes import read

SPARE, SEEDS = 10, 3  # names that the template offers where the model's do not suffice, under so many seeds


@dataclass(frozen=True, slots=True)
class Ask:
    """A description and what is asked of its names; `wishes` come on top of those that the description states."""

    description: str
    count: int = MAX_DOMAINS
    wishes: Wishes = field(default_factory=Wishes)
    language: str = "en"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Suggested:
    """Names with their confidence, best first; or the reason for none. `quality` is ranker A's estimate for the list, 0-10."""

    status: Literal["success", "blocked", "rejected"]
    names: tuple[tuple[str, float | None], ...] = ()
    quality: float | None = None
    reason: str = ""


@dataclass
class Suggester:
    """One model, ready to suggest. Without `rates` names have no confidence, and nothing heavy is loaded to give one."""

    entry: Entry
    generator: Generator
    guard: Guard | None
    rates: bool = True
    encoder: Encoder = field(default_factory=Encoder)

    @classmethod
    def open(cls, entry: Entry, rates: bool = True) -> "Suggester":
        """Load the model and, where the entry has one, its guard."""
        return cls(entry, open_generator(entry.unguarded(), ModelPool()), open_guard() if entry.guard else None, rates)

    def suggest(self, asks: Sequence[Ask]) -> Iterator[tuple[int, Suggested]]:
        """Yield (place in `asks`, what is suggested), refusals first."""
        texts = [check(ask.description) for ask in asks]
        open_places: list[int] = []
        for place, text in enumerate(texts):
            if isinstance(text, Rejected):
                yield place, Suggested("rejected", reason=text.reason)
            else:
                open_places.append(place)
        decisions = self.guard.decide([str(texts[place]) for place in open_places]) if self.guard else []
        refused = {place: decision for place, decision in zip(open_places, decisions, strict=False) if decision.refused}
        for place, decision in refused.items():
            yield place, Suggested("blocked", reason=decision.why)
        places = [place for place in open_places if place not in refused]
        drawn = self._drawn([(place, asks[place], str(texts[place])) for place in places])
        for place in places:
            yield place, self._chosen(asks[place], str(texts[place]), drawn[place])

    def _drawn(self, accepted: Sequence[tuple[int, Ask, str]]) -> dict[int, list[str] | None]:
        """Names by place, as written by the model under as many seeds as their number asks for; None where it refused."""
        requests, owner = [], {}
        for place, ask, text in accepted:
            for number in range(-(-ask.count // MAX_DOMAINS)):
                request = Request(f"{place}/{number}", text, ask.wishes, ask.seed + number)
                owner[request.id] = place
                requests.append(request)
        answers = {request_id: parse(completion.text) for request_id, completion in self.generator.generate(requests)}
        drawn: dict[int, list[str] | None] = {}
        for place, ask, _ in accepted:
            own = [answers[f"{place}/{number}"] for number in range(-(-ask.count // MAX_DOMAINS))]
            names = [name for answer in own if isinstance(answer, Suggestions) for name in answer.domains]
            drawn[place] = None if not names and any(type(answer).__name__ == "Refusal" for answer in own) else names
        return drawn

    def _chosen(self, ask: Ask, text: str, names: list[str] | None) -> Suggested:
        if names is None:
            return Suggested("blocked", reason="the model refused")
        wishes = read(text).also(ask.wishes)
        kept = presentable([*names, *spare(text, wishes)], wishes)[: ask.count]
        if not kept:
            return Suggested("success", reason="no name keeps every wish")
        if not self.rates:
            return Suggested("success", tuple((name, None) for name in kept))
        lists = [Listed(text, ask.language, tuple(kept)), *(Listed(text, ask.language, (name,)) for name in kept)]
        quality, *rated = ruler_a().rate(lists, self.encoder)[:, CRITERIA.index("overall")].tolist()
        best_first = sorted(zip(kept, rated, strict=True), key=lambda pair: -pair[1])
        return Suggested("success", tuple((name, confidence(value)) for name, value in best_first), quality)


def spare(description: str, wishes: Wishes) -> list[str]:
    """Names of the rule-based template, which reads wishes in plain words: those of the options are told it so."""
    words = f" Must include {wishes.must_include[0]}." if wishes.must_include else ""
    tlds = f" Only {', '.join(f'.{tld}' for tld in wishes.allowed_tlds)}." if wishes.allowed_tlds else ""
    return [name for seed in range(SEEDS) for name in by_rule(f"{description}{words}{tlds}", SPARE, seed)]
