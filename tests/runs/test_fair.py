"""Nobody pushes out what others have: whoever has most loses the oldest first."""

import os
from pathlib import Path

from mnist_core.runs.fair import KeptRun, first_to_go
from mnist_core.runs.store import RunStore
from mnist_core.training.config import TrainConfig

CONFIG = TrainConfig(hidden=(4,), epochs=1, train_size=200)


def entered(store: RunStore, visitor: str, written: float) -> str:
    """The id of a run that was written then."""
    id = store.add(CONFIG, data=None, visitor=visitor).id
    store.record(id, "finished", "", {}, in_hand=False)
    path = store.files(id).path
    os.utime(path, (written, written))
    return id


def test_a_visitor_with_many_runs_loses_their_own_and_not_those_of_others(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    quiet = entered(store, "quiet", 1)
    busy = [entered(store, "busy", 2 + number) for number in range(10)]
    store.remove_oldest(runs=5, bytes_on_disk=10**9, in_use={busy[0]})
    assert {row.id for row in store.rows()} == {quiet, busy[0], *busy[-3:]}
    store.close()


def test_of_deleted_runs_too_the_many_go_first(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    quiet = entered(store, "quiet", 1)
    store.shelf.delete(quiet)
    for number in range(25):
        store.shelf.delete(entered(store, "busy", number))
    store.shelf.tidy()
    kept = store.shelf.deleted()
    assert len(kept) == 20 and quiet in {row.id for row in kept}
    store.close()


def test_where_bytes_are_too_many_whoever_has_most_bytes_goes_first() -> None:
    many = [KeptRun(n, f"m{n}", "many", 1) for n in range(5)]
    large = [KeptRun(10, "large", "large", 100), KeptRun(11, "newest", "large", 1)]
    assert first_to_go([*many, *large], {"newest"}, runs=9, size=50) == large[0]
    assert first_to_go([*many, *large], {"newest"}, runs=6, size=500) == many[0]
    assert first_to_go(many, set(), runs=5, size=5) is None
    assert first_to_go(many, {one.id for one in many}, runs=1, size=1) is None
