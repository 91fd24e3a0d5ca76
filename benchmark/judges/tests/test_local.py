"""The local judge on a tiny model: its verdicts are the expected digits of plain forwards, whatever is asked beside them."""

from dataclasses import replace

import pytest

from benchmark.judges import local, rubrics
from benchmark.judges.local import LocalJudge, LocalSettings, read_settings
from benchmark.judges.types import Item
from models.errors import WeightsError
from models.generators import ModelPool
from models.tests.tiny import save_tiny_model

GROOMER = "mobile dog groomer, Leeds"
ITEMS = [
    Item("relevance", GROOMER, ("pawlane.co.uk", "tubhound.com")),
    Item("creativity", GROOMER, ("pawlane.co.uk", "tubhound.com")),
    Item("professionalism", GROOMER, ("pawlane.co.uk", "tubhound.com")),
    Item("relevance", "bakery", ("tubhound.com",)),
    Item("relevance", GROOMER, ("tubhound.com", "not a domain")),
    Item("relevance", GROOMER, ("not a domain",)),
    Item("relevance", GROOMER, ()),
]


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    folder = save_tiny_model(tmp_path_factory.mktemp("tiny"))
    return LocalJudge(LocalSettings(str(folder), "none", None, cosine_share=0.0), ModelPool())


def expected(judge, description, domain, criterion):
    """The same by an ordinary forward over the whole text."""
    import torch

    base = judge.pool.base(judge.settings.entry)
    text = rubrics.preamble() + "".join(rubrics.question(description, domain, criterion))
    with torch.inference_mode():
        logits = base.model(**base.tokenizer(text, return_tensors="pt", add_special_tokens=False)).logits[0, -1]
    digits = [base.tokenizer.convert_tokens_to_ids(str(digit)) for digit in range(10)]
    return float(torch.softmax(logits[digits].float(), dim=-1) @ torch.arange(10.0)) / 9 * 10


def verdicts(judge, items):
    found = dict(judge.judge(items))
    assert sorted(found) == list(range(len(items)))
    return [found[index] for index in range(len(items))]


def test_verdicts_are_expected_digits_of_plain_forwards(judge):
    found = verdicts(judge, ITEMS)
    paw, tub = (expected(judge, GROOMER, name, "relevance") for name in ITEMS[0].domains)
    assert found[0].value == pytest.approx((paw + tub) / 2, abs=1e-4)
    assert found[0].why == f"pawlane.co.uk {paw:.1f}; tubhound.com {tub:.1f}"
    assert found[0].tokens > 0
    sober = [expected(judge, GROOMER, name, "professionalism") for name in ITEMS[2].domains]
    assert found[2].value == pytest.approx((sum(sober) / 2 + min(sober)) / 2, abs=1e-4)
    assert found[3].value == pytest.approx(expected(judge, "bakery", "tubhound.com", "relevance"), abs=1e-4)
    assert [verdict.criterion for verdict in found] == [item.criterion for item in ITEMS]
    assert len({round(verdict.value, 3) for verdict in found[:4]}) == 4


def test_names_that_cannot_be_registered_are_worth_nothing_and_never_shown(judge):
    found = verdicts(judge, ITEMS)
    tub = expected(judge, GROOMER, "tubhound.com", "relevance")
    assert found[4].value == pytest.approx(tub / 2, abs=1e-4)
    assert "not a domain not valid" in found[4].why
    assert (found[5].value, found[5].tokens) == (0.0, 0)
    assert (found[6].value, found[6].why) == (0.0, "no names")
    bare = verdicts(judge.unhardened(), ITEMS[5:6])[0]
    assert bare.value == pytest.approx(expected(judge, GROOMER, "not a domain", "relevance"), abs=1e-4)


def test_neighbours_and_order_change_nothing(judge, monkeypatch):
    found = verdicts(judge, ITEMS)
    monkeypatch.setattr(local, "_ITEMS", 2)
    for index, again in enumerate(reversed(verdicts(judge, ITEMS[::-1]))):
        assert again.value == pytest.approx(found[index].value, abs=1e-4)


def test_the_cosine_is_mixed_into_relevance_alone(judge, monkeypatch):
    monkeypatch.setattr(local, "cosine_rating", lambda questions, encoder: [10.0 for _ in questions])  # MiniLM loads for 11 s
    mixed = replace(judge, settings=replace(judge.settings, cosine_share=0.25))
    before, after = verdicts(judge, ITEMS), verdicts(mixed, ITEMS)
    assert after[0].value == pytest.approx(0.75 * before[0].value + 2.5, abs=1e-4)
    assert after[3].value == pytest.approx(0.75 * before[3].value + 2.5, abs=1e-4)
    assert [after[i].value for i in (1, 2, 5, 6)] == pytest.approx([before[i].value for i in (1, 2, 5, 6)], abs=1e-4)


def test_the_fingerprint_tells_judges_apart(judge, monkeypatch):
    fingerprints = [judge.fingerprint(), judge.unhardened().fingerprint()]
    fingerprints.append(replace(judge, settings=replace(judge.settings, cosine_share=0.5)).fingerprint())
    monkeypatch.setattr(local, "rubrics_sha256", lambda: "others")
    fingerprints.append(judge.fingerprint())
    assert len({str(one) for one in fingerprints}) == 4
    assert "prompt" not in fingerprints[0]  # of the naming model, which a judge does not use
    assert {"weights", "tokenizer", "adapter", "quantization", "dtype", "rubrics", "decoding"} <= fingerprints[0].keys()


def test_an_absent_adapter_is_named_with_the_command_that_makes_it(judge):
    untrained = replace(judge, settings=replace(judge.settings, adapter="models/adapters/nosuch"))
    with pytest.raises(WeightsError, match=r"nosuch .*python -m training judge smollm2-judge"):
        untrained.fingerprint()
    with pytest.raises(WeightsError, match="nosuch"):
        list(untrained.judge(ITEMS))


def test_the_committed_settings_are_readable():
    settings = read_settings()
    assert settings.weights == "embedded"
    assert 0 <= settings.cosine_share < 1
