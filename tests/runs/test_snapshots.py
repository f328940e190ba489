"""Which snapshots are kept, in memory and on disk."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.runs.snapshots import SnapshotList
from tests.runs.tools import snapshot


@given(
    st.lists(st.integers(1, 50), max_size=300),
    st.integers(2, 20),
    st.integers(1, 30),
)
def test_kept_snapshots_are_few_and_hold_the_first_and_the_newest(
    gaps: list[int], most: int, size: int
) -> None:
    store = SnapshotList(max_snapshots=most, max_bytes=40 * 4 * 10)
    steps = [0, *np.cumsum(gaps, dtype=int).tolist()]
    for step in steps:
        store.append(snapshot(step, size))
    kept = [s.step for s in store.all]
    assert kept[0] == 0 and kept[-1] == steps[-1]
    assert kept == sorted(set(kept)) and set(kept) <= set(steps)
    assert 2 <= len(kept) <= most or len(steps) == len(kept)
    assert sum(s.parameters.nbytes for s in store.all) <= 40 * 4 * 10
    assert len(kept) == min(len(steps), most, 40 * 10 // size)


@given(st.integers(20, 1000), st.integers(8, 40))
def test_snapshots_stay_dense_at_first_and_even_later(count: int, most: int) -> None:
    store = SnapshotList(max_snapshots=most)
    for step in range(count):
        store.append(snapshot(step, 1))
    places = np.sqrt([s.step for s in store.all])
    gaps, pairs = np.diff(places), places[2:] - places[:-2]
    # A gap arose when it was the narrowest pair, and single steps can't be wider apart than 1.
    assert gaps.max() <= max(1.0, 2 * pairs.min())


@given(st.integers(10, 300), st.integers(3, 12), st.data())
def test_a_spared_snapshot_stays_while_others_go(
    count: int, most: int, data: st.DataObject
) -> None:
    best = data.draw(st.integers(1, count - 1))
    store = SnapshotList(max_snapshots=most)
    for step in range(count):
        store.append(snapshot(step), spared=best if step >= best else None)
    kept = [s.step for s in store.all]
    assert {0, best, count - 1} <= set(kept)
    assert len(kept) == min(count, most)


def test_a_rewound_run_forgets_later_snapshots() -> None:
    store = SnapshotList()
    for step in (0, 5, 9, 5, 6):
        store.append(snapshot(step))
    assert [s.step for s in store.all] == [0, 5, 6]


def test_the_snapshot_nearest_to_a_step_is_found() -> None:
    store = SnapshotList()
    assert store.at(3) is None
    for step in (0, 10, 20):
        store.append(snapshot(step))
    found = [store.at(step) for step in (-1, 5, 6, 14, 16, 99)]
    assert [s.step for s in found if s] == [0, 0, 10, 10, 20, 20]
