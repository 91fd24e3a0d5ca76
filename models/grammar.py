r"""The output contract as a grammar that decoding cannot leave, narrowed by what the description asks of its names.

    grammar(read("hammock maker, .com only"))
        start: "[\"" name "\", \"" name "\", \"" name "\"]" | "[\"__BLOCKED__\"]"
        name: LABEL "." SUFFIX
        LABEL: /[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?/
        SUFFIX: /(com)/

The language is that of llguidance (MIT), whose matcher says before each token which ones can follow. Three names, each a valid
label on a public suffix, or the refusal. That a name comes twice no such grammar forbids.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.contract import BLOCKED
from models.types import Wishes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Part of a stored completion's identity: raise it when a change here can change an answer.
GRAMMAR_VERSION = "1"
LONGEST_LABEL = 20
NAMES = 3


def grammar(wishes: Wishes) -> str:
    """Return the grammar of an answer that keeps `wishes`."""
    name = r'"\", \""'.join([" name "] * NAMES)
    wanted = wishes.allowed_tlds or [tld for tld in suffixes() if tld not in wishes.forbidden_tlds]
    tlds = "|".join(tld.replace(".", r"\.") for tld in wanted)
    return "\n".join(
        [
            rf'start: "[\""{name}"\"]" | "[\"{BLOCKED}\"]"',
            'name: LABEL "." SUFFIX',
            f"LABEL: {' & '.join(_label(wishes))}",
            f"SUFFIX: /({tlds})/",
            "",
        ]
    )


def _label(wishes: Wishes) -> list[str]:
    """The regular expressions that a label must all match."""
    letters = "a-z" if wishes.no_digits else "a-z0-9"
    inner = letters if wishes.no_hyphens else f"{letters}-"
    longest = max(wishes.max_label_length or LONGEST_LABEL, 3)
    terms = [rf"/[{letters}][{inner}]{{1,{longest - 2}}}[{letters}]/"]
    if wishes.starts_with:
        terms.append(f"/{wishes.starts_with}[a-z0-9-]*/")
    if wishes.must_include:
        terms.append(f"/[a-z0-9-]*({'|'.join(wishes.must_include)})[a-z0-9-]*/")
    if wishes.must_not_include:
        terms.append(f"~/[a-z0-9-]*({'|'.join(wishes.must_not_include)})[a-z0-9-]*/")
    return terms


@cache
def suffixes() -> tuple[str, ...]:
    """Public suffixes that a business would take: one label, or co, com, net or org before a country's.

    They are those of ICANN's section in the publicsuffixlist package's snapshot.
    """
    import publicsuffixlist

    lines = (Path(publicsuffixlist.__file__).parent / "public_suffix_list.dat").read_text(encoding="utf-8").splitlines()
    icann = lines[: next(place for place, line in enumerate(lines) if "END ICANN" in line)]
    return tuple(line for line in icann if re.fullmatch(r"[a-z]+|(co|com|net|org)\.[a-z]+", line))


class Grammars:
    """Matchers of one tokenizer: `start` opens one, `mask` says what may follow, `advance` takes the token chosen."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        import llguidance
        import llguidance.numpy

        # llguidance looks at the first of several decoders only, and SmolLM2's file lists ByteLevel last.
        described = json.loads(tokenizer.backend_tokenizer.to_str())
        described["decoder"] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}
        self._tokens = llguidance.LLTokenizer(json.dumps(described))
        self._bits = llguidance.numpy.allocate_token_bitmask(1, self._tokens.vocab_size)

    def start(self, wishes: Wishes) -> Any:
        """Open a matcher; one whose wishes have no answer falls back to the contract alone."""
        import llguidance

        matcher = llguidance.LLMatcher(self._tokens, grammar(wishes))
        return llguidance.LLMatcher(self._tokens, grammar(Wishes())) if matcher.get_error() or matcher.is_stopped() else matcher

    def forbid(self, matcher: Any, logits: Any) -> None:
        """Set what cannot follow to -inf, in place; `logits` (vocabulary,)."""
        import llguidance.numpy
        import numpy as np
        import torch

        llguidance.numpy.fill_next_token_bitmask(matcher, self._bits, 0)
        follows = np.unpackbits(self._bits[0].view(np.uint8), bitorder="little")[: logits.shape[0]]
        logits.masked_fill_(torch.from_numpy(follows == 0).to(logits.device), float("-inf"))
