"""pytest-benchmark's options: followed or refused before anything is timed, and their files in the results folder."""

from argparse import Namespace

import pytest

from benchmark.run.timing_options import prepare
from models.errors import InputError, OutputError

USUAL = "file://./.benchmarks"


def options(**given):
    of_pytest_benchmark = {"histogram": [], "compare": [], "compare_fail": None, "json": None, "storage": USUAL, **given}
    return Namespace(remeasure=False, **{f"benchmark_{name}": value for name, value in of_pytest_benchmark.items()})


def test_files_go_to_the_results_folder_unless_another_is_given(tmp_path):
    usual, own = options(), options(storage="file:///elsewhere")
    prepare(usual, tmp_path)
    prepare(own, tmp_path)
    assert (usual.benchmark_storage, usual.remeasure) == (f"file://{tmp_path}/.cache/benchmarks", False)
    assert (own.benchmark_storage, own.remeasure) == ("file:///elsewhere", False)


@pytest.mark.parametrize(
    "given", [{"autosave": "tag"}, {"save": "mine"}, {"compare": True}, {"compare": "0001"}, {"csv": ["x"]}]
)
def test_an_option_about_this_run_measures_even_what_is_stored(tmp_path, given):
    option = options(**given)
    prepare(option, tmp_path)
    assert option.remeasure is True


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"compare_fail": ["min:5%"]}, "found no --benchmark-compare; add it, too"),
        (
            {"compare_fail": ["min:5%"], "compare": True},
            "nothing is saved in .*benchmarks; run with --benchmark-autosave first",
        ),
        ({"histogram": ["h"]}, "pygal, which is not installed"),
    ],
)
def test_what_cannot_be_followed_is_refused(tmp_path, given, message):
    with pytest.raises(InputError, match=message):
        prepare(options(**given), tmp_path)


def test_a_regression_can_be_looked_for_where_something_is_saved(tmp_path):
    saved = tmp_path / ".cache" / "benchmarks" / "Linux" / "0001_a.json"
    saved.parent.mkdir(parents=True)
    saved.touch()
    prepare(options(compare=True, compare_fail=["min:5%"]), tmp_path)


def test_the_report_is_written_to_a_new_folder_and_not_over_one(tmp_path):
    prepare(options(json=tmp_path / "new" / "report.json"), tmp_path)
    assert (tmp_path / "new").is_dir()
    with pytest.raises(OutputError, match="found a folder, expected a file to write"):
        prepare(options(json=tmp_path), tmp_path)


def test_without_pytest_benchmark_there_is_nothing_to_do(tmp_path):
    option = Namespace(remeasure=False)
    prepare(option, tmp_path)
    assert option == Namespace(remeasure=False)
