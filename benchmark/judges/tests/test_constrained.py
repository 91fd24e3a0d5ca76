"""Constrained decoding by a tiny random model, which would break any JSON by itself, alone and behind deepeval."""

import asyncio
import json
import math

import pytest
from pydantic import BaseModel

from benchmark.judges import constrained
from benchmark.judges.constrained import LONGEST_LIST, LONGEST_STRING, bounded, write
from benchmark.judges.local import Settings
from models.errors import InputError
from models.generators import ModelPool
from models.tests.tiny import save_tiny_model


class Verdict(BaseModel):
    verdict: str
    reason: str | None = None


class Grade(BaseModel):
    reason: str
    score: float
    votes: list[int]
    verdicts: list[Verdict]


DIGIT = {"type": "integer", "minimum": 0, "maximum": 9}
SCORE = {"type": "object", "properties": {"score": DIGIT}, "required": ["score"]}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(str(save_tiny_model(tmp_path_factory.mktemp("tiny"))), "none", None, cosine_share=0.0)


@pytest.fixture(scope="module")
def base(settings):
    return ModelPool().base(settings.entry)


def test_a_random_model_writes_what_the_schema_says(base):
    texts = [one.text for one in write(base.model, base.tokenizer, ["a", "bc"], [Grade.model_json_schema(), SCORE])]
    grade = Grade.model_validate_json(texts[0])
    assert len(grade.reason) <= LONGEST_STRING
    assert len(grade.votes) <= LONGEST_LIST
    assert set(json.loads(texts[1])) == {"score"}
    assert json.loads(texts[1])["score"] in range(10)


def test_the_neighbours_of_a_batch_do_not_change_a_text(base):
    prompts = ["name a bakery", "grade this: crumbhall.com, ryefire.co.uk"]
    together = write(base.model, base.tokenizer, prompts, [SCORE, SCORE])
    alone = [write(base.model, base.tokenizer, [prompt], [SCORE])[0] for prompt in prompts]
    assert [one.text for one in together] == [one.text for one in alone]
    assert together[0].prompt_tokens < together[1].prompt_tokens


def test_log_probabilities_are_those_among_the_allowed_tokens(base):
    written = write(base.model, base.tokenizer, ["grade"], [SCORE])[0]
    digit = next(token for token in written.tokens if token.text.isdecimal())
    assert {text for text, _ in digit.top} == set("0123456789")
    assert sum(math.exp(logprob) for _, logprob in digit.top) == pytest.approx(1.0, abs=1e-4)
    assert digit.logprob == max(logprob for _, logprob in digit.top)


def test_without_a_schema_the_text_is_free_and_ends(base):
    written = write(base.model, base.tokenizer, ["a"], [None])[0]
    assert 0 < len(written.tokens) <= 2 * LONGEST_STRING


def test_limits_are_added_where_a_schema_sets_none():
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}, "b": {"enum": ["x"], "type": "string"}}}
    assert bounded(schema) == {**schema, "additionalProperties": False}
    assert bounded({"anyOf": [{"type": "string"}, {"type": "null"}]})["anyOf"][0]["maxLength"] == LONGEST_STRING


def test_a_schema_that_cannot_be_met_is_named(base, monkeypatch):
    with pytest.raises(InputError, match="a schema that cannot be decoded by"):
        write(base.model, base.tokenizer, ["a"], [{"type": "nosuch"}])
    monkeypatch.setattr(constrained, "MAX_NEW_TOKENS", 8)
    with pytest.raises(InputError, match="longer than 8 tokens"):
        write(base.model, base.tokenizer, ["a"], [SCORE])


def test_as_one_of_deepevals_models(settings, monkeypatch):
    from benchmark.judges import local_llm
    from benchmark.judges.deepeval_metrics import JudgeMetric

    batches = []

    def counted(model, tokenizer, prompts, schemas):
        batches.append(len(prompts))
        return write(model, tokenizer, prompts, schemas)

    monkeypatch.setattr(local_llm, "write", counted)
    model = local_llm.LocalLLM(settings)
    assert isinstance(model.generate("a", schema=Grade), Grade)

    async def at_once():
        return await asyncio.gather(model.a_generate("a", schema=Grade), model.a_generate("b"), model.a_generate("c", Verdict))

    grade, text, verdict = asyncio.run(at_once())
    assert (type(grade), type(text), type(verdict)) == (Grade, str, Verdict)
    assert batches == [1, 3]

    async def refused():
        impossible = type("Impossible", (), {"model_json_schema": staticmethod(lambda: {"type": "nosuch"})})
        return await asyncio.gather(model.a_generate("a", impossible), model.a_generate("b"), return_exceptions=True)

    assert [type(error) for error in asyncio.run(refused())] == [InputError, InputError]

    from deepeval.test_case import LLMTestCase

    case = LLMTestCase(input="mobile dog groomer, Leeds", actual_output='["pawlane.co.uk", "tubhound.com"]')
    response, cost = model.generate_raw_response("grade", top_logprobs=5)
    digit = next(token for token in response.choices[0].logprobs.content if token.token.isdecimal())
    assert len(digit.top_logprobs) == 5
    assert cost == 0
    metric = JudgeMetric("relevance", model)
    score = metric.measure(case)
    assert 0 < score < 10
    assert score * 0.9 != pytest.approx(round(score * 0.9), abs=1e-6), "not weighted: a whole digit"
