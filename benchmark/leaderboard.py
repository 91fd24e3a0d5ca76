"""The command's older name: python -m benchmark.leaderboard is `python -m benchmark leaderboard`."""

import sys

from benchmark.__main__ import COMMANDS

if __name__ == "__main__":
    sys.exit(COMMANDS["leaderboard"](sys.argv[1:]))
