"""The report: HTML that can be read, needs nothing else, and takes names for what they are."""

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mnist_core import load_model
from mnist_core.data.mnist import Dataset, Split
from mnist_core.evaluation.full import Candidate, Evaluation, JudgedImages, full_evaluation
from mnist_core.nn.builders import build_mlp
from mnist_core.report.document import About, report
from mnist_core.report.pieces import bold, png

HOSTILE = '<script>alert("1")</script>'
VOID = {"meta", "link", "img", "br", "path", "circle", "rect"}


class Parsed(HTMLParser):
    """What is in a page; an element that is not closed, or closed twice, is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split()).replace("\N{NO-BREAK SPACE}", " ")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def about(evaluation: Evaluation) -> About:
    colours = {one.name: "#123456" for one in evaluation.judged}
    return About("1 May 2026", "Python 3, NumPy 2", f"evaluate {HOSTILE}", colours)


@pytest.fixture(scope="module")
def evaluation(small: Dataset) -> Evaluation:
    weak = build_mlp(hidden=(8,), rng=np.random.default_rng(0))
    networks = [
        Candidate("MLP", load_model("mlp"), has_learned_validation=True),
        Candidate(HOSTILE, weak, HOSTILE),
    ]
    images = JudgedImages(HOSTILE, HOSTILE, small.test)
    how = {"validation": small.validation, "training": small.train, "kinds": ("shift",)}
    *_, last = full_evaluation(networks, images, **how)
    return last.evaluation


@pytest.fixture(scope="module")
def html(evaluation: Evaluation) -> str:
    return report(evaluation, about(evaluation))


def test_it_is_well_formed_and_has_a_heading_for_each_question(html: str) -> None:
    page = Parsed(html)
    assert len(page.all("h1")) == 1 and len(page.all("h2")) == 7
    assert len(page.all("caption")) == len(page.all("table")) == 4
    assert page.all("html")[0]["lang"] == "en"
    assert all(image["alt"] for image in page.all("img"))
    assert all(chart["aria-label"] for chart in page.all("svg") if chart.get("role") == "img")


def test_it_asks_nothing_of_any_network(html: str) -> None:
    page = Parsed(html)
    for _, attributes in page.found:
        for name in ("src", "href", "srcset", "action"):
            assert str(attributes.get(name) or "data:").startswith("data:")
    assert "url(" not in html and "@import" not in html
    assert set(re.findall(r"https?://[^\"' <]+", html)) <= {"http://www.w3.org/2000/svg"}


def test_names_from_outside_are_text(html: str) -> None:
    page = Parsed(html)
    assert not page.all("script") and "<script" not in html
    assert HOSTILE in page.text


def test_it_says_what_the_core_says(evaluation: Evaluation, html: str) -> None:
    page, first = Parsed(html), evaluation.judged[0]
    assert f"MLP reads {100 * first.answers.accuracy:.2f} %" in page.text
    assert evaluation.images.sha256 in page.text
    assert "evaluate <script>" in page.text
    worst = int(first.answers.worst_mistakes[0])
    label, read = evaluation.images.split.labels[worst], first.answers.predictions[worst]
    assert re.search(rf"No. {worst}, an? {label} : read as an? {read}", page.text)
    assert "This is a part" not in page.text


def test_a_part_says_that_it_is_one_and_leaves_out_what_is_not_there(
    evaluation: Evaluation,
) -> None:
    part = replace(
        evaluation,
        judged=evaluation.judged[:1],
        statistics=None,
        duplicates=None,
        points=(),
        missing="robustness",
    )
    page = Parsed(report(part, about(part)))
    assert "This is a part: robustness" in page.text
    assert "when digits are changed" not in page.text and "Duplicates" not in page.text


def test_thirty_images_without_some_digits_have_a_report(mnist: Dataset) -> None:
    chosen = np.flatnonzero(mnist.test.labels < 4)[:30]
    images = JudgedImages("digits", "digit", mnist.test[chosen])
    network = [Candidate("MLP", load_model("mlp"))]
    how = {"validation": None, "training": None, "kinds": ("blur",)}
    *_, last = full_evaluation(network, images, **how)
    page = Parsed(report(last.evaluation, about(last.evaluation)))
    assert "too few images to fit a temperature to" in page.text
    assert "9 0 – – –" in page.text


@pytest.mark.parametrize("n", [1, 2])
def test_a_network_that_is_always_wrong_or_always_right_has_a_report(
    mnist: Dataset, n: int
) -> None:
    few = mnist.test[:n]
    for labels in (few.labels, (few.labels + 1) % 10):
        images = JudgedImages("digits", "digit", Split(few.images, labels))
        network = [Candidate("MLP", load_model("mlp"))]
        *_, last = full_evaluation(network, images, validation=None, training=None, kinds=())
        Parsed(report(last.evaluation, about(last.evaluation)))


def test_a_picture_is_a_png_that_others_can_read() -> None:
    image = np.random.default_rng(0).integers(256, size=(3, 5)).astype(np.uint8)
    read = Image.open(io.BytesIO(png(image)))
    read.load()
    np.testing.assert_array_equal(np.asarray(read), image)


def test_bold_words_are_escaped_too() -> None:
    assert bold("**a < b** at 3 %") == "<b>a &lt; b</b> at 3\N{NO-BREAK SPACE}%"


def test_a_picture_may_have_colours_and_opacity() -> None:
    image = np.random.default_rng(0).integers(256, size=(3, 5, 4)).astype(np.uint8)
    read = Image.open(io.BytesIO(png(image)))
    assert read.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(read), image)
