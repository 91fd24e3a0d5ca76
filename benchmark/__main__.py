"""The commands of the benchmark: python -m benchmark readers ..."""

import sys

from benchmark.readers import commands as readers

COMMANDS = {"readers": readers.main}


def main(arguments: list[str]) -> int:
    """Run the command that the first argument names; returns the exit code."""
    name, *rest = arguments or ["--help"]
    if name in COMMANDS:
        return COMMANDS[name](rest)
    print(
        f"usage: python -m benchmark [--help] {{{','.join(COMMANDS)}}} ...", file=sys.stderr if name != "--help" else sys.stdout
    )
    return 0 if name == "--help" else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
