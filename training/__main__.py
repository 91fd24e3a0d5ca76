"""The commands that teach.

    lora RECIPE           train an adapter of training/recipes/; the same command resumes it
    judge RECIPE          train the local judge
    choose-judge          which judge is best, on validation pairs
    synthesize            synthetic rows from training/vocabulary/
    augment               rows told again as people and attackers tell them
    rejection MODEL       what a model writes, ranked by ruler A, as training rows
    best-of MODEL         the best of many samples by ruler A, to be read blind
    temperature MODEL     ruler A's quality at several sampling temperatures
    guard                 fit the classifier that refuses unsafe descriptions
    confidence            fit how likely a name is usable, for what ranker A says of it
    refusal MODEL         choose a refusal threshold on validation rows
    bench                 time our training against other trainers

Every command has a --help.
"""

import sys
from collections.abc import Callable, Mapping

from models.cli import door
from training import augment, best_of, confidence, guard, judge, judge_choose, lora, refusal, rejection, synthesize, temperature
from training.bench import command as bench

COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "lora": lora.main,
    "judge": judge.main,
    "choose-judge": judge_choose.main,
    "synthesize": synthesize.main,
    "augment": augment.main,
    "rejection": rejection.main,
    "best-of": best_of.main,
    "temperature": temperature.main,
    "guard": guard.main,
    "confidence": confidence.main,
    "refusal": refusal.main,
    "bench": bench.main,
}

if __name__ == "__main__":
    sys.exit(door("training", __doc__, COMMANDS, sys.argv[1:]))
