"""Processes on machines that have no place after all, or no room."""

import asyncio
import os
import select
import threading
from collections import Counter, namedtuple
from collections.abc import Collection
from concurrent.futures import Future
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from mnist_core.runs import sessions
from mnist_core.runs.protocol import Message, packed
from mnist_core.runs.remote import RemoteProcess, Task
from mnist_core.runs.sessions import ROOM, Part, Session, Sessions
from tests.aside import aside
from tests.runs.tools import TIMEOUT


class Crowded:
    """A cluster of two machines that seem to have places, and have none."""

    name, pace = "server", 0.0

    def __init__(self) -> None:
        self.asked, self.taken = Counter[str](), Counter[str]()

    def take_place(self, kind: str, but: Collection[str]) -> str | None:
        machine = next((one for one in ("a", "b") if one not in but), None)
        if machine:
            self.taken[machine] += 1
        return machine

    def leave_place(self, kind: str, machine: str) -> None:
        self.taken[machine] -= 1

    def ask(self, machine: str, do: str, **what: Any) -> "Future[dict[str, Any]]":
        self.asked[machine] += 1
        answer = Future[dict[str, Any]]()
        answer.set_result({"full": True})
        return answer

    def sending(self, machine: str, parcel: str) -> nullcontext[None]:
        return nullcontext()

    def note_sent(self, machine: str, parcel: str) -> None:
        raise AssertionError


def test_a_place_that_another_server_took_meanwhile_is_looked_for_elsewhere_and_not_for_ever() -> (
    None
):
    line = Crowded()
    process = RemoteProcess(line, Task("runs", ()), patience=0.0)
    thread = threading.Thread(target=process.stdout.read, args=(1,), daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    assert process.lost is not None and process.lost.cluster
    assert set(line.asked) == {"a", "b"} and line.asked.total() <= 4
    assert not line.taken.total()


def test_a_process_whose_server_asks_for_nothing_any_more_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "UNHEARD", 0.0)
    monkeypatch.setattr(sessions, "WAIT", 0.1)

    async def left_alone() -> None:
        machine = Sessions(tmp_path, threads=1)
        session = (await machine.handle("open", kind="runs", server="dead"))["session"]
        started = await machine.handle("start", session=session, arguments=[], run="", parcel="")
        with open(os.pidfd_open(started["pid"])) as process:
            while (await machine.handle("load"))["used"]["runs"]:
                await asyncio.sleep(0.05)
            assert await asyncio.to_thread(select.select, [process], [], [], TIMEOUT) != (
                [],
                [],
                [],
            )
        machine.close()

    aside(lambda: asyncio.run(left_alone()))


def test_a_process_is_read_no_faster_than_its_server_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = packed(Message({"report": 1}, b"weights"))
    process = Mock(stdin=BytesIO(), stdout=BytesIO(5 * said), wait=lambda: 0)
    monkeypatch.setattr(sessions.subprocess, "Popen", lambda *_, **how: process)

    async def heard() -> list[list[Part]]:
        session = Session("runs", "server", tmp_path / "session")
        session.start([], "")
        answers = [await session.hear() for _ in range(5)]
        session.close()
        return [parts for parts, _ in answers]

    assert aside(lambda: asyncio.run(heard())) == 5 * [[("", said)]]


def test_a_machine_whose_disk_is_full_has_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")

    async def places(free: int) -> int:
        monkeypatch.setattr(sessions.shutil, "disk_usage", lambda path: usage(free))
        machine = Sessions(tmp_path, threads=3)
        load = await machine.handle("load")
        machine.close()
        return load["threads"]

    assert aside(lambda: asyncio.run(places(ROOM))) == 3
    assert aside(lambda: asyncio.run(places(ROOM - 1))) == 0
