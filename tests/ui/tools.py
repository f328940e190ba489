"""What tests of pages do with Streamlit's AppTest."""

import re
from collections.abc import Iterator
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.long_work.process import WorkProcess
from mnist_core.long_work.work import Result, Work, begun


class Here(WorkProcess):
    """Does long work without a process, in the thread that asks; tells how often it rests."""

    def __init__(self) -> None:
        self.rests = 0

    def begin(self, work: Work) -> Iterator[Result]:
        return begun(work, 0)

    def rest(self) -> None:
        self.rests += 1


def again(app: AppTest) -> AppTest:
    """The same after another run, which raised nothing."""
    app.run(timeout=60)
    assert not app.exception
    return app


def with_plain_spaces(words: str) -> str:
    """Words of a page without what keeps a number and its unit on one line."""
    return words.replace("\N{NO-BREAK SPACE}", " ")


def tables(app: AppTest) -> list[dict[str, list[str]]]:
    """The tables that a page shows, each as its columns by their names."""
    bodies = "".join(piece.proto.body for piece in app.get("html"))
    found = []
    for table in re.findall("<table.*?</table>", bodies):
        head, *rows = [
            [unescape(cell) for cell in re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row)]
            for row in re.findall("<tr>.*?</tr>", table)
        ]
        found.append(dict(zip(head, map(list, zip(*rows, strict=True)), strict=True)))
    return found


def give_session(patch: pytest.MonkeyPatch, door: str, session: dict[str, Any]) -> None:
    """Have a component, by the name of its module, find this state of a session."""
    for module in (door, "ui.components.said"):
        patch.setattr(f"{module}.st", SimpleNamespace(session_state=session), raising=False)
