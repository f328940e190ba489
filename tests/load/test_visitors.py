"""The load script draws what the canvas would send, measures a real server, and says its errors."""

import asyncio
import json
import random
import socket
import time
from typing import Any, cast

import pytest

from tests.aside import aside
from tests.load.browser import Tab
from tests.load.visitors import POINTS, Noted, draw, main
from ui.components.canvas import CanvasState


class Sheet:
    """A tab whose messages are read by the page's side of the canvas, and by nothing else."""

    def __init__(self) -> None:
        self.received = 0
        self.state = CanvasState()
        self.points: list[int] = []  # on the sheet after each message

    async def write(self, key: str, value: dict[str, str]) -> None:
        assert key == "canvas"
        self.state = self.state.after_message(value["ink"])
        self.points.append(sum(len(one.points) for one in self.state.drawing.strokes))


def test_each_message_adds_points_to_a_stroke_and_a_new_sheet_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def two_digits(sheet: Sheet) -> None:
        name, rng, stop = "", random.Random(0), time.monotonic() + 1_000
        for _ in range(2):
            name = await draw(cast(Tab, sheet), rng, name, Noted(), stop)

    monkeypatch.setattr("tests.load.visitors.SEND_EVERY", 0.0)
    sheet = Sheet()
    aside(lambda: asyncio.run(two_digits(sheet)))
    first, second = sheet.points[: len(sheet.points) // 2], sheet.points[len(sheet.points) // 2 :]
    assert first == second == sorted(set(first))
    assert first[-1] == POINTS and len(sheet.state.drawing.strokes) == 1


def test_two_visitors_are_answered_and_the_last_line_is_the_figure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    few = ["--visitors", "2", "--evaluations", "1", "--seconds", "2", "--pause", "0.1"]
    assert aside(lambda: main(few)) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["visitors"] == 2 and found["errors"] == 0
    assert found["messages"] >= 2 and 0 < found["p50_ms"] <= found["p95_ms"]
    assert found["bytes_per_message"] > 1_000


def test_visitors_who_reach_no_server_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        port = str(nobody.getsockname()[1])
        nobody = ["--port", port, "--visitors", "1", "--seconds", "0", "--pause", "0"]
        assert aside(lambda: main(nobody)) == 2
    told = capsys.readouterr()
    assert "A visitor got an error:" in told.err
    assert json.loads(told.out.splitlines()[-1])["messages"] == 0
