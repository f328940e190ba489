"""A server's runs for tests of pages, and what each page of a test would look up anew."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner

from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings


@pytest.fixture(scope="session", autouse=True)
def packages_are_looked_through_once() -> Iterator[None]:
    """Each AppTest would read what every installed package says of itself, for 0.1 s."""
    with pytest.MonkeyPatch.context() as patch:
        scan = manifest_scanner.scan_component_manifests
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(scan))
        yield


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPool]:
    """A server's runs, kept in a folder of the test's own and ended with it."""
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        monkeypatch.setattr("ui.session.pool", lambda: pool)
        yield pool


@pytest.fixture(scope="module")
def kept_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPool]:
    """A server's runs for tests of a file that change none of them: a training costs 1 s."""
    with LocalPool(PoolSettings(folder=tmp_path_factory.mktemp("runs"))) as pool:
        yield pool


@pytest.fixture
def shown_pool(kept_pool: LocalPool, monkeypatch: pytest.MonkeyPatch) -> LocalPool:
    """The runs that the tests of a file share are those of the pages."""
    monkeypatch.setattr("ui.session.pool", lambda: kept_pool)
    return kept_pool
