"""A link with a command key gives the right to command a run, once, and not before it is noted."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.runs.handle import RunHandle
from mnist_core.runs.index import StoreError
from mnist_core.runs.local import LocalPool
from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS

PAGE = "import ui.train.page\nui.train.page.page()"


@pytest.fixture
def run(pool: LocalPool) -> RunHandle:
    """Somebody else's run, paused before its first step."""
    config = TrainConfig(hidden=(4,), epochs=1, train_size=200)
    handle = pool.start(config, visitor="its owner", paused=True)
    handle.wait_for(lambda view: view.status == "paused", timeout=60)
    return RunHandle(pool, handle.id, config, "its owner")


def opened(run: RunHandle) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=60)
    app.query_params["run"], app.query_params["command"] = run.id, run.command_key
    app.run()
    assert not app.exception
    return app


def refuse(*_: object, **__: object) -> None:
    raise StoreError("the index of runs can't be used: it is busy")


def may_command(app: AppTest) -> bool:
    return not app.button("stop").disabled


def test_a_key_is_used_once_and_leaves_the_link(run: RunHandle) -> None:
    app = opened(run)
    assert may_command(app) and "command" not in app.query_params


def test_a_key_that_a_busy_index_refuses_stays_in_the_link(
    pool: LocalPool, run: RunHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(pool.store, "allow", refuse)
        app = opened(run)
        assert not may_command(app) and "".join(app.query_params["command"]) == run.command_key
        assert "You can only watch this run, since the index" in app.warning[0].value
    assert may_command(opened(run))


def test_a_run_that_a_busy_index_hides_stays_in_the_link(
    pool: LocalPool, run: RunHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(pool, "get", refuse)
        app = opened(run)
        assert "".join(app.query_params["run"]) == run.id
        assert "The run can't be shown now, since the index" in app.warning[0].value
    assert may_command(opened(run))


@pytest.mark.parametrize("number", [0, 1])  # to watch, to command
def test_a_new_run_of_who_opens_a_link_has_the_settings_of_the_run(
    pool: LocalPool, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("ui.session.visitor", lambda: "its owner")
    config = replace(PRESETS["quick-and-good"], hidden=(4,), epochs=1, train_size=200)
    shared = pool.start(config, visitor="its owner", paused=True)
    owner = AppTest.from_string(PAGE, default_timeout=60)
    owner.query_params["run"] = shared.id
    owner.run()
    monkeypatch.setattr("ui.session.visitor", lambda: "a guest")
    guest = AppTest.from_string(PAGE, default_timeout=60)
    for key, value in parse_qsl(urlsplit(owner.code[number].value).query):
        guest.query_params[key] = value
    guest.run()
    assert may_command(guest) == (number == 1)
    guest.button("start").click().run()
    assert not guest.exception
    new = pool.get("".join(guest.query_params["run"]))
    assert new is not None and new.id != shared.id and new.peek().config == config
