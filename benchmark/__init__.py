"""Who judges: cases, metrics, judges, runs and pages, and the pytest plugin. Imports `models`.

from benchmark import load_cases, score_all, summarize
"""

from benchmark.cases import load_cases
from benchmark.metrics.scoring import score_all
from benchmark.pages.comparison import compare
from benchmark.pages.summary import summarize
from benchmark.types import Case, Run

__all__ = ["Case", "Run", "compare", "load_cases", "score_all", "summarize"]
