"""Cards and manifest: what is generated follows the data, and what does not follow is found."""

import json
import shutil

import pytest

from benchmark import cards
from benchmark.cases import DATASETS


@pytest.fixture
def datasets(tmp_path):
    """A copy of two small sets with their cards and a manifest of their own."""
    for name in ("edge", "instruct"):
        shutil.copytree(DATASETS / name, tmp_path / name)
    (tmp_path / "synthetic").mkdir()
    (tmp_path / "synthetic" / "test.csv").write_text('business_description,domain_name,complexity\n"a\nb",oat.com,simple\n')
    assert cards.main([], tmp_path) == 0
    return tmp_path


def append(path, text):
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def test_what_is_committed_is_current():
    assert cards.manifest_faults(DATASETS) == []
    assert cards.main(["--check"]) == 0


def test_manifest_counts_rows_and_hashes_bytes(datasets):
    manifest = json.loads((datasets / "MANIFEST.json").read_text())
    assert sorted(manifest) == ["edge/test.jsonl", "instruct/train.jsonl", "synthetic/test.csv"]
    assert [entry["rows"] for entry in manifest.values()] == [288, 15, 1]
    assert manifest["synthetic/test.csv"]["sha256"] == "dd7cd4b812b0a8e88cebd7c188b0de5f3f8a8872561bcc9a93182b114142b20d"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: append(folder / "edge/test.jsonl", "{}\n"), "edge/test.jsonl: found {'rows': 289"),
        (lambda folder: (folder / "edge/test.jsonl").unlink(), "edge/test.jsonl: found None"),
        (lambda folder: (folder / "edge/train.jsonl").write_text("{}\n"), "the manifest says None"),
        (lambda folder: (folder / "MANIFEST.json").write_text("{"), "MANIFEST.json: Expecting property name"),
        (lambda folder: (folder / "MANIFEST.json").unlink(), "No such file"),
    ],
)
def test_a_change_without_a_new_manifest_is_found(spoil, message, datasets):
    assert cards.manifest_faults(datasets) == []
    spoil(datasets)
    found = cards.manifest_faults(datasets)
    assert len(found) == 1
    assert message in found[0]


def test_a_wrong_hash_is_found(datasets):
    path = datasets / "MANIFEST.json"
    path.write_text(path.read_text().replace('"sha256": "', '"sha256": "0', 1))
    assert [line.split(":")[0] for line in cards.manifest_faults(datasets)] == ["edge/test.jsonl"]
    assert cards.main(["--check"], datasets) == 1


def test_a_stale_card_is_found_and_rewritten(datasets, capsys):
    card = datasets / "instruct" / "README.md"
    current = card.read_text()
    assert "| rows                        |      15 |" in current
    rows = (datasets / "instruct" / "train.jsonl").read_text().splitlines(keepends=True)
    (datasets / "instruct" / "train.jsonl").write_text("".join(rows[1:]))
    assert cards.main(["--check"], datasets) == 1
    assert "README.md is not what the data gives; run: python -m benchmark.cards" in capsys.readouterr().err
    assert card.read_text() == current
    assert cards.main([], datasets) == 0
    assert "| rows                        |      14 |" in card.read_text()
    assert cards.main(["--check"], datasets) == 0


def test_text_around_the_statistics_is_kept(datasets):
    card = datasets / "edge" / "README.md"
    card.write_text(card.read_text() + "\n## After\n")
    assert cards.main(["--check"], datasets) == 0


def test_a_card_without_markers_is_an_error(datasets, capsys):
    (datasets / "edge" / "README.md").write_text("# Edge\n")
    assert cards.main([], datasets) == 2
    assert "edge/README.md: expected the lines" in capsys.readouterr().err
