"""Choose a model's sampling temperature on validation rows: python -m training temperature MODEL

Answers datasets/gold/validation.jsonl at each temperature, 0 being greedy, and prints what the answers are worth. Greedy
decoding gives a small model's likeliest name again and again; a temperature that is too high gives names that nobody could
register. The best goes into the model's table of models/catalog.toml, as decoding = { temperature = 0.7 }. Draws are seeded
by case, so that an answer depends on no neighbour and comes out the same each time.
"""

import argparse
from collections.abc import Sequence

from benchmark.cases import load_cases
from benchmark.markdown import interval, table
from benchmark.metrics.scoring import score_all
from benchmark.pages.summary import HEADLINES
from benchmark.types import Case, Sample
from models.catalog import TransformersEntry, read_catalog, select_local
from models.cli import command
from models.generators import ModelPool, open_generator
from models.input_check import check
from models.ranker.encoder import Encoder
from models.ranker.ranker import ruler_a
from models.types import Request

TEMPERATURES = (0.0, 0.3, 0.5, 0.7, 1.0)
METRICS = ("quality", "relevance", "creativity", "professionalism", "strict_parse", "all_valid")


def answered(
    entry: TransformersEntry, temperature: float, cases: Sequence[Case], pool: ModelPool, encoder: Encoder
) -> list[Sample]:
    """Return the scored answers of `entry` at `temperature`, its other decoding options unchanged."""
    decoding = entry.decoding.model_copy(update={"temperature": temperature})
    generator = open_generator(entry.model_copy(update={"decoding": decoding}), pool)
    completions = dict(generator.generate([Request(case.id, str(check(case.description))) for case in cases]))
    return score_all([(case, completions[case.id]) for case in cases], encoder, ruler=ruler_a())


def row(temperature: float, samples: Sequence[Sample]) -> dict[str, str]:
    """Return a table's row: each of METRICS with its interval."""
    means = {name: interval(HEADLINES[name].estimate(samples), 2) for name in METRICS}
    return {"temperature": f"{temperature:g}", **means}


@command
def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    description, _, details = (__doc__ or "").partition("\n")
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m training temperature", description=description, epilog=details, formatter_class=form
    )
    parser.add_argument("model", help="a transformers entry of models/catalog.toml")
    options = parser.parse_args(arguments)
    entry = select_local(options.model, read_catalog())
    cases, pool, encoder = load_cases("quality", "validation"), ModelPool(), Encoder()
    rows = [row(one, answered(entry, one, cases, pool, encoder)) for one in TEMPERATURES]
    print(table(rows))
    return 0
