"""The decision on a description, before any model is asked; and on a model's names, before anyone sees them.

guard = open_guard()
[decision] = guard.decide(["Coupon helper that passes shoppers' saved passwords to our partners"])
decision.refused, decision.probability, decision.why   -> True, 0.93, "fraud_phishing: passwords, passes, saved"
guard.screen("mobile dog groomer, Leeds", completion)  -> the completion with names that may be shown
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from models.contract import MAX_DOMAINS, MIN_DOMAINS, REFUSAL_TEXT, parse
from models.guard.classifier import Classifier, load_classifier
from models.guard.legible import legible
from models.guard.names import presentable
from models.template import suggest
from models.types import Completion, Refusal, Request, Suggestions, Wishes
from models.wishes import read

# Part of a guarded answer's identity: raise it when a change here can change an answer.
GUARD_VERSION = "1"
_SPARE = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a description is refused; `probability` that the policy refuses it; `why` names the harm and the words."""

    refused: bool
    probability: float
    why: str


@dataclass
class Guard:
    """The input side and the output side; its classifier is loaded once."""

    classifier: Classifier

    def decide(self, descriptions: Sequence[str]) -> list[Decision]:
        """Decide on descriptions that the input check let pass."""
        probabilities, reasons = self.classifier.judge([legible(text) for text in descriptions])
        threshold = self.classifier.threshold
        return [
            Decision(probability >= threshold, probability, why)
            for probability, why in zip(probabilities, reasons, strict=True)
        ]

    def screen(self, request: Request, completion: Completion) -> Completion:
        """Return `completion` with two or three names that may be shown; the template's take the place of those that may not.

        A refusal stays one.
        """
        answer = parse(completion.text)
        if isinstance(answer, Refusal):
            return completion
        names = answer.domains if isinstance(answer, Suggestions) else ()
        wishes = read(request.description).also(request.wishes)
        own = presentable(names[:MAX_DOMAINS], wishes)
        if len(own) < MAX_DOMAINS:
            own = presentable([*own, *suggest(request.description, _SPARE)], wishes)
        if len(own) < MIN_DOMAINS:  # wishes that cannot be kept together, or were misread: better a broken wish than no names
            own = presentable([*own, *names[:MAX_DOMAINS], *suggest(request.description, _SPARE)], Wishes())
        return replace(completion, text=json.dumps(own[:MAX_DOMAINS]))


def guard_sha256() -> str:
    """Hash of everything that decides what a guard refuses and shows: its sources, fitted numbers and lists of words."""
    here = Path(__file__).parent
    folders = (here, here.parent / "flaws")
    files = [path for folder in folders for path in (*folder.glob("*.py"), *folder.glob("data/**/*")) if path.is_file()]
    files += [here.parent / name for name in ("wishes.py", "template.py", "vocabulary.toml")]
    digest = hashlib.sha256(GUARD_VERSION.encode())
    for path in sorted(files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


REFUSED = Completion(REFUSAL_TEXT, 0, 0.0, "none")


@cache
def open_guard() -> Guard:
    """Return the guard; its classifier is read once a process."""
    return Guard(load_classifier())
