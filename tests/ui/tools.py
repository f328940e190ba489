"""What tests of pages do with Streamlit's AppTest."""

from collections.abc import Iterator
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


def give_session(patch: pytest.MonkeyPatch, door: str, session: dict[str, Any]) -> None:
    """Have a component, by the name of its module, find this state of a session."""
    for module in (door, "ui.components.said"):
        patch.setattr(f"{module}.st", SimpleNamespace(session_state=session), raising=False)
