"""What a server costs while nobody asks: settings, the collector, what pages leave behind."""

import gc
import subprocess
import sys
from pathlib import Path

import streamlit as st
from pytest import MonkeyPatch
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

from mnist_core.data.shared import KEPT
from mnist_core.runs.index import StoreError
from mnist_core.runs.local import LocalPool
from mnist_core.runs.state import RunView
from mnist_core.training.config import TrainConfig
from ui import session
from ui.door.presses import take_presses_out
from ui.server import IMPORTED_LATE, prepare_server

ROOT = Path(__file__).parents[2]
APP = str(ROOT / "app.py")


def test_nothing_is_collected_after_a_run_and_no_file_is_watched() -> None:
    assert st.get_option("runner.postScriptGC") is False
    assert st.get_option("server.fileWatcherType") == "none"


def test_the_collector_does_not_walk_through_libraries(pool: LocalPool) -> None:
    gc.unfreeze()
    prepare_server.clear()
    AppTest.from_file(APP).run(timeout=30)
    assert set(IMPORTED_LATE) <= sys.modules.keys()
    frozen = gc.get_freeze_count()
    assert frozen > 100_000 > len(gc.get_objects())


def test_without_a_place_for_runs_the_page_says_what_to_do(monkeypatch: MonkeyPatch) -> None:
    def no_pool() -> LocalPool:
        raise StoreError("set DIGIT_LAB_RUNS")

    monkeypatch.setattr("ui.session.pool", no_pool)
    prepare_server.clear()
    app = AppTest.from_file(APP).run(timeout=30)
    assert [error.value for error in app.error] == [r"set DIGIT\_LAB\_RUNS"]
    assert not app.exception


def test_the_images_lie_beside_the_runs_where_processes_look_for_them(pool: LocalPool) -> None:
    session.mnist.clear()
    assert session.mnist().folder == pool.settings.folder / KEPT


def test_what_a_page_has_shown_goes_by_itself(pool: LocalPool) -> None:
    """Without the collector: it comes seldom, and what waits for it would pile up meanwhile."""
    handle = pool.start(TrainConfig(hidden=(4,), epochs=1, train_size=200))
    handle.wait_for(lambda view: view.ended, timeout=60)
    app = AppTest.from_file(APP)
    app.query_params["run"] = handle.id
    app.run(timeout=30)

    def views() -> int:
        return sum(isinstance(thing, RunView) for thing in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        app.run(timeout=30)
        before = views()
        for _ in range(10):
            app.run(timeout=30)
        assert views() <= before + 1
    finally:
        gc.enable()


def test_a_timers_message_says_what_was_chosen_but_presses_nothing() -> None:
    states = WidgetStates()
    states.widgets.add(id="slider", double_value=0.1)
    states.widgets.add(id="button", trigger_value=True)
    states.widgets.add(id="component", json_trigger_value="[1]")
    take_presses_out(states)
    assert [state.id for state in states.widgets] == ["slider"]


def test_a_page_needs_no_data_frames() -> None:
    """pandas and Arrow take 70 MB, and half a second of the start."""
    code = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        "app = AppTest.from_file('app.py').run(timeout=60); assert not app.exception;"
        "print(len(app.get('html')) > 0, sys.modules.keys() & {'pandas', 'pyarrow'})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "True set()\n", done.stderr
