"""The option --judge: which judge is meant, ready to be asked, or why it cannot be.

open_judge("openai:gpt-4o-mini", "http://127.0.0.1:8000/v1") -> OpenAIJudge(...);  open_judge("none", None) -> None
"""

from benchmark.judges.types import Judge
from models.errors import InputError
from models.generators import ModelPool
from models.ranker.encoder import Encoder


def open_judge(name: str, base_url: str | None, pool: ModelPool | None = None, encoder: Encoder | None = None) -> Judge | None:
    """Return the judge called `name`, None for "none"; InputError or WeightsError says what is wrong.

    The local judge borrows the base of `pool` and the vectors of `encoder`, so that neither is in memory twice.
    """
    kind, _, model = name.partition(":")
    if base_url is not None and kind != "openai":
        raise InputError(f"--judge-base-url {base_url!r}: it belongs to --judge openai:MODEL, found --judge {name!r}")
    if name == "none":
        return None
    if name == "local":
        from benchmark.judges.local import LocalJudge

        judge = LocalJudge(pool=pool or ModelPool(), encoder=encoder or Encoder())
        judge.settings.entry.adapter_path()  # an absent adapter is told now, before anything is generated
        return judge
    if kind == "openai" and model:
        from benchmark.judges.endpoint import Endpoint
        from benchmark.judges.openai_judge import OpenAIJudge

        return OpenAIJudge(Endpoint(model, base_url))
    raise InputError(f"--judge {name!r}: found no such judge; expected none, local or openai:MODEL")
