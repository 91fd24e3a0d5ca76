"""Commands that make pages of figures: what is wrong with the figures is one line, exit code 2, and no page."""

import json

import pytest

from benchmark.judges import report as judge_report
from benchmark.peers import __main__ as peers
from models.errors import InputError
from models.files import rendered

COMMANDS = [("judge.json", judge_report.main), ("peers.json", peers.main)]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"health": 3, "setting": 1, "rounds": 2}', '{"health": [[{}]], "rounds": [[{}]]}']
)
@pytest.mark.parametrize(("name", "main"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_odd_figures_are_one_line(tmp_path, capsys, name, main, text):
    (tmp_path / name).write_text(text)
    assert main(["--check"], tmp_path) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path / name}: ")
    assert said.count("\n") == 1
    assert "easure" in said  # the remedy
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_figures_are_rendered_or_their_fault_is_named(tmp_path):
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"speed": 3}))
    assert rendered(path, lambda figures: f"{figures['speed']} km/h", "Measure again") == "3 km/h"
    with pytest.raises(InputError, match=r"figures\.json: the figures are not those of this command \(KeyError\('pace'\)\)"):
        rendered(path, lambda figures: figures["pace"], "Measure again")
    with pytest.raises(InputError, match=r"absent\.json'?\. Measure again"):
        rendered(tmp_path / "absent.json", str, "Measure again")
