"""A few of the spoiled inputs of every kind; `python -m tests.load.mutations` makes many."""

import pytest

from tests.load.mutations import KINDS, is_bounded, tried
from ui.door.values import is_plain_json


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_spoiled_is_read_or_refused_with_a_sentence(kind: str) -> None:
    found = tried(kind, 60, seed=1)
    assert found["tracebacks"] == 0
    assert found["accepted"] + found["refused"] == 60


def test_a_bound_that_was_broken_is_told() -> None:
    found = {"tracebacks": 0, "most_ms": 1.0, "bound_ms": 2.0, "most_mb": 1.0, "bound_mb": 2.0}
    assert is_bounded(found)
    for key, value in (("tracebacks", 1), ("most_ms", 3.0), ("most_mb", 3.0)):
        assert not is_bounded(found | {key: value})


def test_json_is_counted_before_it_is_read() -> None:
    assert not is_plain_json("[" * 100_000)
    assert not is_plain_json("[" + "1," * 1_000_000 + "1]")
    assert not is_plain_json("9" * 5_000)
