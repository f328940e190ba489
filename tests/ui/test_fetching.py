"""How often pages ask for a run: once per rerun, and never the disk for what they know already."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.nn.builders import build_model
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.runs.snapshots import Snapshot
from mnist_core.training.config import TrainConfig
from ui import drawing, session
from ui.components.canvas import Drawing, Stroke
from ui.draw import why
from ui.weights import measures
from ui.weights.looked import Looked

LINE = Drawing((Stroke(np.array([(0.5, 0.2, 1), (0.5, 0.8, 1)], np.float32), 0.1),))


@pytest.fixture
def run(pool: LocalPool) -> RunHandle:
    return ended_run(pool, hidden=(8,))


def ended_run(pool: LocalPool, hidden: tuple[int, ...]) -> RunHandle:
    handle = pool.start(TrainConfig(hidden=hidden, epochs=1, train_size=200, batch_size=50))
    handle.wait_for(lambda view: view.ended, timeout=60)
    return handle


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often pages fetch a run, look at one, build a network and turn strokes into pictures."""
    counts: Counter[str] = Counter()

    def count(place: object, name: str) -> None:
        original = getattr(place, name)

        def counting(*arguments, **options):
            counts[name] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(place, name, counting)

    count(LocalPool, "get")
    count(RunHandle, "watch")
    count(RunHandle, "peek")
    count(Snapshot, "network")
    count(drawing, "rasterise")
    count(drawing, "normalization_steps")
    return counts


def opened(page: str, run: RunHandle, **state: object) -> AppTest:
    app = AppTest.from_string(f"import ui.{page}.page\nui.{page}.page.page()", default_timeout=60)
    app.query_params["run"] = run.id
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize("page", ["train", "draw", "weights"])
def test_a_page_fetches_and_watches_its_run_once_per_rerun(
    run: RunHandle, counted: Counter[str], page: str
) -> None:
    app = opened(page, run)
    for _ in range(2):
        counted.clear()
        app.run()
        assert (counted["get"], counted["watch"], counted["peek"]) == (1, 1, 0)
        assert counted["network"] == 0  # the weights are those of the rerun before


@pytest.mark.parametrize(
    "look", [None, "What the network sees", "Move and turn it", "Why this answer"]
)
def test_a_drawing_is_rasterised_and_normalised_once_however_often_the_page_runs(
    run: RunHandle, counted: Counter[str], look: str | None
) -> None:
    mine = session.Session(drawing=Drawing(LINE.strokes))  # one that nobody has looked at
    app = opened("draw", run, session=mine, **({"draw_look": look} if look else {}))
    app.run()
    assert not app.exception
    assert (counted["rasterise"], counted["normalization_steps"]) == (1, 1)


def test_the_index_of_ones_own_network_is_built_once_for_its_weights(
    run: RunHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[int] = []
    build = why.NeighbourIndex.build
    monkeypatch.setattr(
        why.NeighbourIndex, "build", lambda *arguments: built.append(1) or build(*arguments)
    )
    mine = session.Session(drawing=LINE)
    app = opened("draw", run, session=mine, draw_look="Why this answer", **{"why-of": "Your run"})
    app.run()
    app.run()
    assert len(built) == 1


def test_earlier_runs_are_not_read_from_disk_at_each_poll(
    pool: LocalPool, counted: Counter[str]
) -> None:
    first, second = ended_run(pool, (4,)), ended_run(pool, (5,))
    app = opened("train", first)
    app.query_params["run"] = second.id
    app.run()
    with pool.changed:  # its threads walk through the runs, too
        pool.runs.pop(first.id)  # forgotten: only its files know it
    app.multiselect(key="others").set_value([first.id])
    app.run()
    assert not app.exception
    assert f"784-4-10 relu ({first.id[:4]})" in str(app.multiselect(key="others").options)
    counted.clear()
    app.run()
    assert counted["get"] == 1
    assert first.id not in pool.runs


def test_a_session_keeps_nothing_of_a_run_that_is_no_longer_shown(pool: LocalPool) -> None:
    first, second = ended_run(pool, (4,)), ended_run(pool, (5,))
    app = opened("weights", first, weights_look="Gradients")
    kept = app.session_state["session"].kept
    assert {"probabilities", "gradients"} <= kept.keys()
    app.query_params["run"] = second.id
    app.session_state["weights_look"] = None
    app.run()
    assert not app.exception
    assert "gradients" not in app.session_state["session"].kept


def test_a_session_remembers_a_bounded_number_of_runs_without_their_weights(
    monkeypatch: pytest.MonkeyPatch, run: RunHandle
) -> None:
    mine = session.Session()
    monkeypatch.setattr(session, "session", lambda: mine)
    view = run.peek()
    for number in range(3 * session.EARLIER_RUNS):
        session._remember(view.__class__(**{**vars(view), "id": str(number)}), run.snapshots)
    assert len(mine.runs) == session.EARLIER_RUNS
    assert set(vars(next(iter(mine.runs.values())))) == {"config", "results", "status"}


def test_results_on_units_can_be_asked_for_by_many_threads() -> None:
    """A cache without a lock loses an entry that another thread has just taken out."""
    network = build_model("mlp", hidden=(4,), activation="relu", rng=np.random.default_rng(0))
    layer = Looked("own", "a network", network).layer
    done: Counter[tuple[int, ...]] = Counter()

    def ask(thread: int) -> None:
        for number in range(400):
            units = (number % 60,)  # more than are kept
            place = measures._place("test", "a network", layer, units)
            measures._worked_out(place, lambda units=units: done.update([units]) or units)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(ask, range(4)))
    assert len(done) == 60


def test_who_comes_second_waits_for_a_result_that_is_being_worked_out() -> None:
    place, calls, together = measures._Place(), [], Barrier(4)

    def work() -> object:
        calls.append(1)
        Event().wait(0.05)  # long enough for the others to come in
        return object()

    def ask(thread: int) -> object:
        together.wait()
        return measures._worked_out(place, work)

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(ask, range(4)))
    assert len(calls) == 1 and all(result is results[0] for result in results)
