"""The look "Your runs" and what leads on from a run: more epochs, its receipt, files and back."""

import tomllib
from collections.abc import Callable
from io import BytesIO
from unittest.mock import Mock

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.paths import ROOT
from mnist_core.runs.local import LocalPool
from tests.ui.test_evaluate_page import looked_at, text
from tests.ui.test_your_runs import (
    PAGE,
    VISITOR,
    WORD,
    chosen,
    entered,
    finished,
    kept_runs,
    opened,
    pages_gone_to,
    pressed,
)
from ui.components.visitor import STATE
from ui.experiments.runs.kept import MAX_ZIP_BYTES

__all__ = ["finished", "kept_runs", "pages_gone_to"]


def test_a_finished_run_trains_on_as_a_new_one_on_train(
    pool: LocalPool, finished: str, pages_gone_to: Mock
) -> None:
    app = opened(chosen=finished)
    app.number_input[0].set_value(3)
    pressed(app, "Train on, as a new run")
    pages_gone_to.assert_called_once_with("")
    newest = pool.listed(VISITOR)[0]
    assert (newest.config.epochs, app.query_params["run"]) == (5, newest.id)
    assert newest.id != finished


def test_the_receipt_of_a_run_is_what_the_command_line_says(pool: LocalPool, finished: str) -> None:
    app = opened(chosen=finished)
    assert not app.code
    app.session_state["experiments_runs_receipt"] = True
    commands, script = [code.value for code in looked_at(app).code]
    receipt = pool.store.shelf.receipt(finished)
    assert (commands, script) == ("\n".join(receipt.commands), receipt.script.strip())


def test_without_onnx_the_export_says_what_to_install(
    finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.experiments.runs.taking_along.find_spec", lambda name: None)
    app = opened(chosen=finished)
    app.session_state["experiments_runs_export"] = True
    assert "pip install -r requirements-export.txt" in text(looked_at(app))


def test_a_network_that_is_too_large_for_a_zip_says_so(
    finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_core.runs.archive.MAX_PARAMETERS", 1_000)
    words = "There is no ZIP of this run: a run in a ZIP has at most 1,000 parameters"
    assert words in text(opened(chosen=finished))


def test_a_run_without_a_checkpoint_says_that_there_is_nothing_to_take_along(
    pool: LocalPool,
) -> None:
    assert "the run has no checkpoint" in text(opened(chosen=entered(pool)))


# ---- a run from a file --------------------------------------------------------------------------


def exported(pool: LocalPool, id: str) -> bytes:
    file = BytesIO()
    pool.store.shelf.export(id, file)
    return file.getvalue()


def brought(app: AppTest, content: bytes) -> AppTest:
    app.file_uploader[0].set_value([("run.zip", content, "application/zip")])
    return looked_at(app)


def test_a_run_in_a_zip_is_taken_in_and_chosen(pool: LocalPool, finished: str) -> None:
    pool.store.shelf.rename(finished, "taken along")
    app = brought(opened(), exported(pool, finished))
    new = pool.listed(VISITOR)[0]
    assert new.id != finished and new.name == "taken along"
    assert chosen(app) == [new.id]


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        (lambda zipped: zipped[: len(zipped) // 2], "it is not a whole ZIP file"),
        (lambda zipped: b"no ZIP at all", "it is not a whole ZIP file"),
    ],
)
def test_a_file_that_is_no_run_is_refused_with_a_sentence(
    pool: LocalPool, finished: str, spoiled: Callable[[bytes], bytes], why: str
) -> None:
    app = brought(opened(), spoiled(exported(pool, finished)))
    assert f"since the file can't be used: {why}" in text(app)
    assert [run.id for run in pool.listed(VISITOR)] == [finished]


def test_the_server_takes_uploads_as_large_as_a_run_may_be() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["maxUploadSize"] << 20 == MAX_ZIP_BYTES


def test_a_file_that_is_too_large_is_not_read(
    pool: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.experiments.runs.kept.MAX_ZIP_BYTES", 2**20)
    app = brought(opened(), bytes(2**20 + 1))
    assert "the file is larger than 1 MB" in text(app)


# ---- the way here -------------------------------------------------------------------------------


def test_train_leads_to_its_run_among_all(
    pool: LocalPool, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.train.controls.go_to", Mock())
    script = "import ui.train.page\nui.train.page.page()"
    app = AppTest.from_string(script, default_timeout=60)
    app.session_state[STATE] = WORD
    app.query_params["run"] = finished
    pressed(looked_at(app), "All your runs")
    there = AppTest.from_string(PAGE, default_timeout=60)
    for key in (STATE, "experiments_address", "session"):
        there.session_state[key] = app.session_state[key]
    looked_at(there)
    assert there.query_params["look"] == "Your runs" and chosen(there) == [finished]
