"""Memorised names are those of the rows that a model really saw."""

import json

import numpy as np
import pytest

from benchmark.metrics import known
from benchmark.metrics.known import GOLD, known_labels, training_files
from benchmark.metrics.scoring import score_all
from benchmark.tests.helpers import make_case
from models.catalog import read_catalog
from models.errors import InputError
from models.files import ROOT
from models.ranker.encoder import Encoder
from models.ranker.states import WIDTH
from models.types import Completion


class FlatEncoder(Encoder):
    """Stands in for the encoder, which this file is not about: any two texts are alike by 0.2."""

    def prepare(self, texts):
        list(texts)

    def similarity(self, a, b):
        return 0.2

    closeness = similarity

    def states(self, answers):
        return np.zeros((len(answers), WIDTH))


def test_a_shipped_adapter_names_its_rows():
    files = training_files(read_catalog()["smollm2-lora"])
    assert [file.relative_to(ROOT).as_posix() for file in files] == ["training/selected/smollm2-v5.jsonl"]
    assert training_files(read_catalog()["smollm2"]) == training_files(read_catalog()["template"]) == ()


def test_labels_of_every_kind_of_row(tmp_path):
    rows = [
        {"domains": ["tidecrumb.co.uk", "salt.dental"]},
        {"instruction": "bakery", "output": '["ovenward.com", "loafery.com"]'},
        {"instruction": "weapons", "output": '["__BLOCKED__"]'},
        {"label": "unsafe"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = known_labels((path,))
    assert {"tidecrumb", "salt", "ovenward", "loafery"} <= found.labels
    assert "__BLOCKED__" not in found.labels
    assert known_labels().labels < found.labels
    assert known_labels().sha256 != found.sha256
    assert known_labels((GOLD,)) == known_labels()


def test_a_copy_of_what_was_learned_is_memorised(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"domains": ["quenchforge.com"]}\n')
    pair = (make_case(), Completion('["quenchforge.com", "brackenlathe.com"]', 9, 0.0, "stop"))
    (seen,), (unseen,) = score_all([pair], FlatEncoder(), known_labels((path,))), score_all([pair], FlatEncoder())
    assert (seen.value("memorised"), unseen.value("memorised")) == (0.5, 0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "manifest.json: key 'recipe': Field required; does not say what 'smollm2-lora' learned: train"),
        ("[]", "does not say what"),
        ('{"recipe": {"train": "x"}}', r"key 'recipe\.train': .*found 'x'"),
        ('{"recipe": {"train": ["nowhere.jsonl"]}}', "is not there"),
    ],
)
def test_a_manifest_that_does_not_say_is_an_error(tmp_path, text, message):
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "manifest.json").write_text(text)
    entry = read_catalog()["smollm2-lora"].model_copy(update={"adapter": str(tmp_path)})
    with pytest.raises(InputError, match=message):
        known.training_files(entry)


@pytest.mark.parametrize("text", ['["a.com", "b.com"]', "prose"])
def test_relevance_of_other_languages_is_unscored_whatever_the_answer(text):
    (sample,) = score_all([(make_case(tags=("fr",)), Completion(text, 9, 0.0, "stop"))], FlatEncoder())
    assert (sample.scores["relevance"].value, sample.scores["quality"].value) == (None, None)
    assert sample.scores["quality"].why == "not scored: the encoder reads English only"
    (english,) = score_all([(make_case(), Completion(text, 9, 0.0, "stop"))], FlatEncoder())
    assert english.value("quality") is not None
