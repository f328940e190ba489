"""A server's runs for tests of pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPool]:
    """A server's runs, kept in a folder of the test's own and ended with it."""
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        monkeypatch.setattr("ui.session.pool", lambda: pool)
        yield pool
