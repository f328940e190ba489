"""The Evaluate page without a browser: every closer look at all kinds of networks and images.
Its address is tested in test_evaluate_link.py, images that a visitor brings in
test_evaluate_images.py.
"""

import math
import re
from time import sleep

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import load_mnist, load_model
from mnist_core.arrays import Array
from mnist_core.data.mnist import Dataset
from mnist_core.evaluation.answers import answers_of
from mnist_core.evaluation.scores import class_scores, confusion_matrix, mcnemar, wilson_interval
from mnist_core.nn.builders import build_mlp
from mnist_core.nn.network import Sequential
from mnist_core.runs.local import LocalPool
from mnist_core.words import percent
from tests.ui.tools import with_plain_spaces
from ui.evaluate.page import LOOKS
from ui.evaluate.subjects import Images
from ui.session import NamedNetwork, Session

PAGE = """
import ui.evaluate.page
ui.evaluate.page.page()
"""
FEW = 100  # images of a split, where the page has 10,000
HARD = 1_200  # the test images from here on have mistakes of both shipped networks among them
SUPERSCRIPTS = dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))
LONG_WORK = ("Robustness", "Map", "The images")


@pytest.fixture
def few(pool: LocalPool, mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A server with few images."""
    return with_images(mnist, FEW, monkeypatch)


def with_images(mnist: Dataset, n: int, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Have the page judge by `n` images, and compare them with as many to learn from."""
    test = mnist.test[HARD : HARD + n]
    few = Dataset(mnist.train[:n], mnist.validation[:n], test, sha256=f"first {n}")

    def images(key: str) -> Images:
        split = few.test if key == "test" else few.validation
        return Images(key, f"{key} images", f"{key} image", split, f"first {n} {key}")

    for module in ("choosing", "honesty"):
        monkeypatch.setattr(f"ui.evaluate.{module}.mnist_images", images)
    monkeypatch.setattr("ui.evaluate.the_data.mnist", lambda: few)
    return few


def opened(*loaded: Sequential, **link: str) -> AppTest:
    """The page of somebody who has loaded these networks, by a link."""
    app = AppTest.from_string(PAGE, default_timeout=60)
    named = [NamedNetwork(f"loaded_{n}", f"n{n}.npz", one) for n, one in enumerate(loaded)]
    app.session_state["session"] = Session(loaded=named)
    for name, value in link.items():
        app.query_params[name] = value
    return looked_at(app)


def looked_at(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def done(app: AppTest) -> AppTest:
    """The page as soon as its long work has ended."""
    while "Stop" in [button.label for button in app.button]:
        sleep(0.05)  # leaves the processor to the work
        looked_at(app)
    return app


def text(app: AppTest) -> str:
    """All words in sight, without what makes some of them bold."""
    plain = [*app.title, *app.header, *app.markdown, *app.caption, *app.info]
    words = [str(piece.value) for piece in plain] + [html.proto.body for html in app.get("html")]
    plain = re.sub(r"<[^>]+>|\*\*", "", " ".join(words)).replace("&#x27;", "'")
    return with_plain_spaces(plain)


def untrained() -> Sequential:
    return build_mlp(hidden=(8,), rng=np.random.default_rng(0))


# ---- closer looks -------------------------------------------------------------------------------


@pytest.mark.parametrize("images", ["test", "validation"])
@pytest.mark.parametrize(("network", "against"), [("mlp", "none"), ("cnn", "none"), ("mlp", "cnn")])
@pytest.mark.parametrize("look", LOOKS)
def test_every_look_opens_for_every_network_and_all_images(
    few: Dataset, look: str, network: str, against: str, images: str
) -> None:
    app = done(opened(look=look, network=network, against=against, images=images))
    explained = [block for block in app.get("popover") if "words mean" in block.proto.popover.label]
    assert len(explained) == 1  # its words and the headline's, behind one button
    assert not app.warning and not app.error
    names = [name.upper() for name in (network, against) if name != "none"]
    assert all(f"● {name}, " in text(app) for name in names)
    assert text(app).count("●") == len(names)


def test_long_work_goes_on_to_its_end_and_says_what_it_found(few: Dataset) -> None:
    said = {look: text(done(opened(look=look, against="none"))) for look in LONG_WORK}
    assert f"Each point: {FEW} test images, all changed in the same way." in said["Robustness"]
    assert "the two directions in which they differ most (PCA)" in said["Map"]
    assert (
        f"0 are the same to the pixel, 0 nearly the same, of {FEW} test images."
        in (said["The images"])
    )


def test_scores_are_those_of_the_core(few: Dataset) -> None:
    app = opened(look="Scores per digit", network="mlp", against="none")
    answers = answers_of(load_model("mlp"), few.test)
    scores = class_scores(confusion_matrix(answers.predictions, answers.labels))
    (table,) = [html.proto.body for html in app.get("html") if "<table" in html.proto.body]
    rows = re.findall("<tr>(.*?)</tr>", table)[1:]
    for digit in range(10):
        numbers = (scores.precision[digit], scores.recall[digit], scores.f1[digit])
        cells = re.findall("<t[dh][^>]*>(.*?)</t[dh]>", rows[digit])
        shares = [percent(float(number)) for number in numbers]
        assert cells == [str(digit), str(scores.support[digit]), *shares]


def test_a_cell_that_is_chosen_shows_its_images_alone(few: Dataset) -> None:
    network = untrained()
    app = opened(network, network="loaded_0", cell="4-9", against="none")
    n = int(((network.predict(few.test.images) == 9) & (few.test.labels == 4)).sum())
    assert f"4, read as 9: {n or 'no'} image" in text(app)
    assert bool(n) != ("There are no such images." in text(app))


def test_a_list_lets_the_cell_go_that_was_chosen(few: Dataset) -> None:
    app = opened(cell="7-7", which="unsure", network="mlp")
    lists = app.segmented_control(key="evaluate_which")
    assert lists.value is None
    lists.set_value("worst")
    assert "Mistakes: " in text(looked_at(app))
    assert "cell" not in app.query_params
    assert "Least sure, but right" in app.segmented_control(key="evaluate_which").options


@pytest.mark.parametrize(("n", "said"), [(1_000, False), (1_135, True)])
def test_of_more_images_than_a_list_holds_the_first_are_shown_and_that_is_said(
    pool: LocalPool, mnist: Dataset, monkeypatch: pytest.MonkeyPatch, n: int, said: bool
) -> None:
    asked: list[tuple[int, str]] = []

    def browser(images: Array, *, description: str, **_: object) -> None:
        asked.append((len(images), description))

    monkeypatch.setattr("ui.evaluate.browsing.image_browser", browser)
    with_images(mnist, 1_200, monkeypatch)
    monkeypatch.setattr("ui.evaluate.mistakes._numbers", lambda *_: (np.arange(n), "Such images"))
    app = opened(network="mlp", against="none", cell="1-1")
    whole = "Such images: 1,135 images, the first 1,000 of them"
    assert asked[-1] == (1_000, whole if said else "Such images: 1,000 images")
    captions = [caption.value for caption in app.caption]
    assert ("The first 1,000 of 1,135 images." in captions) == said


def test_what_cells_show_is_kept_while_another_look_is_open(few: Dataset) -> None:
    app = opened()
    app.segmented_control(key="evaluate_cells_show").set_value("Shares")
    looked_at(app)
    for look in ("Scores per digit", "Mistakes"):
        app.segmented_control(key="evaluate_look").set_value(look)
        looked_at(app)
    assert app.segmented_control(key="evaluate_cells_show").value == "Shares"


# ---- the headline -------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_the_headlines_numbers_are_those_of_the_core(pool: LocalPool, network: str) -> None:
    said = text(opened(network=network, against="none"))
    answers = answers_of(load_model(network), load_mnist().test)
    right = int(answers.right.sum())
    low, high = wilson_interval(right, 10_000)
    assert f"{percent(answers.accuracy)} right" in said
    wrong = f"{10_000 - right} of 10,000 wrong; 95 % interval {100 * low:.2f} to {100 * high:.2f} %"
    assert wrong in said
    assert "McNemar's exact test" not in said


def test_a_difference_is_said_with_its_probability(pool: LocalPool) -> None:
    said = text(opened(network="mlp", against="cnn"))
    test = load_mnist().test
    found = mcnemar(*(answers_of(load_model(name), test).right for name in ("mlp", "cnn")))
    assert (
        f"CNN reads better: {found.only_second} images only CNN reads, {found.only_first} only MLP."
    ) in said
    power = str(math.floor(-math.log10(found.p_value))).translate(str.maketrans(SUPERSCRIPTS))
    assert f"would come by chance with a probability of less than 1 in 10{power} (" in said


def test_networks_that_are_right_on_the_same_images_are_called_so(few: Dataset) -> None:
    said = text(opened(load_model("mlp"), network="mlp", against="loaded_0"))
    assert "MLP and Loaded: n0.npz are right on the very same images." in said


@pytest.mark.parametrize(
    ("only_mlp", "only_loaded", "words"),
    [
        (2, 1, "2 images only MLP reads, 1 only Loaded: n0.npz. If both were equally good, "),
        (0, 1, "1 image only Loaded: n0.npz reads, 0 only MLP. If both were equally good, "),
        (3, 1, "3 images only MLP reads, 1 only Loaded: n0.npz. If both were equally good, "),
        (5, 0, "5 images only MLP reads, 0 only Loaded: n0.npz. If both were equally good, "),
    ],
)
def test_a_difference_that_may_be_chance_is_called_so(
    pool: LocalPool,
    mnist: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    only_mlp: int,
    only_loaded: int,
    words: str,
) -> None:
    few = with_images(mnist, 300, monkeypatch)
    near = almost_the_mlp(few, only_mlp, only_loaded)
    said = text(opened(near, network="mlp", against="loaded_0"))
    p = mcnemar(*(answers_of(one, few.test).right for one in (load_model("mlp"), near))).p_value
    assert p > 0.05
    assert f"The difference could be chance: {words}" in said
    found = re.search(r"by chance with a probability of ([\d.]+) %", said)
    assert found is not None
    assert float(found[1]) == pytest.approx(100 * p, abs=0.5)


def almost_the_mlp(few: Dataset, only_mlp: int, only_loaded: int) -> Sequential:
    """The MLP, disturbed until so many test images only it reads, and so many only the other."""
    right = answers_of(load_model("mlp"), few.test).right
    for seed in range(1_000):
        rng = np.random.default_rng(seed)
        near = load_model("mlp")
        noise = rng.normal(0, rng.choice([0.02, 0.03, 0.05, 0.08]), near.parameters.flat.size)
        near.parameters.flat[:] += noise.astype(np.float32)
        found = mcnemar(right, answers_of(near, few.test).right)
        if (found.only_first, found.only_second) == (only_mlp, only_loaded):
            return near
    raise AssertionError("no network differs so much")


def test_a_difference_beyond_what_numbers_can_say_is_less_than_one(
    pool: LocalPool, mnist: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = with_images(mnist, 1_500, monkeypatch)
    rights = [answers_of(one, few.test).right for one in (load_model("mlp"), untrained())]
    assert mcnemar(*rights).p_value == 0
    said = text(opened(untrained(), network="mlp", against="loaded_0"))
    assert "would come by chance with a probability of less than 1 in 10³⁰⁰ (" in said


def test_shipped_networks_are_not_praised_for_images_they_learned_from(few: Dataset) -> None:
    assert "have learned from these images too" in text(opened(images="validation"))
    assert "have learned" not in text(opened(images="test"))
    own = opened(untrained(), network="loaded_0", against="none", images="validation")
    assert "have learned" not in text(own)
