"""A cluster that is not to be trusted: what its machines and its scheduler send is only bytes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mnist_core.runs.remote import Lost
from mnist_core.runs.status import OTHER_VERSION
from tests.runs.tools import TIMEOUT, wait_until

distributed = pytest.importorskip("distributed", reason="a cluster needs requirements-cluster.txt")

from mnist_core.runs.cluster import Cluster  # noqa: E402


class Evil:
    """What does something where it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._marker,)


@contextmanager
def evil_scheduler(marker: Path) -> Iterator[str]:
    """A scheduler that hands on what a machine has pickled; its address."""
    from distributed.core import Server
    from distributed.protocol.serialize import to_serialize

    async def identity() -> dict[str, Any]:
        return {"id": "1", "workers": {"tcp://127.0.0.1:1": {}}}

    async def proxy(**what: Any) -> dict[str, Any]:
        return {"parts": to_serialize(Evil(marker))}

    started, addresses = threading.Event(), []
    loop = asyncio.new_event_loop()
    ending = asyncio.Event()

    async def serve() -> None:
        handlers = (identity, proxy)
        async with Server({handler.__name__: handler for handler in handlers}) as server:
            await server.listen("tcp://127.0.0.1")
            addresses.append(server.address)
            started.set()
            await ending.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert started.wait(TIMEOUT)
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join()
        loop.close()


def test_nothing_that_a_machine_sends_is_unpickled(tmp_path: Path) -> None:
    marker = tmp_path / "unpickled"
    with evil_scheduler(marker) as address, Cluster(address) as cluster:
        wait_until(lambda: cluster.why_no_place().said == OTHER_VERSION)
        answer = cluster.ask("tcp://127.0.0.1:1", "hear").result(TIMEOUT)
        assert isinstance(answer["parts"], distributed.protocol.Serialized)
        with pytest.raises((TypeError, Lost)):
            list(answer["parts"])
    assert not marker.exists()
