"""A network that is saved on the page, loaded into it again, and chosen on Weights and Draw."""

import io

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.nn.network import Sequential
from mnist_core.paths import MODELS_FOLDER
from mnist_core.runs.local import LocalPool
from mnist_core.training.checkpoint import load_checkpoint
from mnist_core.training.config import TrainConfig
from tests.ui.tools import again
from ui.session import mnist
from ui.weights.loading import MOST
from ui.weights.saving import network_npz

PAGE = "import ui.{0}.page\nui.{0}.page.page()"


def loaded(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader(key="network_file").upload(name, content)
    return again(app)


def pickled() -> bytes:
    """An array of objects, which only a pickle can hold."""
    file = io.BytesIO()
    np.savez(file, meta=np.array([{}], dtype=object))
    return file.getvalue()


def networks(app: AppTest) -> list[str]:
    return app.segmented_control(key="weights_network").options


@pytest.fixture
def weights(pool: LocalPool) -> AppTest:
    return again(AppTest.from_string(PAGE.format("weights")))


@pytest.fixture(scope="module")
def mlp() -> bytes:
    return (MODELS_FOLDER / "mlp.npz").read_bytes()


def test_a_run_is_saved_as_it_was_at_the_step_that_is_shown(pool: LocalPool) -> None:
    config = TrainConfig(hidden=(8,), epochs=3, train_size=1_000, batch_size=50, ema_decay=0.9)
    handle = pool.start(config)
    view = handle.wait_for(lambda view: view.ended, timeout=60)
    snapshot = handle.snapshots.at(20)
    assert snapshot is not None
    checkpoint = load_checkpoint(network_npz(view, snapshot))
    images = mnist().test.images[:50]
    said: Sequential = checkpoint.network()
    np.testing.assert_array_equal(
        said.predict_proba(images), snapshot.network(config).predict_proba(images)
    )
    assert checkpoint.step == snapshot.step
    assert len(checkpoint.history) == snapshot.step // 20


def test_a_loaded_network_is_chosen_and_can_be_removed(weights: AppTest, mlp: bytes) -> None:
    loaded(weights, "my_[net](x).npz", mlp)
    assert "Loaded: my net x" in networks(weights)  # nothing that Markdown makes a link of
    key = weights.segmented_control(key="weights_network").value
    assert str(key).startswith("loaded_")
    assert "64 hidden units" in " ".join(piece.proto.body for piece in weights.get("html"))
    weights.button(key=f"remove_{key}").click()
    again(weights)
    assert networks(weights) == ["MLP", "CNN"]


def test_a_loaded_network_answers_on_the_draw_page(weights: AppTest, mlp: bytes) -> None:
    loaded(weights, "mine.npz", mlp)
    draw = AppTest.from_string(PAGE.format("draw"))
    draw.session_state["session"] = weights.session_state["session"]
    choice = again(draw).segmented_control(key="draw_who")
    assert choice.options == ["Loaded: mine"]
    choice.set_value(weights.segmented_control(key="weights_network").value)
    said = " ".join(piece.proto.body for piece in again(draw).get("html"))
    assert "50,890 parameters, from a file" in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no archive", "not a"), (pickled(), "'meta.npy' is no array of plain numbers")],
    ids=["no archive", "pickled objects"],
)
def test_what_is_no_network_is_refused_in_words(
    weights: AppTest, content: bytes, reason: str
) -> None:
    loaded(weights, "bad.npz", content)
    assert weights.error[0].value.startswith("**bad** can't be used, as ")
    assert reason in weights.error[0].value
    assert networks(weights) == ["MLP", "CNN"]


def test_there_is_room_for_a_few_networks(weights: AppTest, pool: LocalPool) -> None:
    handle = pool.start(TrainConfig(hidden=(2,), epochs=1, train_size=1_000, batch_size=10))
    view = handle.wait_for(lambda view: view.ended, timeout=60)
    for snapshot in handle.snapshots.all[: MOST + 1]:
        loaded(weights, f"step {snapshot.step}.npz", network_npz(view, snapshot))
    assert len(weights.session_state["session"].loaded) == MOST
    assert "remove one first" in weights.error[0].value
