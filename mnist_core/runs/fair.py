"""Which run goes when there are too many: the oldest one of whoever has most."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class KeptRun:
    """A run on the disk: when it was written last, in seconds; its id; who began it; its bytes."""

    written: float
    id: str
    owner: str
    size: int


def first_to_go(kept: Sequence[KeptRun], stay: set[str], *, runs: int, size: int) -> KeptRun | None:
    """The run that goes first where there are more than so many runs, or bytes; None if not.

    Args:
        kept: the oldest first.
        stay: the ids of those that can't go.
    """
    too_large = sum(one.size for one in kept) > size
    if not too_large and len(kept) <= runs:
        return None
    shares: Counter[str] = Counter()
    for one in kept:
        shares[one.owner] += one.size if too_large else 1
    can_go = [one for one in kept if one.id not in stay]
    return max(can_go, key=lambda one: shares[one.owner], default=None)  # the first, so the oldest
