"""The output contract: raw text in, an `Answer` out, never an exception.

A model answers with a JSON array of 2 to 3 domain names, or refuses with `["__BLOCKED__"]`:

    '["pawlane.co.uk", "tubhound.com"]'            -> Suggestions(strict=True)
    "Sure! ['pawlane.co.uk', 'tubhound.com'] :)"   -> Suggestions(strict=False): found inside other text, repaired
    '["__BLOCKED__","__BLOCKED__","__BLOCKED__"]'  -> Refusal(strict=False); so is a bare __BLOCKED__
    'I suggest pawlane.co.uk'                      -> Malformed("no array")

Strict and repaired are always reported apart. Whether the names in an array are valid, two or three, and distinct is
scored by `benchmark.metrics.format` with `domain_fault` below; parsing only reads.
"""

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import idna

from models.types import Answer, Malformed, Refusal, Suggestions

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

BLOCKED = "__BLOCKED__"
REFUSAL_TEXT = f'["{BLOCKED}"]'
MIN_DOMAINS, MAX_DOMAINS = 2, 3

# An array of quoted strings, or of nothing: the only shape worth repairing towards. No two runs of white space touch in
# the pattern, so that an array that never closes costs linear time.
_QUOTED = r"""(?:"[^"\n]{0,300}"|'[^'\n]{0,300}')"""
_ITEM = re.compile(_QUOTED)
_ARRAY = re.compile(rf"\[\s*(?:{_QUOTED}\s*(?:,\s*{_QUOTED}\s*)*(?:,\s*)?)?\]")
MAX_LABEL = 63  # letters of a label, RFC 1035
_LABEL = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{MAX_LABEL - 2}}}[a-z0-9])?")


def parse(text: str) -> Answer:
    """Read a completion's raw text as Suggestions, Refusal or Malformed.

    Strict means that the whole text is exactly a JSON array of strings, white space around it aside.
    """
    stripped = text.strip()
    items = _json_strings(stripped)
    if items is not None:
        return _read(items, strict=True)
    if stripped.strip("\"'`.[] ") == BLOCKED:
        return Refusal(strict=False)
    for match in _ARRAY.finditer(text):
        items = _json_strings(match.group()) or [item[1:-1] for item in _ITEM.findall(match.group())]
        if items:
            return _read(items, strict=False)
    return Malformed("empty text" if not stripped else "no array of strings")


def _read(items: list[str], strict: bool) -> Answer:
    names = [item.strip() for item in items]
    if not any(names):
        return Malformed("empty array")
    blocked = [name == BLOCKED for name in names]
    if all(blocked):
        return Refusal(strict=strict and items == [BLOCKED])
    if any(blocked):
        return Malformed("refusal mixed with suggestions")
    return Suggestions(tuple(name.lower() for name in names), strict)


def _json_strings(text: str) -> list[str] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


@lru_cache(maxsize=1)
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, only_icann=True)


@lru_cache(maxsize=65536)
def split_domain(domain: str) -> tuple[str, str] | None:
    """Split `domain` into (everything left of the public suffix, public suffix), or None where no such suffix exists.

    Source: the Public Suffix List's ICANN section, a snapshot shipped with the publicsuffixlist package.
    """
    suffix = _suffixes().publicsuffix(domain)
    if not suffix or suffix == domain:
        return None
    return domain.removesuffix(f".{suffix}"), suffix


@lru_cache(maxsize=65536)
def domain_fault(domain: str) -> str | None:
    """Name the first rule that `domain` breaks, or None for a valid registrable name.

    Rules, in order: `ascii` (after IDNA 2008 encoding), `length` (<= 253), `ldh` (letters-digits-hyphen labels of 1-63
    with no hyphen at either end), `suffix` (exists in the Public Suffix List), `subdomain` (exactly one label before the
    suffix), `idna` (an A-label or a hyphen pair that IDNA 2008 forbids). Sources: RFC 1035, RFC 5891, publicsuffix.org.
    """
    name = domain.lower()
    if not name.isascii():
        try:
            name = idna.encode(name, strict=True).decode()
        except (idna.IDNAError, UnicodeError):
            return "ascii"
    if len(name) > 253:
        return "length"
    if not all(_LABEL.fullmatch(label) for label in name.split(".")):
        return "ldh"
    parts = split_domain(name)
    if parts is None:
        return "suffix"
    label = parts[0]
    if "." in label:
        return "subdomain"
    if label[2:4] == "--":
        try:
            idna.decode(label)
        except (idna.IDNAError, UnicodeError):
            return "idna"
        if not label.startswith("xn--"):
            return "idna"
    return None
