"""The command's older name: python -m benchmark.score is `python -m benchmark score`."""

import sys

from benchmark.run.score_file import main

if __name__ == "__main__":
    sys.exit(main())
