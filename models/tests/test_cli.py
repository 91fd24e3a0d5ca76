"""The wrapper of every command: one line for the user, an exit code, and no traceback but for faults of ours."""

import subprocess
import sys

import pytest

from models.cli import command, parser
from models.errors import InputError, OutputError, WeightsError
from models.files import ROOT


def raising(error):
    @command
    def main(arguments: list[str] | None = None) -> int:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (InputError("x.jsonl, line 3:\nfound\t5"), "x.jsonl, line 3: found 5", 2),
        (OutputError("x.jsonl: the file is read-only"), "x.jsonl: the file is read-only", 2),
        (WeightsError("no weights"), "no weights", 2),
        (OSError(28, "No space left on device", "x.jsonl"), "[Errno 28] No space left on device: 'x.jsonl'", 2),
        (RecursionError("maximum recursion depth exceeded"), "an input is nested too deep to be read", 2),
        (KeyboardInterrupt(), "interrupted", 130),
    ],
)
def test_what_the_user_can_mend_is_one_line(capsys, error, line, code):
    assert raising(error)() == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"error: {line}\n")


@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyError("x"), SystemExit(3)])
def test_a_fault_of_ours_keeps_its_traceback(error):
    with pytest.raises(type(error)):
        raising(error)()


def test_the_exit_code_and_the_arguments_are_the_commands_own():
    @command
    def main(arguments: list[str] | None = None, base: int = 0) -> int:
        """Count."""
        return base + len(arguments or [])

    assert (main(["a"]), main(["a"], base=4), main()) == (1, 5, 0)
    assert main.__doc__ == "Count."


def test_a_full_disk_behind_standard_output_is_one_line_too():
    code = "import sys; from models.cli import command; sys.exit(command(lambda: print('x' * 10) or 0)())"
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device, not a path of ours
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (2, "error: [Errno 28] No space left on device\n")


def test_help_shows_the_docstring_as_it_is_written(capsys):
    with pytest.raises(SystemExit):
        parser("models.generate", "First line.\n\nA table   as it\n  is written.\n").parse_args(["--help"])
    shown = capsys.readouterr().out
    assert shown.startswith("usage: python -m models.generate")
    assert "First line.\n" in shown
    assert "A table   as it\n  is written." in shown
