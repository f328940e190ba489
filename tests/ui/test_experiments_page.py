"""The Experiments page without a browser: each look before, while and after its experiment goes on,
on a few images; and its address, which restores every choice.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from html import unescape
from time import monotonic, sleep

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.data.mnist import Dataset
from mnist_core.experiments.reference.page import in_short
from mnist_core.experiments.reference.plan import planned
from mnist_core.report.pieces import paragraph
from mnist_core.runs.local import LocalPool
from mnist_core.training.config import TrainConfig
from tests.ui.test_backprop_link import address
from tests.ui.tools import again, with_plain_spaces
from ui.experiments import report, server
from ui.session import Session

PAGE = """
import ui.experiments.page
ui.experiments.page.page()
"""
TIMEOUT = 120  # seconds; only a failure takes so long
SEARCH = {"look": "Search", "images": "200", "epochs": "1"}
GRID = SEARCH | {"values": "0.01,0.1", "and": "activation", "with": "relu,tanh", "seeds": "1"}
COMPARE = {"look": "Compare", "a_change": "train_size", "a_to": "200", "b_change": "train_size"}
COMPARE |= {"b_to": "300", "seeds": "2"}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What stands in the paper's places and charts, by their keys."""
    pieces: dict[str, str] = {}
    for module in ("paper", "svg_chart"):
        door = f"ui.components.{module}._mount"
        monkeypatch.setattr(door, lambda *, key, data: pieces.update({key: "".join(data.values())}))
    return pieces


@pytest.fixture(autouse=True)
def few(pool: LocalPool, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server with few images, whose experiments end with the test."""
    monkeypatch.setattr("ui.session.mnist", lambda: small)
    yield
    server.experiments().close()


def opened(**link: str) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=60)
    app.session_state["session"] = Session()
    for name, value in link.items():
        app.query_params[name] = value
    return again(app)


def pressed(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label.startswith(label)).click()
    return again(app)


def when(app: AppTest, is_so: Callable[[AppTest], object]) -> AppTest:
    give_up = monotonic() + TIMEOUT
    while not is_so(app):
        assert monotonic() < give_up
        sleep(0.05)
        again(app)
    return app


def text(app: AppTest) -> str:
    """All words in sight, without what makes some of them bold."""
    words = [str(piece.value) for piece in [*app.markdown, *app.caption, *app.info, *app.error]]
    words += [html.proto.body for html in app.get("html")]
    words += [bar.proto.text for bar in app.get("progress")]  # pyright: ignore
    return with_plain_spaces(unescape(re.sub(r"<[^>]+>|\*\*", "", " ".join(words))))


def ended(app: AppTest) -> AppTest:
    return when(app, lambda app: "Finished: all" in text(app))


# ---- the report ---------------------------------------------------------------------------------


def test_a_stranger_reads_what_it_is_and_which_claims_will_be_tested(shown) -> None:
    app = opened()
    assert "A student's report trained a network of 784-64-10" in text(app)
    assert shown["report_claims"].count("Not tested yet") == 3
    assert "With 600 images the maximum is higher" in shown["report_claims"]
    (button,) = (one for one in app.button if one.label.startswith("Run the experiment (about"))
    assert not button.disabled
    assert shown["report_Two training sizes"].count("<svg") == 2
    assert "at the end, when all runs are finished" in shown["report_The weights"]
    assert address(app) == {}
    assert "Figure 2." in shown["report_The learning rate"]
    assert "No run diverged" not in shown["report_The learning rate"]  # none has been trained


def test_the_quick_experiment_fills_its_figures_and_ends_with_verdicts(
    shown: dict[str, str], small: Dataset, trained: list[int]
) -> None:
    app = pressed(opened(size="quick"), "Run the experiment")
    assert "Stop" in [button.label for button in app.button]
    ended(app)
    plan = planned(600, quick=True)
    concluded = server.look(report.order_of(plan)).outcome
    assert paragraph(in_short(concluded.found)) in shown["report_claims"]
    assert "Not tested" not in shown["report_claims"]
    assert "<table" in shown["report_The learning rate"]
    assert shown["report_The weights"].count("<image") == 2
    assert "95 % interval" in with_plain_spaces(shown["report_Test images"])
    assert report._html(concluded).count(b"<svg") >= 7
    with zipfile.ZipFile(io.BytesIO(report._zip(concluded))) as archive:
        endings = [name.split(".")[-1] for name in archive.namelist()]
    assert (endings.count("svg"), endings.count("csv")) == (7, 6)
    again(opened(size="quick"))
    assert trained == [len(plan.configs)]


def test_stop_keeps_what_is_finished_and_go_on_trains_the_rest(shown, trained) -> None:
    app = pressed(opened(), "Run the experiment")
    when(app, lambda app: re.search(r"[1-9]\d* of 86 runs, about", text(app)))
    pressed(app, "Stop")
    when(app, lambda app: "are finished and kept" in text(app))
    done = int(re.findall(r"(\d+) of 86 runs are finished", text(app))[0])
    pressed(app, "Go on")
    when(app, lambda _: len(trained) == 2)
    assert trained == [86, 86 - done]


# ---- a search -----------------------------------------------------------------------------------


def test_a_search_says_how_many_runs_before_it_starts(shown: dict[str, str]) -> None:
    app = opened(**SEARCH)
    assert "12 runs, about" in text(app)
    app.number_input(key="experiments_seeds").set_value(5)
    assert "30 runs, about" in text(again(app))
    app.multiselect(key="experiments_learning_rate values chips").set_value(["0.1", "0.2"])
    app = again(again(app))  # the browser hears of the chosen values first
    assert "10 runs, about" in text(app)
    assert address(app) == SEARCH | {"seeds": "5", "values": "0.1,0.2"}


def test_a_search_over_two_settings_ends_with_the_best_and_one_look_at_test_images(
    shown: dict[str, str],
) -> None:
    app = ended(pressed(opened(**GRID), "Start the search"))
    assert re.search(
        r"Best: learning_rate=\S+ activation=\S+, validation .* test accuracy", text(app)
    )
    assert "optimizer" not in shown["search_table"] and shown["search_table"].count("<tr>") == 5
    assert shown["search_chart"].count("<rect") == 4  # cells of the heat map
    assert [one.proto.label for one in app.get("download_button")] == [
        "All runs (CSV)",
        "Means (CSV)",
    ]
    pressed_button = next(one for one in app.button if one.label.startswith("Take the best"))
    assert not pressed_button.disabled


def test_the_same_search_with_one_more_seed_trains_only_that(shown, trained) -> None:
    ended(pressed(opened(**GRID), "Start the search"))
    more = pressed(opened(**GRID | {"seeds": "2"}), "Go on")
    ended(more)
    assert trained == [4, 4]


def test_combinations_can_be_drawn_at_random_from_a_range(shown: dict[str, str]) -> None:
    link = SEARCH | {"how": "random", "draws": "3", "values": "0.001..0.5:log", "seeds": "1"}
    app = opened(**link)
    assert "3 runs, about" in text(app) and address(app) == link
    assert not app.warning


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"values": "0.1..0.5:log"}, "needs a number of values"),
        ({"vary": "train_size", "values": "5000"}, "the training size must be from 100 to 600"),
        ({"base": "report-2000", "vary": "momentum", "images": "200"}, "belongs to --optimizer"),
        ({"values": "1e-6..1:log:190"}, "these are 380 runs, and at most 200 are allowed"),
        ({"vary": "hidden", "values": "5000"}, "can't be trained"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_what_cannot_be_searched_is_refused_with_the_reason(shown, choices, words) -> None:
    app = opened(**SEARCH | choices)
    assert words in text(app)
    assert "Start the search" not in [button.label for button in app.button]


def test_what_takes_too_long_is_refused_before_it_is_started(shown: dict[str, str]) -> None:
    app = opened(**SEARCH | {"vary": "epochs", "values": "10000", "base": "best", "seeds": "5"})
    (button,) = (one for one in app.button if one.label == "Start the search")
    assert button.disabled and "at most 30 min are allowed" in text(app)


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"look": "All"}, "`look=All` (possible: The report, Search, Compare, Your runs)"),
        ({"size": "huge"}, "`size=huge` (possible: whole, quick)"),
        (SEARCH | {"values": "0.1,500"}, "the learning rate must be from 0 to 100, not 500"),
        (SEARCH | {"values": "0..1:linear:1000000000"}, "a range has at most 200 values"),
        (SEARCH | {"seeds": "9"}, "`seeds=9` (possible: a whole number from 1 to 5)"),
        (SEARCH | {"vary": "seed"}, "`vary=seed` (possible: one of"),
        (SEARCH | {"images": "7"}, "`images=7` (possible: 100, 200, 500)"),
        ({"look": "Compare", "a": "nobody"}, "`a=nobody` (possible: quick-and-good, "),
        ({"look": "Compare", "b_to": "step"}, "the activation must be"),
        ({"look": "Compare", "b_to": "[x](http://y)"}, "(values are numbers or words with commas"),
    ],
    ids=str,
)
def test_what_a_link_cannot_say_is_refused_with_what_it_can(shown, choices, sentence) -> None:
    (warning,) = opened(**choices).warning
    assert "Something in the link was not used" in warning.value
    assert sentence in warning.value and len(warning.value) < 1_500


@pytest.mark.parametrize("nonsense", ["9" * 10_000, "NaN", "-1", "", "<b>`*[x](y)</b>", "\x00,²"])
@pytest.mark.parametrize("look", ["The report", "Search", "Compare"])
def test_nonsense_in_a_link_breaks_nothing(shown, look: str, nonsense: str) -> None:
    names = (
        *("size", "base", "vary", "and", "values", "with", "how", "draws", "images", "epochs"),
        *("seeds", "a", "b", "a_change", "a_to", "b_change", "b_to"),
    )
    app = opened(**dict.fromkeys(names, nonsense) | {"look": look})
    assert app.warning and max(len(one.value) for one in app.warning) < 2_000
    assert address(app).keys() <= {"look"}


# ---- a comparison -------------------------------------------------------------------------------


def test_a_comparison_says_first_what_differs_and_what_can_not_be_the_same(shown) -> None:
    app = opened(**COMPARE)
    assert "train size200300" in text(app)
    assert "The same for both: all initial weights" in text(app)
    assert "What could not be made the same: training images" in text(app)
    assert "4 runs, about" in text(app)
    assert address(app) == COMPARE


def test_a_comparison_ends_with_numbers_for_each_seed_and_pictures(shown: dict[str, str]) -> None:
    app = ended(pressed(opened(**COMPARE), "Compare"))
    assert re.search(r"Mean over 2 seeds: A .*; B is better with \d of 2", text(app))
    assert "Seconds for an epoch of training" in text(app) and "McNemar's exact test" in text(app)
    assert shown["compare_curves"].count("<svg xmlns") == 2
    assert shown["compare_table"].count("<tr>") == 4  # the head, two seeds and the mean
    assert shown["compare_weights"].count("<image") == 3
    labels = [button.label for button in app.button]
    assert {"Take A to Train", "Take B to Train", "Evaluate both"} <= set(labels)


def test_networks_of_other_shapes_have_no_difference_of_weights(shown: dict[str, str]) -> None:
    link = {"look": "Compare", "a_change": "hidden", "a_to": "8", "b_change": "hidden"}
    app = ended(pressed(opened(**link | {"b_to": "16", "seeds": "1"}), "Compare"))
    assert "Their shapes differ" in text(app) and "compare_weights" not in shown
    assert "A's are 8 x 784, B's are 16 x 784" in text(app)


def test_more_training_images_than_there_are_are_refused(shown: dict[str, str]) -> None:
    app = opened(**COMPARE | {"b_to": "2000"})
    assert "there are 600 training images, not 2,000" in text(app)


def test_the_same_on_both_sides_is_nothing_to_compare(shown: dict[str, str]) -> None:
    app = opened(**COMPARE | {"b_to": "200"})
    assert "A and B have the same settings" in text(app)
    assert "Compare" not in [button.label for button in app.button]


def test_a_run_of_the_visitors_can_be_a_side(pool: LocalPool, shown, monkeypatch) -> None:
    monkeypatch.setattr("ui.experiments.sides.visitor", lambda: "ann")
    config = TrainConfig(hidden=(8,), train_size=200, epochs=2)
    handle = pool.start(config, visitor="ann")
    handle.wait_for(lambda view: view.ended, timeout=60)
    app = opened(look="Compare", a=handle.id, b=handle.id, seeds="1")
    assert "activationrelusigmoid" in text(app)
    ended(pressed(app, "Compare"))
