"""Ruler B's two rules by hand, and that nobody who selects or trains reads its numbers."""

import ast

import pytest

from benchmark.metrics import ruler
from benchmark.metrics.ruler import ruled, worthless
from models.files import ROOT
from models.ranker import ranker

VALUES = (8.0, 7.0, 6.5, 7.5)
SELECTORS = [path for folder in ("models", "training") for path in sorted((ROOT / folder).rglob("*.py"))]


def points(share=1.0, flaws=()):
    return {name: score.value for name, score in ruled(VALUES, share, flaws).items()}


def test_the_rulers_values_are_the_scores():
    assert points() == {"relevance": 8.0, "creativity": 7.0, "professionalism": 6.5, "quality": 7.5}


def test_what_cannot_be_used_is_worth_nothing():
    assert points(share=2 / 3)["quality"] == pytest.approx(5.0)
    assert ruled(VALUES, 2 / 3, ())["quality"].why == "ruler B 7.50; 67% of the answer can be used"


def test_a_serious_flaw_caps_professionalism_and_quality_with_its_reason():
    found = points(flaws=("penisland.com: offence",))
    assert found == {"relevance": 8.0, "creativity": 7.0, "professionalism": 1.0, "quality": 1.0}
    why = ruled(VALUES, 1.0, ("penisland.com: offence",))["quality"].why
    assert why == "ruler B 7.50; at most 1: penisland.com: offence"
    low = ruled((0.5, 0.5, 0.5, 0.5), 1.0, ("penisland.com: offence",))["quality"]
    assert low.value == 0.5  # a cap lifts nothing


def test_no_answer_is_worth_nothing_and_has_no_criteria():
    assert {name: score.value for name, score in worthless("refusal").items()} == {"quality": 0.0}


def names_of(source: str) -> set[str]:
    """Every name, attribute and text of a source."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(alias.name for alias in node.names)}
    return found


def calls_without_a_ruler(source: str) -> int:
    """Calls of score_all that leave the ruler to its default, which is B."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    scoring = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "score_all"]
    return sum("ruler" not in {keyword.arg for keyword in call.keywords} for call in scoring)


@pytest.mark.parametrize("path", SELECTORS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_selects_or_trains_never_reads_what_judges(path):
    source = path.read_text(encoding="utf-8")
    assert not {"ruler_b", "RULER_B", "benchmark.metrics.ruler", "stored_samples"} & names_of(source)
    assert not any("ruler_b.safetensors" in text for text in names_of(source))
    assert calls_without_a_ruler(source) == 0


def test_the_check_finds_what_breaks_it():
    assert "ruler_b" in names_of("from benchmark.metrics.ruler import ruler_b")
    assert calls_without_a_ruler("score_all(pairs, encoder)") == 1
    assert calls_without_a_ruler("score_all(pairs, encoder, ruler=a)") == 0


def test_the_two_rulers_are_different_numbers():
    a, b = ranker.Ranker.load(ranker.RULER_A), ruler.ruler_b()
    assert a.states.support.shape != b.states.support.shape or (a.states.support != b.states.support).any()
