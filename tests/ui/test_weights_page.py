"""The Weights page without a browser: gallery, one unit, units that are off, a run's snapshots."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from mnist_core import load_model
from mnist_core.runs.commands import Rewind, TrainBatch
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.training.checkpoint import save_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import starting_point
from tests.ui.tools import tables, with_plain_spaces
from ui.components.point_map.colours import class_colours
from ui.session import NamedNetwork, Session, mnist
from ui.weights.gradients import weights_in_words
from ui.weights.saving import accuracy_svg, curves_csv, forming_webp
from ui.words import MINUS, signed

WEIGHTS = """
import ui.weights.page
ui.weights.page.page()
"""
ONE_UNIT = """
from ui.session import shipped
from ui.weights.looked import Looked
from ui.weights.one_unit import one_unit
one_unit(Looked("{network}", "a network", shipped("{network}")), 3)
"""


def opened(app: AppTest) -> AppTest:
    app.run(timeout=60)
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    return with_plain_spaces(" ".join(piece.proto.body for piece in app.get("html")))


def captions(app: AppTest) -> str:
    """All that stands in small letters, with ** around what is bold."""
    pieces = [piece.proto.body for piece in app.get("html")]
    changing = [re.sub("</?b>", "**", piece) for piece in pieces if "changing small" in piece]
    return " ".join([caption.value for caption in app.caption] + changing)


def test_the_shipped_network_is_shown_and_measured_at_once(pool: LocalPool) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    assert "64 hidden units" in captions(app)
    assert "dead" in captions(app)


@pytest.mark.parametrize("sort", ["importance", "digit", "similarity", "activity"])
def test_the_tiles_can_be_sorted(pool: LocalPool, sort: str) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    app.selectbox(key="weights_sort").set_value(sort)
    opened(app)
    assert ("Importance on 10,000" in captions(app)) == (sort == "importance")


def test_units_that_are_switched_off_change_the_accuracy(pool: LocalPool) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    app.segmented_control(key="weights_look").set_value("Switch off")
    opened(app)
    app.multiselect(key="off_mlp").set_value(list(range(60)))
    opened(app)
    (table,) = tables(app)
    assert table["accuracy"] == ["with it (%)", "without (%)", "change"]
    before, after, change = np.array(
        [[cell.replace(MINUS, "-") for cell in table[str(digit)]] for digit in range(10)], float
    ).T
    assert np.mean(after) < np.mean(before) - 20
    np.testing.assert_allclose(change, after - before, atol=0.11)
    app.button[-1].click()
    opened(app)
    assert app.multiselect(key="off_mlp").value == []


def test_a_page_drawn_anew_takes_back_nothing_that_is_chosen_meanwhile(pool: LocalPool) -> None:
    """What the browser is told again would undo a click that the server has not heard of yet."""
    app = opened(AppTest.from_string(WEIGHTS))
    opened(app)  # as at every step of a run
    assert not app.segmented_control(key="weights_look").proto.set_value
    app.segmented_control(key="weights_look").set_value("Switch off")
    opened(app)
    opened(app)
    assert not app.segmented_control(key="weights_look").proto.set_value
    assert not app.multiselect(key="off_mlp").proto.set_value


def test_units_stay_off_while_another_panel_is_looked_at(pool: LocalPool) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    app.segmented_control(key="weights_look").set_value("Switch off")
    opened(app)
    app.multiselect(key="off_mlp").set_value([3, 17])
    opened(app)
    for panel in ("Pruning", None, "Switch off"):
        app.segmented_control(key="weights_look").set_value(panel)
        opened(app)
    assert app.multiselect(key="off_mlp").value == [3, 17]


def test_the_pruning_curve_of_a_small_network_is_drawn_at_once(pool: LocalPool) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    app.segmented_control(key="weights_look").set_value("Pruning")
    opened(app)
    assert "less than one percentage point below" in captions(app)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_a_chosen_unit_is_shown_with_images_and_accuracy_without_it(
    pool: LocalPool, network: str
) -> None:
    app = opened(AppTest.from_string(ONE_UNIT.format(network=network)))
    assert any(piece.proto.body.endswith(" 3</h2>") for piece in app.get("html"))
    assert any("Without it" in piece.proto.body for piece in app.get("html"))
    app.button(key=f"switch_{network}").click()
    opened(app)
    assert app.button(key=f"switch_{network}").label.startswith("Switch on")


@pytest.mark.parametrize("panel", ["Activation maximization", "Feature maps"])
def test_the_panels_of_the_cnn_can_be_opened(pool: LocalPool, panel: str) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    app.segmented_control(key="weights_network").set_value("cnn")
    opened(app)
    app.segmented_control(key="weights_look").set_value(panel)
    opened(app)
    assert not app.info
    assert "ask_maximization_cnn" not in [button.key for button in app.button]  # drawn at once


@pytest.fixture(scope="module")
def ended_run(kept_pool: LocalPool) -> RunHandle:
    config = TrainConfig(hidden=(8,), epochs=3, train_size=1_000, batch_size=50)
    handle = kept_pool.start(config)
    handle.wait_for(lambda view: view.ended, timeout=60)
    return handle


@pytest.fixture
def run(ended_run: RunHandle, shown_pool: LocalPool) -> RunHandle:
    """A small run that has ended."""
    return ended_run


def on_the_run(run: RunHandle) -> AppTest:
    app = AppTest.from_string(WEIGHTS)
    app.query_params["run"] = run.id
    return opened(app)


def test_a_run_is_shown_at_its_end_and_then_at_the_snapshot_that_is_chosen(run: RunHandle) -> None:
    app = on_the_run(run)
    assert "Step **60** (epoch 3.00), the newest, live" in captions(app)
    app.session_state["session"].chosen_step = 4
    opened(app)
    nearest = run.snapshots.at(4)
    assert nearest is not None
    assert f"Step **{nearest.step}** (epoch {nearest.step / 20:.2f}), chosen" in captions(app)
    app.button(key="live").click()
    opened(app)
    assert app.session_state["session"].chosen_step is None
    assert "Step **60**" in captions(app)


def test_a_run_stands_in_its_place_before_it_has_weights_and_says_that_it_waits(
    pool: LocalPool,
) -> None:
    config = TrainConfig(hidden=(8,), epochs=1_000, train_size=1_000)
    for _ in range(pool.settings.trainings):  # with all places taken the next one waits
        pool.start(config)
    handle = pool.start(config)
    assert handle.peek().status == "queued"
    app = AppTest.from_string(WEIGHTS)
    app.query_params["run"] = handle.id
    app.session_state["session"] = Session(
        loaded=[NamedNetwork("loaded_1", "mine.npz", load_model("mlp"))]
    )
    opened(app)
    names = list(app.segmented_control(key="weights_network").options)
    assert names == ["MLP", "CNN", "Your run", "Loaded: mine.npz"]
    assert "Its weights will stand here then" in app.info[0].value


def test_the_digits_colours_over_the_training_are_seen_on_a_dark_page_too(run: RunHandle) -> None:
    app = on_the_run(run)
    for light, dark in zip(*class_colours().values(), strict=True):
        assert f"color:light-dark({light}, {dark})" in html(app)


def test_one_goes_from_snapshot_to_snapshot(run: RunHandle) -> None:
    app = on_the_run(run)
    steps = [snapshot.step for snapshot in run.snapshots.all]
    app.button(key="snapshot_before").click()
    opened(app)
    assert app.session_state["session"].chosen_step == steps[-2]


def test_the_units_of_a_run_that_has_ended_are_measured_at_once(run: RunHandle) -> None:
    app = on_the_run(run)
    assert "saturated** on 10,000 validation images, measured at step 60." in captions(app)


def test_the_units_of_a_run_that_learns_are_measured_on_demand(pool: LocalPool) -> None:
    handle = pool.start(TrainConfig(hidden=(8,), epochs=1000))
    handle.wait_for(lambda view: view.step > 0, timeout=60)
    app = on_the_run(handle)
    assert "not measured yet" in captions(app)
    app.button(key="measure").click()
    opened(app)
    assert "saturated** on 10,000 validation images, measured at step" in captions(app)


def test_what_is_said_of_a_shipped_network_is_measured_on_images_it_never_saw(
    pool: LocalPool,
) -> None:
    app = opened(AppTest.from_string(WEIGHTS))
    assert "on 10,000 test images" in captions(app) and "validation" not in captions(app)
    app.segmented_control(key="weights_look").set_value("Switch off")
    opened(app)
    right = load_model("mlp").predict(mnist().test.images) == mnist().test.labels
    assert f"{100 * right.mean():.2f} % of 10,000 test images right" in html(app)


def test_layers_are_named_in_words() -> None:
    names = weights_in_words(["0.W", "0.b", "2.W", "2.b", "4.W", "4.b"])
    assert list(names) == ["0.W", "2.W", "4.W"]
    assert list(names.values()) == [f"{n} layer's weights" for n in ("first", "second", "last")]


def test_zero_has_no_sign() -> None:
    assert [signed(value, 2) for value in (-0.001, 0.0, 0.004, -0.25, 1.5)] == [
        "0", "0", "0", "−0.25", "+1.50",
    ]  # fmt: skip


def test_a_new_run_begins_with_the_weights_of_the_snapshot(
    run: RunHandle, shown_pool: LocalPool
) -> None:
    app = on_the_run(run)
    app.segmented_control(key="weights_look").set_value("Go on from here")
    opened(app)
    app.button(key="begin_from").click()
    opened(app)
    new = shown_pool.get("".join(app.query_params["run"]))
    assert new is not None and new.id != run.id
    view = new.wait_for(lambda view: view.ended, timeout=60)
    assert view.status == "finished", view.message
    first, last = new.snapshots.all[0], run.snapshots.all[-1]
    assert first.step == 0
    np.testing.assert_array_equal(first.parameters, last.parameters)


def test_a_run_that_went_on_from_a_snapshot_rewinds_to_it(
    run: RunHandle, shown_pool: LocalPool
) -> None:
    snapshot = run.snapshots.all[-1]
    begin = starting_point(run.config, snapshot.parameters, mnist().sha256)
    save_checkpoint(run.folder / "snapshot.npz", begin)
    new = shown_pool.start(run.config, checkpoint=run.folder / "snapshot.npz", paused=True)
    new.send(TrainBatch())
    new.wait_for(lambda view: view.status == "paused" and view.step == 1, timeout=60)
    new.send(Rewind())
    view = new.wait_for(lambda view: view.status == "paused" and view.step == 0, timeout=60)
    assert view.snapshot is not None
    np.testing.assert_array_equal(view.snapshot.parameters, snapshot.parameters)


def test_the_grid_forming_is_a_film(run: RunHandle) -> None:
    snapshots = run.snapshots.all
    with Image.open(io.BytesIO(forming_webp(run.watch().config, snapshots))) as film:
        # Snapshots that look alike are one picture.
        assert 1 < film.n_frames <= len(snapshots)  # type: ignore[attr-defined]


def test_the_curves_are_saved_one_epoch_a_line(run: RunHandle) -> None:
    lines = curves_csv(run.watch().results).splitlines()
    assert lines[0].startswith("epoch,") and len(lines) == 4


def test_the_accuracy_is_saved_as_a_picture_of_lines(run: RunHandle) -> None:
    file = ElementTree.fromstring(accuracy_svg(run.watch()))
    names = [title.text for title in file.iter("{http://www.w3.org/2000/svg}title")]
    assert names == ["training, batch by batch", "training", "validation"]


def test_the_gradients_of_a_healthy_run_are_drawn(run: RunHandle) -> None:
    app = on_the_run(run)
    app.segmented_control(key="weights_look").set_value("Gradients")
    opened(app)
    assert "Nothing is wrong" in app.success[0].value
    assert 'class="warning"' not in html(app)


def test_a_run_that_learns_nothing_is_told_and_cured_by_one_click(pool: LocalPool) -> None:
    config = TrainConfig(hidden=(8,), epochs=2, train_size=200, learning_rate=1e-6)
    handle = pool.start(config)
    handle.wait_for(lambda view: view.ended, timeout=60)
    app = on_the_run(handle)
    app.segmented_control(key="weights_look").set_value("Gradients")
    opened(app)
    assert "Not learning" in html(app)
    app.button(key="remedy").click()
    opened(app)
    cured = pool.get("".join(app.query_params["run"]))
    assert cured is not None and cured.config.learning_rate > config.learning_rate


def test_train_and_draw_show_the_snapshot_that_is_chosen(run: RunHandle) -> None:
    for page in ("train", "draw"):
        app = AppTest.from_string(f"import ui.{page}.page\nui.{page}.page.page()")
        app.query_params["run"] = run.id
        opened(app)
        app.session_state["session"].chosen_step = 0
        opened(app)
        shown = captions(app) + html(app)
        assert "the step chosen on the Weights page" in shown
        assert page == "draw" or "At step 0 no epoch has ended yet" in shown
