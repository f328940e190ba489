"""The curve of the batches stays short, and loses none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.runs import numbers
from mnist_core.runs.numbers import BatchCurve, BatchPoint


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
