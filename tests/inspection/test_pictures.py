"""From a picture to its digits: shares of pictures that are made by rule, not single cases."""

from dataclasses import replace
from difflib import SequenceMatcher
from itertools import product

import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.data.mnist import Dataset
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.inspection.pictures import DigitsOfPicture, digits_of_picture
from mnist_core.nn.network import Sequential
from tests.photographed import (
    CLEAN,
    INVERTED,
    any_look,
    framed,
    letters,
    page_of,
    photograph,
    tilted,
    written,
)

PICTURES = 10  # of each kind


@pytest.fixture(scope="module")
def detector() -> DigitDetector:
    return DigitDetector.load()


@pytest.fixture(scope="module")
def cnn() -> Sequential:
    return load_model("cnn")


def predictions(sheet: DigitsOfPicture, cnn: Sequential) -> list[int]:
    """What is read on a picture, without what is no digit."""
    if not sheet.found:
        return []
    answers = cnn.predict(sheet.images).tolist()
    return [answer for answer, no in zip(answers, sheet.objections, strict=True) if not no]


@pytest.mark.parametrize("kind", ["clean", "inverted", "photograph", "on dark paper"])
def test_close_ups_are_read_whatever_their_size_margin_and_paper(
    detector: DigitDetector, cnn: Sequential, mnist: Dataset, kind: str
) -> None:
    rng, right = np.random.default_rng(1), 0
    ways = list(product((24, 80, 400), (0.15, 0.0, -0.06), (0.0, 1.5)))
    for side, margin, thicker in ways:
        number = rng.integers(len(mnist.test))
        looks = {"clean": CLEAN, "inverted": INVERTED}
        dark = kind == "on dark paper"
        look = looks[kind] if kind in looks else any_look(rng, dark_paper=dark)
        cover = framed(written(mnist.test.images[number], side, thicker=thicker), margin)
        sheet = digits_of_picture(photograph(cover, look, rng), detector)
        # A thick digit may be taken for none, but then that is said.
        right += len(sheet.found) == 1 and cnn.predict(sheet.images)[0] == mnist.test.labels[number]
    assert right >= len(ways) - 2


@pytest.mark.parametrize("side", [40, 100])
def test_a_digit_that_is_cut_by_the_edge_is_marked_and_one_cropped_to_its_ink_is_not(
    detector: DigitDetector, mnist: Dataset, side: int
) -> None:
    marked = {"cut": 0, "cropped": 0, "with a margin": 0}
    for number in range(PICTURES):
        ink = written(mnist.test.images[number], side)
        cut = ink[:, : round(0.8 * ink.shape[1])]
        covers = {"cut": cut, "cropped": ink, "with a margin": framed(ink, 0.15)}
        for kind, cover in covers.items():
            rng = np.random.default_rng(number)
            sheet = digits_of_picture(photograph(cover, any_look(rng), rng), detector)
            marked[kind] += sum("cut by the edge" in guess for guess in sheet.guesses)
    assert marked["cut"] >= 0.7 * PICTURES
    assert marked["cropped"] <= 0.2 * PICTURES and marked["with a margin"] == 0


def test_letters_are_no_digits(detector: DigitDetector, cnn: Sequential) -> None:
    rng = np.random.default_rng(0)
    for _ in range(2):
        picture = photograph(letters("HELKM\nAXRWN", rng), any_look(rng), rng)
        assert len(predictions(digits_of_picture(picture, detector), cnn)) <= 1


@pytest.mark.parametrize("ruling", ["boxes", "table", "comb", "ruled"])
def test_digits_between_printed_lines_are_read(
    detector: DigitDetector, cnn: Sequential, mnist: Dataset, ruling: str
) -> None:
    rng, right = np.random.default_rng(2), 0
    for grey in (1.0, 0.5):
        chosen = rng.integers(len(mnist.test), size=20)
        cover = page_of(mnist.test.images[chosen], rng, ruling=ruling, grey=grey, cell=90)
        picture = photograph(tilted(cover, 0.015, rng), any_look(rng), rng)
        answers = predictions(digits_of_picture(picture, detector), cnn)
        matching = SequenceMatcher(
            None, mnist.test.labels[chosen].tolist(), answers, autojunk=False
        )
        right += sum(block.size for block in matching.get_matching_blocks())
        assert len(answers) <= 22
    assert right >= 37  # of 40


def test_a_digit_that_touched_a_printed_line_is_marked_as_a_guess(
    detector: DigitDetector, mnist: Dataset
) -> None:
    cover = np.pad(written(mnist.test.images[0], 100), 120)  # a 7
    rows = np.flatnonzero(cover.any(axis=1))
    cover[rows[-1] - 2 : rows[-1] + 2] = 1
    (guess,) = digits_of_picture(
        photograph(cover, CLEAN, np.random.default_rng(0)), detector
    ).guesses
    assert "printed line" in guess


def test_a_small_photograph_is_read_though_a_shadow_lies_across_it(
    detector: DigitDetector, cnn: Sequential, mnist: Dataset
) -> None:
    rng, right = np.random.default_rng(0), 0
    for _ in range(40):
        number = rng.integers(len(mnist.test))
        cover = framed(written(mnist.test.images[number], 36), 0.15)
        look = replace(any_look(rng), light="shadow")
        sheet = digits_of_picture(photograph(cover, look, rng), detector)
        right += predictions(sheet, cnn) == [mnist.test.labels[number]]
    assert right >= 36
