"""Commands that make pages of figures: what is wrong with the figures is one line, exit code 2, and no page."""

import json

import pytest

from benchmark.__main__ import COMMANDS, PAGES, main, pages
from models.errors import InputError
from models.files import rendered


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"health": 3, "setting": 1, "rounds": 2}', '{"health": [[{}]], "rounds": [[{}]]}']
)
@pytest.mark.parametrize("page", ["judge", "peers"])
def test_odd_figures_are_one_line(tmp_path, capsys, page, text):
    figures = tmp_path / "results" / f"{page}.json"
    figures.parent.mkdir()
    figures.write_text(text)
    assert pages([page, "--check"], tmp_path) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {figures}: ")
    assert said.count("\n") == 1
    assert "easure" in said  # the remedy
    assert list(figures.parent.iterdir()) == [figures]


def test_figures_are_rendered_or_their_fault_is_named(tmp_path):
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"speed": 3}))
    assert rendered(path, lambda figures: f"{figures['speed']} km/h", "Measure again") == "3 km/h"
    with pytest.raises(InputError, match=r"figures\.json: the figures are not those of this command \(KeyError\('pace'\)\)"):
        rendered(path, lambda figures: figures["pace"], "Measure again")
    with pytest.raises(InputError, match=r"absent\.json'?\. Measure again"):
        rendered(tmp_path / "absent.json", str, "Measure again")


def test_every_page_is_a_command_and_help_names_each(capsys):
    assert PAGES.keys() <= COMMANDS.keys()
    assert main([]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in COMMANDS.keys() - PAGES.keys())


def test_an_unknown_command_or_page_is_told_what_there_is(capsys):
    assert main(["leaderbord"]) == 2
    assert "found the command 'leaderbord', expected one of: cards, leaderboard" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        pages(["leaderbord"])
    assert "unknown page 'leaderbord'; there are: cards, leaderboard" in capsys.readouterr().err
