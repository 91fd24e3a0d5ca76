"""The output contract: every reading and every domain rule by written example, then properties over any text."""

import json
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract import BLOCKED, REFUSAL_TEXT, domain_fault, parse, split_domain
from models.types import Answer, Malformed, Refusal, Suggestions

PAIR = ("pawlane.co.uk", "tubhound.com")
STRICT = Suggestions(PAIR, strict=True)
REPAIRED = Suggestions(PAIR, strict=False)
NO_ARRAY = Malformed("no array of strings")
MIXED = Malformed("refusal mixed with suggestions")

READINGS: list[tuple[str, Answer]] = [
    # strict: the whole text is the array
    ('["pawlane.co.uk", "tubhound.com"]', STRICT),
    ('\n ["pawlane.co.uk","tubhound.com"] \n', STRICT),
    ('[\n  "pawlane.co.uk",\n  "tubhound.com"\n]', STRICT),
    ('["PawLane.CO.UK ", " tubhound.com"]', STRICT),
    ('["not a domain", ""]', Suggestions(("not a domain", ""), strict=True)),
    # repaired: the array is inside other text, or not quite JSON
    ("['pawlane.co.uk', 'tubhound.com']", REPAIRED),
    ("[\"pawlane.co.uk\", 'tubhound.com']", REPAIRED),
    ('["pawlane.co.uk", "tubhound.com",]', REPAIRED),
    ('Sure! ["pawlane.co.uk", "tubhound.com"] :)', REPAIRED),
    ('["pawlane.co.uk", "tubhound.com"]\nI hope these help.', REPAIRED),
    ('```json\n["pawlane.co.uk", "tubhound.com"]\n```', REPAIRED),
    ('["pawlane.co.uk", "tubhound.com"] ["third.com"]', REPAIRED),
    ('[] or rather ["pawlane.co.uk", "tubhound.com"]', REPAIRED),
    ('[["pawlane.co.uk", "tubhound.com"]]', REPAIRED),
    ('{"domains": ["pawlane.co.uk", "tubhound.com"]}', REPAIRED),
    ('[["pawlane.co.uk", "tubhound.com"], 3', REPAIRED),
    ('\ufeff["pawlane.co.uk", "tubhound.com"]', REPAIRED),
    # refusal: three spellings, of which one is strict
    (REFUSAL_TEXT, Refusal(strict=True)),
    (f' [ "{BLOCKED}" ]\n', Refusal(strict=True)),
    (BLOCKED, Refusal(strict=False)),
    (f"{BLOCKED}.\n", Refusal(strict=False)),
    (f'"{BLOCKED}"', Refusal(strict=False)),
    (f"[{BLOCKED}]", Refusal(strict=False)),
    (f'["{BLOCKED}","{BLOCKED}","{BLOCKED}"]', Refusal(strict=False)),
    (f"['{BLOCKED}']", Refusal(strict=False)),
    (f'["{BLOCKED} "]', Refusal(strict=False)),
    (f'["{BLOCKED}"] because it is harmful', Refusal(strict=False)),
    # malformed
    ("", Malformed("empty text")),
    (" \n\t", Malformed("empty text")),
    ("[]", Malformed("empty array")),
    ('["", " "]', Malformed("empty array")),
    (f'["{BLOCKED}", "tubhound.com"]', MIXED),
    (f'["tubhound.com", "{BLOCKED}"] sorry', MIXED),
    ("I suggest pawlane.co.uk", NO_ARRAY),
    (f"I must answer {BLOCKED} to that", NO_ARRAY),
    ('["pawlane.co.uk", "tubhound.com"', NO_ARRAY),
    ('["pawlane.co.uk", "tubhou', NO_ARRAY),
    ('["pawlane.co.uk" "tubhound.com"]', NO_ARRAY),
    ("[pawlane.co.uk, tubhound.com]", NO_ARRAY),
    ('{"domain": "pawlane.co.uk"}', NO_ARRAY),
    ('"pawlane.co.uk"', NO_ARRAY),
    ("[[]]", NO_ARRAY),
    ("[1, 2]", NO_ARRAY),
    ('["pawlane.co.uk", 2]', NO_ARRAY),
    ('["pawlane.co.uk", null]', NO_ARRAY),
    ("42", NO_ARRAY),
    ("null", NO_ARRAY),
    ("[" * 100_000, NO_ARRAY),
    ("[" + "9" * 5_000 + "]", NO_ARRAY),
]


@pytest.mark.parametrize(("text", "expected"), READINGS, ids=[repr(text[:40]) for text, _ in READINGS])
def test_parse_reads(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize("action", ["ignore", "error"])
def test_a_reading_does_not_depend_on_warning_filters(action):
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        assert parse(r"['paw\-lane.com']") == Suggestions((r"paw\-lane.com",), strict=False)


def test_an_array_that_never_closes_is_read_in_linear_time():
    start = time.perf_counter()
    assert parse('["a"' + " " * 15_000) == NO_ARRAY
    assert parse('["a"' + ', "b"' * 50_000) == NO_ARRAY
    assert time.perf_counter() - start < 1  # seconds to minutes where it is not


LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 57, "com"])  # 63 * 3 + 57 + 3 letters and 4 dots
FAULTS: dict[str, list[str]] = {
    "ascii": [
        "🥑.com",
        "naïve🥑.com",
        "a。com",
        "ａ.com",
        "mu\u0308nchen.de",
        "é..com",
        f"{'é' * 60}.com",
        "\ud800.com",
    ],
    "length": [LONGEST.replace("com", "comx"), "a." * 200 + "com"],
    "ldh": [
        *("", ".", ".com", "paw..com", "paw.com.", "-paw.com", "paw-.com", "paw.-com", "paw_lane.com", "paw lane.com"),
        *(
            "paw.com\n",
            " paw.com",
            "https://paw.com",
            "paw.com/",
            "paw@lane.com",
            "a" * 64 + ".com",
            BLOCKED,
            "xn--.com",
        ),
    ],
    "suffix": ["com", "co.uk", "paw", "paw.notatld", "paw.example", "paw.localhost", "paw.xn--zzz", "127.0.0.1"],
    "subdomain": ["www.paw.com", "shop.paw.co.uk", "paw.github.io", LONGEST],
    "idna": ["xn--a.com", "xn--a-b.com", "xn--ls8h.com", "ab--cd.com", "3a--b.com"],
}
VALID = [
    *("paw.com", "PAW.com", "paw-lane.com", "p.com", "24.com", "paw--lane.com", "paw.co.uk", "paw.uk", "paw.com.au"),
    *("a" * 63 + ".com", "github.io", "paw.repair", "xn--mnchen-3ya.de", "XN--MNCHEN-3YA.de", "xn--maana-pta.com"),
    *("münchen.de", "MÜNCHEN.de", "mañana.com", "straße.de", "日本.jp", "食狮.中国", "食狮.xn--fiqs8s", "ελλάς.gr"),
]


@pytest.mark.parametrize("domain", VALID)
def test_valid_domains_have_no_fault(domain):
    assert domain_fault(domain) is None


@pytest.mark.parametrize(("rule", "domain"), [(rule, domain) for rule, names in FAULTS.items() for domain in names])
def test_domain_fault_names_the_broken_rule(rule, domain):
    assert domain_fault(domain) == rule


def test_the_longest_name_is_253_characters():
    assert len(LONGEST) == 253
    assert domain_fault(LONGEST) != "length"
    assert domain_fault("d" + LONGEST) == "length"


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("paw.com", ("paw", "com")),
        ("paw.co.uk", ("paw", "co.uk")),
        ("shop.paw.co.uk", ("shop.paw", "co.uk")),
        ("paw.github.io", ("paw.github", "io")),  # io is the registry's suffix; github.io is a private one
        ("食狮.中国", ("食狮", "中国")),
        ("co.uk", None),
        ("paw.notatld", None),
        ("", None),
    ],
)
def test_split_domain(domain, expected):
    assert split_domain(domain) == expected


any_text = st.text(st.characters(exclude_categories=()))
brackets = st.lists(
    st.sampled_from([*"[]{}\"'`,.\\ \n", BLOCKED, "a.com", "\\u", "\x00", "\ud800", "null", "1", "é"]), max_size=40
).map("".join)
json_text = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | any_text | st.sampled_from([BLOCKED, "a.com"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=3),
).map(json.dumps)
hosts = st.lists(
    st.sampled_from(["xn--", "-", "--", ".", "。", "a", "9", "é", "ß", "א", "٠", "\u0301", "\u200d", "·", "\ud800", "com"]),
    max_size=20,
).map("".join)


@settings(deadline=None)
@given(any_text | brackets | json_text)
def test_any_text_gives_an_answer(text):
    answer = parse(text)
    assert isinstance(answer, Suggestions | Refusal | Malformed)
    if isinstance(answer, Suggestions):
        assert any(answer.domains)
        assert BLOCKED not in answer.domains


@given(st.lists(any_text, min_size=1).filter(lambda names: any(name.strip() for name in names)))
def test_every_array_of_strings_is_read_strictly_and_whole(names):
    lowered = tuple(name.strip().lower() for name in names)
    assert parse(json.dumps(names)) == Suggestions(lowered, strict=True)
    assert parse(f"\n{json.dumps(names, ensure_ascii=False)} ") == Suggestions(lowered, strict=True)


@settings(deadline=None)
@given(any_text | hosts | hosts.map("{}.com".format))
def test_domain_fault_never_raises_and_a_valid_name_can_be_split(text):
    fault = domain_fault(text)
    assert fault is None or fault in FAULTS
    if fault is None:
        parts = split_domain(text.lower())
        assert parts is not None
        assert all(parts)
        assert "." not in parts[0]


@settings(deadline=None)
@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True).filter(lambda label: label[2:4] != "--"))
def test_every_ldh_label_is_valid_under_com(label):
    assert domain_fault(f"{label}.com") is None
