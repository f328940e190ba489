"""Whatever a browser says in a component's name, the component is drawn and no error is raised."""

from math import inf, nan
from typing import Any

import numpy as np
import pytest

from tests.ui.tools import give_session
from ui.components.confusion_table import confusion_table
from ui.components.point_map import _view
from ui.components.run_list import RunLine, run_list
from ui.components.said import marked, said
from ui.components.step_slider import step_slider
from ui.components.tiles import weight_tiles
from ui.components.walk import Stop, walk

STRANGE: list[Any] = [
    None, True, 1, -1, 10**400, nan, inf, "", "x", "\ud800", [], [[]], [None, 1], {}, {"at": 1},
    {"at": [], "ids": 1, "cell": 1, "name": []}, {"at": 1.5, "ids": 3, "cell": "ab", "name": {}},
    {"at": nan, "ids": ["a", ["a"]], "cell": [1, 10**400], "name": "x"}, ["chosen"], {"chosen": {}},
]  # fmt: skip
LINE = RunLine("a", "name", "settings", "Finished", "", (0.5,), "50 %", "just now", "1 MB")


def shown(patch: pytest.MonkeyPatch, door: str, sent: object) -> list[dict[str, Any]]:
    """What a component is handed for the browser, after that has sent something."""
    handed: list[dict[str, Any]] = []

    def mount(**values: Any) -> dict[str, Any]:
        handed.append(values)
        return values["default"]

    give_session(patch, f"ui.components.{door}", {"key": {"chosen": sent}})
    patch.setattr(f"ui.components.{door}._mount", mount)
    return handed


@pytest.mark.parametrize("sent", STRANGE, ids=lambda sent: repr(sent)[:30])
def test_a_choice_of_any_kind_raises_no_error(
    monkeypatch: pytest.MonkeyPatch, sent: object
) -> None:
    shown(monkeypatch, "run_list", sent)
    assert run_list([LINE], chosen=[], key="key", description="runs") in [(), ("a",)]
    shown(monkeypatch, "confusion_table", sent)
    counts = np.zeros((10, 10), np.int64)
    assert confusion_table(counts, chosen=None, key="key", description="all") is None
    shown(monkeypatch, "walk", sent)
    stops = [Stop("x", "forward", np.eye(2), True, "2 x 2")]
    assert walk(stops, "x", key="key") in (None, "x")
    handed = shown(monkeypatch, "tiles", sent)
    weight_tiles(np.zeros((2, 3, 3)), key="key")
    assert len(handed) == 1


@pytest.mark.parametrize("sent", [*STRANGE, [nan, True], [inf, True], [-(10**400), False]])
def test_a_slider_moves_to_a_step_that_there_is(
    monkeypatch: pytest.MonkeyPatch, sent: object
) -> None:
    moved: list[int] = []
    heard: dict[str, Any] = {"key": {"step": sent}}
    give_session(monkeypatch, "ui.components.step_slider", heard)
    monkeypatch.setattr(
        "ui.components.step_slider._mount", lambda *, on_step_change, **_: on_step_change()
    )
    step_slider("step", 0, 9, key="key", on_move=lambda step, _: moved.append(step))
    assert set(moved) <= set(range(10))


def test_what_a_browser_sends_under_other_names_is_not_sent_back_to_it() -> None:
    view = _view({"chosen": 10**400, "view": 1, "images": "other", "key": "other"}, ["one"], 5)
    assert view.chosen is None and view.step is None


def test_a_mark_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    give_session(monkeypatch, "ui.components.walk", {"key": {"chosen": {"name": 1, "at": 2.5}}})
    assert marked("key", "name") == (1, 2.5)
    assert said("other", "chosen") is None
