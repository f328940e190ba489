"""What goes where too much is kept, of runs or files: the oldest one of whoever has most."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Kept:
    """A run or a file: when it was written, its id, whose it is, its bytes."""

    written: float
    id: str
    owner: str
    size: int


def first_to_go(kept: Sequence[Kept], stay: set[str], *, number: int, size: int) -> Kept | None:
    """What goes first where there are more than so many, or so many bytes; None if there are not.

    Args:
        kept: the oldest first.
        stay: the ids of those that can't go.
    """
    too_large = sum(one.size for one in kept) > size
    if not too_large and len(kept) <= number:
        return None
    shares: Counter[str] = Counter()
    for one in kept:
        shares[one.owner] += one.size if too_large else 1
    can_go = [one for one in kept if one.id not in stay]
    return max(can_go, key=lambda one: shares[one.owner], default=None)  # the first, so the oldest
