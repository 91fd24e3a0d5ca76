"""What all commands have in common: how errors reach the user, exit codes, and a parser that shows the module's docstring.

    @command
    def main(arguments: list[str] | None = None) -> int:
        options = parser("models.generate", __doc__).parse_args(arguments)

Exit codes: 0 done; 2 an error, said in one line on standard error; 130 interrupted with Ctrl-C; others are the command's own.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec

from models.errors import DomainBenchError

ERROR, INTERRUPTED = 2, 130

_Options = ParamSpec("_Options")


def command(main: Callable[_Options, int]) -> Callable[_Options, int]:
    """Wrap a command's `main`: an error meant for the user becomes one line on standard error and an exit code.

    Other exceptions are faults of this program and keep their traceback.
    """

    @wraps(main)
    def wrapped(*arguments: _Options.args, **options: _Options.kwargs) -> int:
        try:
            code = main(*arguments, **options)
            sys.stdout.flush()  # a full disk behind `> file` shows here, or else after the exit code is settled
        except (DomainBenchError, OSError) as error:
            return _fail(str(error), ERROR)
        except RecursionError:
            return _fail("an input is nested too deep to be read", ERROR)
        except KeyboardInterrupt:
            return _fail("interrupted", INTERRUPTED)
        return code

    return wrapped


def _fail(message: str, code: int) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        # What standard output did not take would be tried, and complained about, once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def parser(module: str, doc: str | None) -> argparse.ArgumentParser:
    """Make the parser of `python -m module`, whose --help shows the module's docstring as it is written."""
    description, _, details = (doc or "").partition("\n")
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def door(package: str, doc: str | None, commands: Mapping[str, Callable[[list[str]], int]], arguments: list[str]) -> int:
    """Run the command of `python -m package COMMAND ...` that the first argument names; returns the exit code."""
    name, *rest = arguments or ["--help"]
    if name in {"--help", "-h"}:
        print(f"usage: python -m {package} COMMAND ...\n\n{(doc or '').strip()}")
        return 0
    if name not in commands:
        return _fail(f"found the command {name!r}, expected one of: {', '.join(commands)}", ERROR)
    return commands[name](rest)
