"""What is no digit is told from what is one, with a reason; digits are hardly ever turned away."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_core.data.mnist import Dataset
from mnist_core.handwriting.digits import styles_of
from mnist_core.handwriting.sheet import in_the_middle
from mnist_core.handwriting.writers import write
from mnist_core.inspection.digit_detector import DIGIT_DETECTOR_FILE, DigitDetector
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.preprocess.pen import Stroke, at_usual_size, ink_of
from mnist_core.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint

Picture = np.ndarray

CANVAS_PEN = 280 / 13  # pixels of a canvas of 280


@pytest.fixture(scope="module")
def detector() -> DigitDetector:
    return DigitDetector.load()


def drawn(*strokes: list[tuple[int, int]]) -> Picture:
    """Strokes on a sheet of 280x280 pixels."""
    sheet = Image.new("L", (280, 280))
    for stroke in strokes:
        ImageDraw.Draw(sheet).line(stroke, fill=255, width=20, joint="curve")
    return np.asarray(sheet)


def objection(detector: DigitDetector, sheet: Picture) -> str:
    return detector.objection(normalize_drawing(sheet), sheet)


def test_hardly_any_test_digit_is_turned_away(detector: DigitDetector, mnist: Dataset) -> None:
    turned_away = detector.digit_probabilities(mnist.test.images) < detector.threshold
    assert turned_away.mean() <= 0.01


def test_a_test_digit_gives_no_objection(detector: DigitDetector, mnist: Dataset) -> None:
    assert detector.objection(mnist.test.images[0]) == ""


def test_a_drawn_one_is_a_digit(detector: DigitDetector) -> None:
    assert objection(detector, drawn([(146, 56), (140, 224)])) == ""


@pytest.mark.parametrize("side", [280, 120])
def test_hardly_any_drawn_digit_is_turned_away(detector: DigitDetector, side: int) -> None:
    rng = np.random.default_rng(side)
    pen = CANVAS_PEN / side  # beside the longest side of its path
    sheets = [
        ink_of(in_the_middle(strokes, 0.8, pen=pen), 140)
        for digit in range(10)
        for style in styles_of(digit, "held-out")
        for strokes in write(style, 6, rng=rng)
    ]
    images = np.array([normalize_drawing(sheet) for sheet in sheets])
    turned_away = detector.digit_probabilities(images) < detector.threshold
    assert turned_away.mean() <= 0.02


@pytest.mark.parametrize("side", [80, 50])
def test_hardly_any_small_drawing_is_turned_away(detector: DigitDetector, side: int) -> None:
    """Half of all 4s, and a quarter of all digits, used to be taken for something else."""
    rng = np.random.default_rng(side)
    images = np.array(
        [
            normalize_drawing(ink_of(at_usual_size(written_small(strokes, side))))
            for digit in range(10)
            for style in styles_of(digit, "held-out")
            for strokes in write(style, 6, rng=rng)
        ]
    )
    turned_away = detector.digit_probabilities(images) < detector.threshold
    assert turned_away.mean() <= 0.02


def written_small(strokes: Sequence[Stroke], side: int) -> list[Stroke]:
    """A writer's strokes, so many pixels long on a sheet of 280, with the canvas's pen."""
    small = in_the_middle(strokes, side / 280)
    return [replace(stroke, brush=CANVAS_PEN / 280) for stroke in small]


def test_a_dot_is_only_a_dot(detector: DigitDetector) -> None:
    sheet = np.zeros((280, 280), np.uint8)
    sheet[100:112, 100:112] = 255
    assert objection(detector, sheet) == "It is only a dot."


def test_a_sheet_full_of_ink_is_no_digit(detector: DigitDetector) -> None:
    assert "covered with ink" in objection(detector, np.full((280, 280), 255, np.uint8))


def test_a_blank_picture_is_no_digit(detector: DigitDetector) -> None:
    assert detector.objection(np.zeros((28, 28), np.uint8)) == "There is nothing on it."


def test_lines_beside_each_other_are_called_lines(detector: DigitDetector) -> None:
    rows = [[(40, y), (240, y)] for y in (60, 120, 180, 240)]
    assert objection(detector, drawn(*rows)) == "It looks more like lines."


def test_noise_is_a_texture(detector: DigitDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    assert "texture" in detector.objection(normalize_drawing(noise))


def test_two_digits_are_not_read_as_one(detector: DigitDetector, mnist: Dataset) -> None:
    pair = np.hstack([mnist.test.images[0], mnist.test.images[1]])
    assert "several digits" in detector.objection(normalize_drawing(pair))


def test_a_file_without_a_threshold_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "digit_detector.npz"
    save_checkpoint(file, replace(load_checkpoint(DIGIT_DETECTOR_FILE), config={}))
    with pytest.raises(CheckpointError, match="can't be used: .*how probable"):
        DigitDetector.load(file)
