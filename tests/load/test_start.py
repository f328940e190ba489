"""The figure of several starts, of which the first one reads the disk."""

import json

import pytest

from tests.load import start


def test_the_first_start_does_not_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = iter([(9.0, 4000), (2.5, 2100), (2.0, 2200), (3.0, 2000)])
    monkeypatch.setattr(start, "one_start", lambda: next(starts))
    assert start.main(["--times", "4"]) == 0
    *rows, figure = capsys.readouterr().out.splitlines()
    assert len(rows) == 4
    assert json.loads(figure) == {"seconds": 2.5, "processor_ms": 2100}
