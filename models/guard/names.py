"""Which names may be shown: valid, of one label each, without a serious flaw, and keeping every wish.

presentable(["penisland.com", "pawlane.com", "pawlane.co"], Wishes())   -> ["pawlane.com"]
"""

from collections.abc import Iterable

from models.contract import domain_fault
from models.flaws.serious import serious_flaw
from models.ranker.segment import label_and_suffix
from models.types import Wishes
from models.wishes import keeps


def presentable(names: Iterable[str], wishes: Wishes) -> list[str]:
    """Return those of `names` that may be shown, in order."""
    kept: dict[str, str] = {}
    for name in names:
        if domain_fault(name) is None and keeps(wishes, name) and serious_flaw(name) is None:
            kept.setdefault(label_and_suffix(name)[0].replace("-", ""), name)
    return list(kept.values())
