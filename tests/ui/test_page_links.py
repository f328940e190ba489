"""The addresses of Train, Draw and Weights: whoever opens one sees the same, or why not."""

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.runs.handle import RunHandle
from mnist_core.runs.local import LocalPool
from mnist_core.training.config import TrainConfig
from tests.ui.test_backprop_link import address
from tests.ui.test_evaluate_link import HOSTILE, said_by
from tests.ui.tools import again
from ui.choices import WEIGHTS
from ui.settings import ALSO_IN_LINK

PAGE = "import ui.{0}.page\nui.{0}.page.page()"
NAMES = {
    "train": ALSO_IN_LINK,
    "draw": ("who", "look", "inside", "step", "picture"),
    "weights": ("network", "sort", "one_scale", "unit", "off", "look", "layer", "step", "picture"),
}


def opened(page: str, **link: str) -> AppTest:
    app = AppTest.from_string(PAGE.format(page), default_timeout=60)
    for name, value in link.items():
        app.query_params[name] = value
    return again(app)


def shown(app: AppTest) -> str:
    captions = [caption.value for caption in app.caption]
    return " ".join([*captions, *(piece.proto.body for piece in app.get("html"))])


@pytest.fixture(scope="module")
def ended_run(kept_pool: LocalPool) -> RunHandle:
    config = TrainConfig(hidden=(8,), epochs=3, train_size=200, batch_size=50)
    handle = kept_pool.start(config)
    handle.wait_for(lambda view: view.ended, timeout=60)
    return handle


@pytest.fixture
def run(ended_run: RunHandle, shown_pool: LocalPool) -> RunHandle:
    """A run of 12 steps that has ended."""
    return ended_run


@pytest.mark.parametrize("page", NAMES)
def test_what_a_page_shows_at_first_needs_no_words_in_its_address(
    pool: LocalPool, page: str
) -> None:
    assert address(opened(page)) == {}


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("train", {"preset": "good", "epochs": "3", "show": "Error, log scale"}),
        ("train", {"show": "Loss", "picture": "1-12"}),
        ("train", {"picture": "output-3"}),
        ("weights", {"network": "cnn", "unit": "3", "look": "Feature maps"}),
        ("weights", {"sort": "similarity", "one_scale": "1", "unit": "63", "picture": "1-5"}),
        ("weights", {"look": "Activation maximization", "from": "32"}),
        ("weights", {"look": "Switch off", "off": "3-17-60"}),
        ("draw", {"look": "Photographs and pages", "inside": "CNN"}),
        ("draw", {"look": "Why this answer"}),
    ],
    ids=str,
)
def test_a_link_restores_every_choice_and_is_said_again(
    pool: LocalPool, page: str, link: dict[str, str]
) -> None:
    app = opened(page, **link)
    assert not app.warning
    assert address(app) == link
    assert address(again(app)) == link


@pytest.mark.parametrize("page", ["train", "weights"])
def test_a_link_restores_the_chosen_step_of_a_run_and_what_is_chosen_of_it(
    run: RunHandle, page: str
) -> None:
    step = run.snapshots.all[3].step
    of_page = {"train": {"image": "42"}, "weights": {"look": "Gradients", "unit": "7"}}[page]
    link = {"run": run.id, "step": str(step), "picture": "1-2", **of_page}
    app = opened(page, **link)
    assert not app.warning
    assert address(app).items() >= link.items()
    assert app.session_state["session"].chosen_step == step
    assert f"At step {step}, the step" in shown(app) or f"Step <b>{step}</b>" in shown(app)
    assert address(again(app)).items() >= link.items()


def test_who_answers_is_in_the_link_and_can_be_let_go(run: RunHandle) -> None:
    app = opened("draw", run=run.id)
    assert address(app) == {"run": run.id}
    app.segmented_control(key="draw_who").set_value("best")
    assert address(again(app)) == {"run": run.id, "who": "best"}
    app.segmented_control(key="draw_who").set_value(None)
    assert address(again(app)) == {"run": run.id, "who": "none"}
    app = opened("draw", run=run.id, who="none")
    assert app.segmented_control(key="draw_who").value is None
    assert address(app) == {"run": run.id, "who": "none"}


@pytest.mark.parametrize(
    ("page", "link", "sentence"),
    [
        ("train", {"show": "all"}, "(possible: Accuracy and loss, Error, log scale, Loss)"),
        ("train", {"picture": "1-64"}, "`picture=1-64` (possible: one of 74, such as 1-0, 1-1"),
        ("train", {"step": "5"}, "`step=5`, but the run with that step is not here"),
        ("weights", {"unit": "64"}, "`unit=64` (possible: a whole number from 0 to 63)"),
        ("weights", {"off": "3-99"}, "`off=99` (possible: a whole number from 0 to 63)"),
        ("weights", {"network": "run"}, "`network=run` (possible: mlp, cnn)"),
        ("weights", {"sort": "size"}, "(possible: index, importance, digit, similarity, activity)"),
        ("weights", {"look": "Save"}, "(possible: Switch off, Pruning, Activation maximization)"),
        ("draw", {"look": "none"}, "`look=none` (possible: Why this answer, What the network"),
        ("draw", {"who": "best"}, "`who=best` (possible: none)"),
        ("draw", {"inside": "RNN"}, "`inside=RNN` (possible: MLP, CNN)"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_what_can(
    pool: LocalPool, page: str, link: dict[str, str], sentence: str
) -> None:
    app = opened(page, **link)
    (warning,) = said_by(app)
    assert warning.startswith("Something in the link was not used")
    assert sentence in warning
    assert address(app) == {}


def test_a_step_beyond_the_runs_end_is_refused_with_its_range(run: RunHandle) -> None:
    app = opened("weights", run=run.id, step="13")
    (warning,) = said_by(app)
    assert "`step=13` (possible: a whole number from 0 to 12)" in warning
    assert address(app) == {"run": run.id}
    app.button(key="snapshot_before").click()
    assert not again(app).warning


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("page", NAMES)
def test_nonsense_in_a_link_breaks_nothing(run: RunHandle, page: str, hostile: str) -> None:
    text = HOSTILE[hostile]
    app = opened(page, **dict.fromkeys(NAMES[page], text), run=run.id)
    assert len(app.warning) >= 3
    assert max(len(warning) for warning in said_by(app)) < 1_000
    assert address(app) == {"run": run.id}


def test_choices_of_one_page_are_not_those_of_another_and_come_back(run: RunHandle) -> None:
    imports = "import streamlit as st, ui.train.page, ui.draw.page, ui.weights.page"
    script = f"{imports}\ngetattr(ui, st.session_state.shown).page.page()"
    app = AppTest.from_string(script, default_timeout=60)
    app.session_state["shown"] = "weights"
    here = {"run": run.id, "unit": "7", "look": "Switch off", "sort": "activity", "picture": "1-2"}
    for name, value in here.items():
        app.query_params[name] = value
    assert address(again(app)) == here
    for page, said in (("draw", {"run": run.id}), ("train", {"run": run.id}), ("weights", here)):
        app.query_params.clear()  # as the browser does
        app.session_state["shown"] = page
        assert address(again(app)) == said


def test_the_address_waits_while_the_slider_moves(run: RunHandle) -> None:
    app = opened("weights", run=run.id)
    steps = [snapshot.step for snapshot in run.snapshots.all]
    mine = app.session_state["session"]
    mine.chosen_step = steps[2]
    app.session_state[f"{WEIGHTS.prefix}address"].moves = True
    # A part that is drawn by itself does not begin the page anew.
    script = "from ui.choices import WEIGHTS\nfrom ui.chosen_step import say_step\n"
    script += "from ui.session import shown_run\nrun = shown_run()\n"
    script += "WEIGHTS.followed(lambda: say_step(run, WEIGHTS))()"
    part = AppTest.from_string(script, default_timeout=60)
    part.query_params["run"] = run.id
    for key in ("session", f"{WEIGHTS.prefix}address"):
        part.session_state[key] = app.session_state[key]
    assert address(again(part)) == {"run": run.id}
    part.session_state[f"{WEIGHTS.prefix}address"].moves = False
    assert address(again(part)) == {"run": run.id, "step": str(steps[2])}
