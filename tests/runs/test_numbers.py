"""The curve of the batches stays short, and loses none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.runs import numbers
from mnist_core.runs.numbers import BatchCurve, BatchPoint, averaged


@given(st.integers(0, 400))
def test_the_batch_line_stays_short_and_loses_no_batch(count: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "MAX_BATCH_POINTS", 16)
        line = BatchCurve()
        for step in range(1, count + 1):
            line.append(BatchPoint(step, 1, float(step), 0.5))
    assert len(line.points) <= 16
    assert sum(point.batches for point in line.points) == count
    assert all(point.batches == line.reports_per_point for point in line.points[:-1])
    total = sum(point.loss * point.batches for point in line.points)
    assert total == pytest.approx(count * (count + 1) / 2)


@given(st.integers(0, 700), st.integers(1, 150))
def test_fewer_points_of_a_line_still_stand_for_every_batch(count: int, most: int) -> None:
    line = [BatchPoint(2 * step, 2, float(step), step / 700) for step in range(1, count + 1)]
    few = averaged(line, most)
    assert min(count, most) / 2 <= len(few) <= most
    assert sum(point.batches for point in few) == 2 * count
    for name in ("loss", "accuracy"):
        total = sum(getattr(point, name) * point.batches for point in few)
        assert total == pytest.approx(sum(2 * getattr(point, name) for point in line))


def test_points_that_are_drawn_stay_where_they_are_as_the_line_grows() -> None:
    line = [BatchPoint(step, 1, 1 / step, 0.5) for step in range(1, 300)]
    before, after = averaged(line[:200], 150), averaged(line, 150)
    assert after[: len(before)] == before
