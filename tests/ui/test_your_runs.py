"""The look "Your runs" of Experiments without a browser: what it lists, and what is done there.
Names that strangers have chosen are tested in test_your_runs_names.py, files in
test_your_runs_files.py.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import Mock

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.runs.folder import RunFolder
from mnist_core.runs.local import LocalPool
from mnist_core.runs.snapshots import SnapshotList
from mnist_core.runs.state import RunState
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult
from tests.ui.test_evaluate_page import looked_at, text
from ui.components.visitor import STATE

PAGE = """
import ui.experiments.page
ui.experiments.page.page()
"""
WORD = "a-visitor-of-these-tests"
VISITOR = hashlib.sha256(WORD.encode()).hexdigest()[:32]
CONFIG = TrainConfig(hidden=(8,), epochs=2, train_size=200, batch_size=50)
ENDLESS = replace(CONFIG, epochs=10_000)
TIMEOUT = 60.0  # seconds; only a failure takes so long
LONG_AGO = 1_000_000_000.0


@pytest.fixture(autouse=True)
def kept_runs(pool: LocalPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.experiments.runs.kept.pool", lambda: pool)


@pytest.fixture
def pages_gone_to(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """The paths of the pages that were gone to."""
    gone_to = Mock(side_effect=lambda path: None)
    for module in ("one_run", "part"):
        monkeypatch.setattr(f"ui.experiments.runs.{module}.go_to", gone_to)
    return gone_to


def opened(**link: str) -> AppTest:
    """The look, by a link, of the visitor whose runs these are."""
    app = AppTest.from_string(PAGE, default_timeout=60)
    app.session_state[STATE] = WORD
    for name, value in ({"look": "Your runs"} | link).items():
        app.query_params[name] = value
    return looked_at(app)


def entered(
    pool: LocalPool,
    name: str = "",
    *,
    visitor: str = VISITOR,
    accuracies: tuple[float, ...] = (0.9, 0.8),
    created: float = LONG_AGO,
    config: TrainConfig = CONFIG,
) -> str:
    """The id of a run that was stopped, with these validation accuracies and no checkpoint."""

    def fill(files: RunFolder) -> RunState:
        results = tuple(
            EpochResult(n + 1, 1.0, 0.5, 1.0, accuracy, 0.1)
            for n, accuracy in enumerate(accuracies)
        )
        state = RunState(files.path.stem, config, "stopped", results=results)
        files.save_state(state, SnapshotList())
        return state

    row = pool.store.new_row(config, data=None, visitor=visitor)
    return pool.store.shelf.take_in(replace(row, name=name, created=created), fill).id


@pytest.fixture
def finished(pool: LocalPool) -> str:
    """The id of a run that was trained to its end."""
    handle = pool.start(CONFIG, visitor=VISITOR)
    handle.wait_for(lambda view: view.ended, TIMEOUT)
    with pool.changed:
        assert pool.changed.wait_for(lambda: handle.process_id is None, TIMEOUT)
    return handle.id


@contextmanager
def going_on(pool: LocalPool) -> Iterator[str]:
    handle = pool.start(ENDLESS, visitor=VISITOR)
    handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    yield handle.id


def pressed(app: AppTest, label: str) -> AppTest:
    (button,) = [button for button in app.button if button.label == label]
    button.click()
    return looked_at(app)


def chosen(app: AppTest) -> list[str]:
    return app.query_params.get("chosen", "").split(",") if "chosen" in app.query_params else []


# ---- the list -----------------------------------------------------------------------------------


def test_without_runs_the_look_says_what_they_are_and_leads_to_train(pages_gone_to: Mock) -> None:
    app = opened()
    assert "A run is one training of a network" in text(app)
    pressed(app, "Train a network")
    pages_gone_to.assert_called_once_with("")


def test_a_visitor_sees_their_own_runs_after_a_restart_of_the_server(
    pool: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered(pool, "mine")
    entered(pool, "another's", visitor="somebody")
    with LocalPool(pool.settings) as other:
        monkeypatch.setattr("ui.experiments.runs.kept.pool", lambda: other)
        assert "Your runs" in opened().query_params["look"]
        assert [run.name for run in other.listed(VISITOR)] == ["mine"]


def test_a_link_chooses_a_run_and_the_address_says_it_again(pool: LocalPool) -> None:
    id = entered(pool, "first try")
    app = opened(chosen=id, sort="name")
    assert not app.warning
    assert app.query_params == {"look": "Your runs", "chosen": id, "sort": "name"}
    assert "first try" in text(app) and "best 90.00 %" in text(app)


@pytest.mark.parametrize(
    "named", ["abc", "../../etc/passwd", "<img src=x>", "0123456789abcdef", "`**x**`"]
)
def test_an_unknown_run_in_a_link_is_refused_with_a_sentence(pool: LocalPool, named: str) -> None:
    id = entered(pool)
    app = opened(chosen=f"{named},{id}")
    (warning,) = app.warning
    assert "Something in the link was not used" in warning.value
    assert "there is no such run here" in warning.value
    assert chosen(app) == [id]


def test_a_link_with_too_many_runs_says_how_many_there_may_be(pool: LocalPool) -> None:
    ids = [entered(pool, config=replace(CONFIG, seed=seed)) for seed in range(9)]
    app = opened(chosen=",".join(ids))
    assert chosen(app) == ids[:8]
    assert "it names 9 runs (possible: at most 8)" in app.warning[0].value


def test_a_run_of_somebody_else_can_be_looked_at_but_not_changed(pool: LocalPool) -> None:
    id = entered(pool, "theirs", visitor="somebody")
    app = opened(chosen=id)
    assert "You watch a run of somebody else" in text(app) and "theirs" in text(app)
    assert {button.label for button in app.button}.isdisjoint({"Delete"}) and not app.text_input
    (go_on,) = [button for button in app.button if button.label == "Go on"]
    assert go_on.disabled


def test_the_run_that_the_pages_show_is_said_where_it_is_somebody_elses(pool: LocalPool) -> None:
    id = entered(pool, "theirs", visitor="somebody")
    app = opened(run=id)
    assert "You watch a run of somebody else: theirs." in text(app)
    assert chosen(pressed(app, "Look at it here")) == [id]


# ---- one run ------------------------------------------------------------------------------------


def name_typed(app: AppTest, name: str) -> AppTest:
    app.text_input[0].set_value(name)
    return looked_at(app)


def test_a_run_is_named_and_no_name_is_that_of_its_settings(pool: LocalPool) -> None:
    id = entered(pool)
    app = name_typed(opened(chosen=id), "  My \t first ")
    assert pool.summary(id).name == "My first" == app.text_input[0].value
    name_typed(app, "")
    assert pool.summary(id).name.startswith("quick-and-good, hidden 8")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x" * 81, "a name has at most 80 characters, not 81"),
        ("a\u202eb", "a name is made of characters that can be seen"),
    ],
)
def test_a_name_that_can_be_none_is_refused_with_a_sentence(
    pool: LocalPool, name: str, sentence: str
) -> None:
    id = entered(pool, "before")
    app = name_typed(opened(chosen=id), name)
    assert f"That could not be done, since {sentence}." in text(app)
    assert pool.summary(id).name == "before"


def test_each_page_opens_with_the_run(pool: LocalPool, pages_gone_to: Mock) -> None:
    id = entered(pool)
    for title, path in (("Weights", "weights"), ("Draw", "draw"), ("Train", "")):
        app = pressed(opened(chosen=id), title)
        assert app.query_params["run"] == id
        pages_gone_to.assert_called_with(path)


def test_a_deleted_run_is_back_by_undo_and_chosen(pool: LocalPool) -> None:
    id = entered(pool, "not needed")
    app = pressed(opened(chosen=id), "Delete")
    assert "Deleted not needed." in text(app) and pool.listed(VISITOR) == []
    app = pressed(app, "Undo")
    assert [run.name for run in pool.listed(VISITOR)] == ["not needed"]
    assert chosen(app) == [id] and "Deleted not needed." not in text(app)


def test_a_run_that_was_deleted_before_is_restored_from_the_closed_list(pool: LocalPool) -> None:
    id = entered(pool, "long gone")
    pool.delete(id, VISITOR)
    app = opened()
    assert "long gone" not in text(app)
    app.session_state["experiments_runs_deleted_list"] = True
    pressed(looked_at(app), "Restore")
    assert [run.id for run in pool.listed(VISITOR)] == [id]


def test_a_run_that_goes_on_is_stopped_before_it_is_deleted(pool: LocalPool) -> None:
    with going_on(pool) as id:
        app = pressed(opened(chosen=id), "Delete")
        assert "this run is going on, so it can't be deleted: stop it first" in text(app)
        pressed(app, "Stop")
        handle = pool.get(id)
        assert handle is not None
        handle.wait_for(lambda view: view.ended, TIMEOUT)


# ---- several ------------------------------------------------------------------------------------


def test_several_runs_are_compared_in_what_differs(pool: LocalPool) -> None:
    first = entered(pool, "slow", accuracies=(0.5, 0.6), config=replace(CONFIG, learning_rate=0.01))
    other = entered(pool, "wide", accuracies=(0.9,), config=replace(CONFIG, hidden=(16,)))
    words = text(opened(chosen=f"{first},{other}"))
    assert "2 runs over each other" in words
    for row in ("best accuracy60.00 %90.00 %", "hidden816", "learning rate0.010.1"):
        assert row in words
    assert "batch size" not in words


def test_several_runs_are_deleted_together_and_come_back_by_one_press(pool: LocalPool) -> None:
    ids = [entered(pool, config=replace(CONFIG, seed=seed)) for seed in range(3)]
    kept = entered(pool, "stays")
    app = pressed(opened(chosen=",".join(ids)), "Delete these 3 runs")
    assert [run.id for run in pool.listed(VISITOR)] == [kept]
    app = pressed(app, "Undo")
    assert len(pool.listed(VISITOR)) == 4 and chosen(app) == ids
