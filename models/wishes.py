r"""What a description asks of its names in plain words, read by rule; and whether a name keeps it.

    read("kombucha brewery, must start with K, .com only, no hyphens, 9 letters at most")
        -> Wishes(starts_with="k", allowed_tlds=("com",), no_hyphens=True, max_label_length=9)
    broken(wishes, "kelpfizz", "net")   -> "suffix 'net' is not one of com"

English first; the commonest turns of German, French, Spanish, Italian, Portuguese, Dutch and Russian, too. The reader is
careful where a mistake costs (a word that must be included) and generous where it does not: a word that should be left out
and is not is a broken wish, one that is left out for nothing costs little.
"""

import re
from collections.abc import Sequence
from typing import Protocol

from models.contract import MAX_LABEL, split_domain
from models.types import Wishes

MIN_LABEL = 3  # a shorter limit is a misreading


class Constraints(Protocol):
    """What may be asked of names; `Wishes` and `benchmark.types.Expectation` both have these fields."""

    @property
    def must_include(self) -> Sequence[str]: ...
    @property
    def must_not_include(self) -> Sequence[str]: ...
    @property
    def allowed_tlds(self) -> Sequence[str]: ...
    @property
    def no_hyphens(self) -> bool: ...
    @property
    def no_digits(self) -> bool: ...
    @property
    def max_label_length(self) -> int | None: ...
    @property
    def starts_with(self) -> str | None: ...
    @property
    def script(self) -> str | None: ...


def broken(asked: Constraints, label: str, suffix: str) -> str | None:
    """Say which constraint the name `label`.`suffix` breaks, or None."""
    checks = (
        (
            not asked.must_include or any(word.lower() in label for word in asked.must_include),
            f"includes none of {', '.join(asked.must_include)}",
        ),
        (
            not any(word.lower() in label for word in asked.must_not_include),
            f"includes one of {', '.join(asked.must_not_include)}",
        ),
        (
            not asked.allowed_tlds or suffix in asked.allowed_tlds,
            f"suffix {suffix!r} is not one of {', '.join(asked.allowed_tlds)}",
        ),
        (not (asked.no_hyphens and "-" in label), "has a hyphen"),
        (not (asked.no_digits and any(character.isdigit() for character in label)), "has a digit"),
        (
            asked.max_label_length is None or len(label) <= asked.max_label_length,
            f"label longer than {asked.max_label_length}",
        ),
        (label.startswith((asked.starts_with or "").lower()), f"does not start with {asked.starts_with!r}"),
        (asked.script != "latin" or label.isascii(), "is not in Latin letters"),
    )
    return next((message for holds, message in checks if not holds), None)


def keeps(asked: Wishes, domain: str) -> bool:
    """Whether `domain` keeps every wish."""
    label, suffix = split_domain(domain) or (domain, "")
    return suffix not in asked.forbidden_tlds and broken(asked, label, suffix) is None


_ADDRESS = re.compile(r"(?:https?://|www\.|@|(?<![\w.]))([a-z0-9-]{2,63}(?:\.[a-z0-9-]{2,63}){1,3})(?![\w-])")
_NUMBERS = {
    word: value
    for value, words in {
        3: "three drei trois tres tre drie três",
        4: "four vier quatre cuatro quattro quatro",
        5: "five fünf cinq cinco cinque vijf",
        6: "six sechs seis sei zes",
        7: "seven sieben sept siete sette zeven sete",
        8: "eight acht huit ocho otto oito",
        9: "nine neun neuf nueve nove negen",
        10: "ten zehn dix diez dieci tien dez",
        11: "eleven elf onze once undici",
        12: "twelve zwölf douze doce dodici twaalf doze",
        13: "thirteen dreizehn treize trece tredici",
        14: "fourteen vierzehn quatorze catorce quattordici",
        15: "fifteen fünfzehn quinze quince quindici",
    }.items()
    for word in words.split()
}
_COUNT = rf"(\d{{1,2}}|{'|'.join(_NUMBERS)})"
_LETTERS = (
    r"(?:letters?|characters?|chars?|buchstaben|zeichen|lettres|caractères|letras|caracteres|lettere|caratteri|letters|tekens)"
)
_NOT = (
    r"(?:no|not|never|don't|dont|do not|doesn't|avoid\w*|without|w/o|except|skip|keep out|keep away from|leave out|leaves? out|"
    r"none of|hate|banned|refuse to have|rather not|tired of|free of|zero|nothing|drop|ohne|kein\w*|nicht|nie|sans|pas|jamais|"
    r"ni|sin|nada de|evit\w*|senza|niente|non|sem|zonder|geen|без|не|нет)"
)
_MUST = (
    r"(?:must|has to|have to|had to|needs? to|should|please|insist\w*|put|build|muss|soll\w*|nur|doit|"
    r"doivent|debe\w*|tiene que|deve\w*|moet\w*|должн\w*|обязательно|in it)"
)
_QUOTES = "\"'`“”‘’«»„"
_ITEM = rf"[{_QUOTES}-]*([a-z][a-z0-9-]*)[{_QUOTES},]*"
_AND = r"(?:\s*(?:,|/|\+|&|\bor\b|\band\b|\bnor\b|\boder\b|\bund\b|\bou\b|\bet\b|\bni\b|\bo\b|\by\b|\be\b|\bof\b|\ben\b|\bи\b|\bили\b)\s*)+"
_WORD_NOUN = r"(?:the |das |dem |le |la |les |el |il |a |het |o )?(?:words?|terms?|names?|surname|keywords?|wort|wörter|namen?|mots?|nom|palabras?|parol[ae]|palavras?|woord\w*|слов[оа]?)"
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "anything",
        "are",
        "as",
        "at",
        "be",
        "but",
        "can",
        "com",
        "do",
        "domain",
        "domains",
        "else",
        "entirely",
        "every",
        "for",
        "from",
        "here",
        "i",
        "idea",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "less",
        "like",
        "longer",
        "matter",
        "more",
        "much",
        "my",
        "name",
        "names",
        "need",
        "no",
        "not",
        "of",
        "on",
        "one",
        "or",
        "our",
        "out",
        "part",
        "please",
        "problem",
        "same",
        "say",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "there",
        "these",
        "they",
        "thing",
        "this",
        "those",
        "to",
        "too",
        "up",
        "us",
        "use",
        "used",
        "want",
        "way",
        "we",
        "what",
        "when",
        "which",
        "with",
        "word",
        "words",
        "you",
        "your",
        "either",
        "every",
        "each",
        "them",
        "ever",
    ]
)

# Where a list of words ends and the next wish begins: "must contain port or quay, and end in .com".
_NEXT_WISH = frozenset(
    [
        "end",
        "without",
        "ohne",
        "sans",
        "sin",
        "ends",
        "ending",
        "finish",
        "start",
        "starts",
        "begin",
        "begins",
        "keep",
        "stay",
        "be",
        "is",
        "has",
        "have",
        "must",
        "should",
        "please",
        "not",
        "no",
        "only",
        "nothing",
        "never",
        "avoid",
        "terminar",
        "terminer",
        "acabar",
        "enden",
        "auf",
        "und",
        "commencer",
        "empezar",
        "letters",
        "characters",
    ]
)


def read(description: str) -> Wishes:
    """Read the wishes in `description`; what cannot be met together is dropped."""
    text = _plain(description)
    # An address in the text is another's name, or the one that its owner wants to leave.
    addresses = {part for host in _ADDRESS.findall(description.lower()) for part in host.split(".")[:-1] if len(part) > 3}
    clauses = [
        clause for clause in re.split(r"[.;!?](?=[\s,]|$)|\n|(?<!missing)(?<!in the name):\s|\s[-–—]\s|\)", text) if clause
    ]
    allowed, forbidden = _tlds(clauses)
    excluded = _excluded(clauses)
    included = tuple(word for word in _included(clauses) if word not in excluded)
    start = next(filter(None, map(_start, clauses)), None)
    longest = next(filter(None, map(_longest, clauses)), None)
    letters_only = bool(
        re.search(r"\b(?:letters only|only letters|all letters|nur buchstaben|solo letras|uniquement des lettres)\b", text)
    )
    hyphens = r"(?:hyphens?|hyphenat\w*|dash(?:es)?|bindestrich\w*|tirets?|traits? d'union|gui[oó]n\w*|trattin\w*|h[ií]fen\w*|koppelteken\w*|дефис\w*|an? - in)"
    digits = r"(?:digits?|numbers?|numerals?|figures|ziffern?|zahlen?|chiffres?|n[uú]meros?|cifr[ae]s?|d[ií]gitos?|numeri|cijfers?|цифр\w*)"
    wishes = Wishes(
        included,
        tuple(word for word in (*excluded, *sorted(addresses)) if word not in included),
        allowed,
        forbidden,
        letters_only or _without(text, hyphens) or "hyphen-free" in text,
        letters_only
        or (_without(text, digits) and not re.search(rf"must [^.]*{digits}", text))
        or "spelled in letters" in text,
        longest,
        start,
    )
    return _possible(wishes)


def _plain(description: str) -> str:
    text = re.sub(r"https?://\S+|www\.\S+|\S+@\S+", " ", description.lower().replace("’", "'"))
    return re.sub(r"\bdot (com|org|net|io|co|app)\b", r" .\1", text)


def _without(text: str, what: str) -> bool:
    return bool(re.search(rf"\b{_NOT}\b[^.;:]{{0,40}}?(?<!\w){what}(?!\w)", text))


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS[text]


def _longest(clause: str) -> int | None:
    under = re.search(
        rf"\b(?:under|fewer than|less than|shorter than|below|weniger als|moins de|menos de|meno di)\s+{_COUNT}\s*{_LETTERS}",
        clause,
    )
    if under:
        return max(MIN_LABEL, _number(under[1]) - 1)
    patterns = (
        rf"\b(?:at most|max(?:imum|imal)?(?: of)?|no more than|not more than|up to|within|no longer than|n[o']t (?:be )?(?:any )?longer than|not over|"
        rf"nothing over|never more than|keep (?:it|them) to|keep (?:it|them) (?:under|within)|höchstens|maximal|bis zu|au plus|au maximum|pas plus de|"
        rf"como máximo|máximo|no más de|al massimo|massimo|non più di|no máximo|hoogstens|не больше|не более)\s+{_COUNT}\b",
        rf"{_COUNT}[ -]*(?:{_LETTERS})?\s*(?:or fewer|or less|at most|max\w*|tops|au plus|como máximo|al massimo|no máximo|höchstens)\b",
        rf"\bto {_COUNT}\s*{_LETTERS}",
    )
    for pattern in patterns:
        if found := re.search(pattern, clause):
            limit = _number(found[1])
            return limit if MIN_LABEL <= limit <= MAX_LABEL and _of_letters(clause) else None
    return None


def _of_letters(clause: str) -> bool:
    return bool(re.search(rf"{_LETTERS}|before the (?:dot|ending)|\blong\b|\blength\b", clause))


def _start(clause: str) -> str | None:
    verb = r"(?:start|begin|beginn|open|anfang|anfäng|comienc|comenz|empiec|empez|commenc|inizi|começ|comec|begint|beginn|начина)\w*"
    middle = r"\s+(?:with|by|mit|par|con|com|met|с)?\s*"
    letter = r"(?:(?:an?|the|dem|la|der|de|der)?\s*(?:letter|buchstaben?|lettre|letra|lettera|буквы)\s*)"
    if re.search(rf"{_NOT}\W+(?:\w+\W+){{0,2}}{verb}", clause):
        return None
    quoted = re.search(rf"{verb}{middle}{letter}?[{_QUOTES}]([a-z]{{1,10}})[{_QUOTES}]", clause)
    # "a" and "i" are words of their own: only "the letter a" is a letter.
    single = re.search(rf"{verb}{middle}(?:{letter}([a-z])|([b-hj-z]))(?![\w'])", clause)
    first = re.search(r"\b(?:first letter|initial)\s+(?:is |must be |should be )?[\"']?([a-z])(?!\w)", clause)
    other = re.search(r"\bname in ([a-z])(?![\w'])|\bunder ([a-z])(?![\w']) in the index|\bletter ([a-z]) on\b", clause)
    found = quoted or single or first or other
    return next(filter(None, found.groups())) if found else None


def _tlds(clauses: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    allowed: dict[str, None] = {}
    forbidden: dict[str, None] = {}
    run = r"(?<![\w.])\.([a-z]{2,12}(?:\.[a-z]{2,3})?)(?![\w])"
    for clause in clauses:
        negative = False
        at = 0
        for match in re.finditer(run, clause):
            between = clause[at : match.start()]
            # "not .io, not .ai": each its own no; "no .io or .ai": one for both; "no .io, only .com": the second is wanted.
            if re.search(rf"\b{_NOT}\s*(?:\w+\s*)?$", between) and not re.search(r"\bnothing but\s*$", between):
                negative = True
            elif (at and not re.fullmatch(r"[\s,/]*(?:or|and|nor|oder|ou|o|und|et|y|e)?[\s,/]*", between)) or not at:
                negative = False
            at = match.end()
            if split_domain(f"name.{match[1]}") == ("name", match[1]):
                (forbidden if negative else allowed)[match[1]] = None
    return tuple(tld for tld in allowed if tld not in forbidden), tuple(forbidden)


def _items(text: str) -> list[str]:
    """The words of a list at the start of `text`: `'bow' or arrow, please` -> bow, arrow."""
    words: list[str] = []
    match = re.match(_ITEM, text)
    while match and match[1] not in _NEXT_WISH:
        words.append(match[1])
        text = text[match.end() :]
        joined = "," in match[0] or re.match(_AND, text)
        text = re.sub(rf"^{_AND}", "", text).lstrip()
        match = re.match(_ITEM, text) if joined else None
    return [word.strip("-") for word in words if len(word.strip("-")) > 1 and word not in _STOP]


def _excluded(clauses: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    cue = rf"\b{_NOT}\s+(?:the\s+)?"
    verb = r"(?:(?:names?|may|can|should|must|see|say|saying|use|using|include|including|contain|containing|mention\w*|put|want|have|having|names? (?:with|like|containing)|with|of|le|el|il|o)\s+){0,3}"
    noun = rf"(?:{_WORD_NOUN}\s+)?(?:of\s+)?(?:the\s+)?"
    for clause in clauses:
        for match in re.finditer(rf"{cue}{verb}{noun}", clause):
            rest = clause[match.end() :]
            for word in _items(rest):
                if word not in ("hyphens", "hyphen", "dashes", "digits", "numbers") and not rest.startswith("."):
                    found[word] = None
        for pattern in (
            rf"\bleave {_WORD_NOUN} [{_QUOTES}]?([a-z0-9-]+)[{_QUOTES}]? out\b",
            rf"[{_QUOTES}]?\b([a-z0-9-]+)[{_QUOTES}]? (?:does not|doesn't|must not|may not|should not|shouldn't) appear\b",
            r"\bavoid ([a-z0-9-]+)",
            rf"banned in the name: [{_QUOTES}]?([a-z0-9-]+)",
        ):
            found.update(dict.fromkeys(re.findall(pattern, clause)))
        if re.search(r"\bhave .+ on my (?:van|sign|shop)", clause) and re.search(rf"\b{_NOT}\b", clause):
            found.update(dict.fromkeys(re.findall(rf"[{_QUOTES}]([a-z0-9-]+)[{_QUOTES}]", clause)))
    return tuple(word for word in found if word not in _STOP and len(word) > 1)


def _included(clauses: Sequence[str]) -> tuple[str, ...]:
    verb = r"(?:includ\w*|contain\w*|featur\w*|hold\w*|having|have|has|around|put|beinhalten?|enthalten|enthält|conten\w*|contien\w*|contain\w*|inclu\w*|bevat\w*)"
    for clause in clauses:
        asked = bool(re.search(rf"\b{_MUST}\b", clause))
        patterns = (
            (rf"\b{verb}\s+(?:either\s+)?{_WORD_NOUN}\s+", asked),
            (
                r"\b(?:includ\w*|contain\w*|please work in|enthalten|contenir|contener|contenere|conter|bevatten|insist on having)\s+(?:either\s+)?(?:the\s+)?",
                asked,
            ),
            (rf"\b(?:includ\w*|contain\w*)\s+(?:the\s+)?(?:word\s+)?(?=[{_QUOTES}])", True),
            (rf"\b(?:obligatorio|обязательно|{_WORD_NOUN} that may not be missing:?)\s+(?:{_WORD_NOUN}\s+)?", True),
            (
                r"\b(?:name|domain|each (?:one|suggestion)|every name)\s+(?:must|has to|needs to|should)\s+have\s+(?=[^,]*\bin it)",
                True,
            ),
            (rf"\bnames? needs?\s+(?={_ITEM}(?:\s+in it)?\s*$)", True),
            (r"\bevery name with\s+", True),
            (rf"\bput\s+(?=[{_QUOTES}])", True),
            (rf"\beach suggestion needs\s+(?=[{_QUOTES}])", True),
            (rf"\b(?:the\s+)?word\s+(?=[{_QUOTES}]?[a-z]+[{_QUOTES}]? (?:has to|must))", True),
        )
        for pattern, holds in patterns:
            for match in re.finditer(pattern, clause) if holds else ():
                # "no name may contain 'zen'" asks for the contrary.
                if re.search(rf"\b{_NOT}\b[^,]*$", clause[: match.start()]):
                    continue
                if words := _items(clause[match.end() :]):
                    return tuple(dict.fromkeys(words))
        for pattern in (
            r"\b([a-z]{2,})\s+is our (?:family )?name and must appear",
            rf"[{_QUOTES}]([a-z0-9]+)[{_QUOTES}] (?:has to|must) (?:be|appear)",
            r"\b(?:number )?(\d{1,3}) has to be in",
        ):
            if word := re.search(pattern, clause):
                return (word[1],)
    return ()


def _possible(wishes: Wishes) -> Wishes:
    """Drop what contradicts the rest: a word that is longer than the name may be, a beginning that is forbidden."""
    longest = wishes.max_label_length or MAX_LABEL
    fits = [
        word for word in wishes.must_include if len(word) <= longest and not any(bad in word for bad in wishes.must_not_include)
    ]
    start = wishes.starts_with
    bad_start = start is not None and (len(start) >= longest or any(bad in start for bad in wishes.must_not_include))
    return Wishes(
        tuple(fits),
        wishes.must_not_include,
        wishes.allowed_tlds,
        wishes.forbidden_tlds,
        wishes.no_hyphens,
        wishes.no_digits,
        wishes.max_label_length,
        None if bad_start else start,
    )
