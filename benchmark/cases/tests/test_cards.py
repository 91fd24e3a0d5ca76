"""Cards and manifest: what is generated follows the data, what does not follow is found, and the rest states no number."""

import json
import re
import shutil

import pytest

from benchmark.__main__ import pages
from benchmark.cases import DATASETS, card_tables, cards
from benchmark.cases.data_files import Row, read_files
from benchmark.cases.schema import HARMS

FOLDERS = sorted(card.parent.name for card in DATASETS.glob("*/README.md"))
GENERATED = re.compile(r"<!-- (\w+).*?<!-- /\1 -->", re.S)
CODE = re.compile(r"```.*?```|`[^`]*`", re.S)
EXAMPLES = re.compile(r"```json\n(.*?)```", re.S)
# Names of standards, the scale of the grades, and years of papers.
NO_MEASURES = re.compile(r"ISO 639-1|CC BY 4\.0|UTF-8|SHA-256|0-10|et\s+al\.\s+\d{4}")


@pytest.fixture
def datasets(tmp_path):
    """A copy of two small sets with their cards and a manifest of their own."""
    folder = tmp_path / "datasets"
    for name in ("edge", "instruct"):
        shutil.copytree(DATASETS / name, folder / name)
    shutil.copy(DATASETS / "README.md", folder)
    (folder / "synthetic").mkdir()
    (folder / "synthetic" / "test.csv").write_text('business_description,domain_name,complexity\n"a\nb",oat.com,simple\n')
    assert pages(["cards"], tmp_path) == 0
    return folder


def append(path, text):
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def test_what_is_committed_is_current():
    assert cards.manifest_faults(DATASETS) == []
    assert pages(["cards", "--check"]) == 0


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
    assert pages(["cards", "--check"], datasets.parent) == 1


def test_a_stale_card_is_found_and_rewritten(datasets, capsys):
    card = datasets / "instruct" / "README.md"
    current = card.read_text()
    assert "| rows                        |      15 |" in current
    rows = (datasets / "instruct" / "train.jsonl").read_text().splitlines(keepends=True)
    (datasets / "instruct" / "train.jsonl").write_text("".join(rows[1:]))
    assert pages(["cards", "--check"], datasets.parent) == 1
    assert "README.md is not what the data give; run: python -m benchmark pages cards" in capsys.readouterr().err
    assert card.read_text() == current
    assert pages(["cards"], datasets.parent) == 0
    assert "| rows                        |      14 |" in card.read_text()
    assert pages(["cards", "--check"], datasets.parent) == 0


def test_a_changed_limit_is_found(datasets, monkeypatch, capsys):
    assert "have a cosine of 0.72" in (datasets / "README.md").read_text()
    monkeypatch.setattr(card_tables, "PARAPHRASE", 0.9)
    assert pages(["cards", "--check"], datasets.parent) == 1
    assert f"{datasets / 'README.md'} is not what the data give" in capsys.readouterr().err


def test_text_around_the_statistics_is_kept(datasets):
    card = datasets / "edge" / "README.md"
    card.write_text(card.read_text() + "\n## After\n")
    assert pages(["cards", "--check"], datasets.parent) == 0


def test_a_card_without_markers_is_an_error(datasets, capsys):
    (datasets / "edge" / "README.md").write_text("# Edge\n")
    assert pages(["cards"], datasets.parent) == 2
    assert "edge/README.md: expected the lines" in capsys.readouterr().err


# What is not generated


def parts(folder: str) -> tuple[Row, str]:
    """A card's front matter and its text."""
    import yaml

    _, matter, text = (DATASETS / folder / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(matter), text


def rows_of(folder: str) -> list[Row]:
    return [row for name, rows in read_files(DATASETS).items() if name.startswith(f"{folder}/") for row in rows]


def numbers(text: str) -> list[str]:
    """Numbers that a card's prose states on its own account."""
    for pattern in (GENERATED, CODE, NO_MEASURES):
        text = pattern.sub("", text)
    return re.findall(r"\d[\d,.%]*", text)


def test_numbers_in_prose_are_found():
    assert numbers("Graded 0-10. 2,700 rows,\n40% `of 5`\n<!-- x -->\n7\n<!-- /x -->\n(Li et al. 2016)") == ["2,700", "40%"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_prose_states_no_number(folder):
    assert numbers(parts(folder)[1]) == []


def test_the_overview_states_no_number():
    assert numbers((DATASETS / "README.md").read_text("utf-8")) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_examples_are_rows(folder):
    rows = rows_of(folder)
    examples = [line for block in EXAMPLES.findall(parts(folder)[1]) for line in re.split(r"\n(?=\{)", block)]
    assert examples or folder == "synthetic"
    for example in map(json.loads, examples):
        assert any(example.items() <= row.items() for row in rows), example


@pytest.mark.parametrize("folder", FOLDERS)
def test_front_matter_describes_the_files(folder):
    matter, _ = parts(folder)
    listed = [file["path"] for config in matter["configs"] for file in config["data_files"]]
    assert sorted(listed) == sorted(path.name for path in (DATASETS / folder).glob("*.jsonl"))
    rows = rows_of(folder)
    assert matter["size_categories"] == ["n<1K" if len(rows) < 1000 else "1K<n<10K"]
    assert matter["annotations_creators"] == ["machine-generated"]
    if "language" in rows[0]:
        assert set(matter["language"]) == {row["language"] for row in rows} - {"und", "mul"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_card_says_how_its_rows_were_made(folder):
    assert "(../README.md#how-the-rows-were-made)" in parts(folder)[1]


def test_the_policy_has_every_category_of_harm():
    policy = (DATASETS / "SAFETY_POLICY.md").read_text("utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", policy, re.M)) == sorted(HARMS)


def test_the_data_holds_no_python():
    assert list(DATASETS.rglob("*.py")) == []
