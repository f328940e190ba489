"""Digits that the program writes: the table makes sense, and they look as a visitor's would."""

import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.handwriting.digits import handwritten, in_style, styles_of
from mnist_core.handwriting.sheet import one_digit, one_style
from mnist_core.handwriting.skeletons import skeletons_of, smoothing
from mnist_core.handwriting.styles import STYLES
from mnist_core.handwriting.writers import write
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.preprocess.pen import ink_of


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: f"{style.digit} {style.name}")
def test_every_skeleton_is_a_digit_about_as_high_as_the_unit(style):
    points = np.concatenate([s.curve @ s.first for s in skeletons_of(style.skeleton)])
    width, height = np.ptp(points, axis=0)
    assert 0.9 < height < 1.2 and width < 1.1
    assert style.weight > 0


def test_every_digit_has_styles_to_learn_from_and_others_held_out():
    assert len({(style.digit, style.name) for style in STYLES}) == len(STYLES)
    for digit in range(10):
        learned, held_out = styles_of(digit), styles_of(digit, "held-out")
        assert len(learned) >= 6 and len(held_out) >= 2
        assert not {s.skeleton for s in learned} & {s.skeleton for s in held_out}


def test_a_curve_runs_through_its_points_and_straight_between_two_corners():
    (stroke,) = skeletons_of("0,0 10,40! 50,40! 60,0~80,20")
    path = stroke.curve @ stroke.first
    for point in stroke.first:
        assert np.abs(path - point).sum(axis=1).min() < 1e-12
    np.testing.assert_allclose(path[10:21, 1], 0.4)  # from the first corner to the second
    np.testing.assert_allclose(stroke.second - stroke.first, [[0, 0], [0, 0], [0, 0], [0.2, 0.2]])
    with pytest.raises(ValueError, match="two points"):
        skeletons_of("0,0 1,1 | 5,5")


def test_smoothing_rounds_a_corner_and_leaves_the_ends():
    corner = np.array([[0, 0], [0, 1], [0, 2], [1, 2], [2, 2]], float)
    rounded = smoothing(5, 1.0) @ corner
    np.testing.assert_allclose(rounded[[0, -1]], corner[[0, -1]], atol=1e-9)
    assert rounded[2, 0] > 0.1 and rounded[2, 1] < 1.9


def test_the_same_generator_gives_the_same_digits_each_as_often_as_the_others():
    digits, again = handwritten(60, rng=rng()), handwritten(60, rng=rng())
    np.testing.assert_array_equal(digits.images, again.images)
    np.testing.assert_array_equal(digits.labels, again.labels)
    assert np.bincount(digits.labels).tolist() == [6] * 10
    assert digits.images.shape == (60, 28, 28) and digits.images.dtype == np.uint8
    assert not np.array_equal(digits.images, handwritten(60, rng=rng(1)).images)
    assert not np.array_equal(digits.images, handwritten(60, rng=rng(), writers="held-out").images)


def test_a_style_is_what_a_visitor_who_drew_the_same_strokes_would_have_drawn():
    style = styles_of(4)[0]
    drawn = [normalize_drawing(ink_of(strokes)) for strokes in write(style, 8, rng=rng())]
    made = in_style(style, 8, rng=rng())
    # The canvas's sheet has twice the pixels: what is left is the rounding of edges.
    difference = np.abs(made.astype(int) - np.array(drawn)).mean(axis=(1, 2))
    assert difference.max() < 8 < made.mean(axis=(1, 2)).min()


def test_no_ink_leaves_the_sheet():
    for style in STYLES[::7]:
        for strokes in write(style, 20, rng=rng()):
            for stroke in strokes:
                places, radii = stroke.points[:, :2], stroke.points[:, 2:] * stroke.brush / 2
                assert (places - radii > -0.1).all() and (places + radii < 1.1).all()
                assert stroke.points[:, 2].min() > 0.3


def test_strokes_are_joined_by_few_writers():
    lifted = [len(strokes) for strokes in write(styles_of(7)[3], 400, rng=rng())]
    assert set(lifted) == {1, 2} and 0.02 < np.mean(np.equal(lifted, 1)) < 0.12


def test_digits_that_americans_write_too_are_read_by_a_network_that_knows_only_those():
    # So the labels are right, and pen, size and place are those that networks expect.
    usual = [
        "stem alone", "oval, clockwise", "sharp corner, flat base", "round", "closed, bar last",
        "hat last", "straight stem", "bar and stem", "two rings",
    ]  # fmt: skip
    network = load_model("cnn")
    for number, style in enumerate(s for s in STYLES if s.name in usual):
        read = network.predict(in_style(style, 50, rng=rng(number)))
        assert (read == style.digit).mean() >= 0.96, style


def test_a_sheet_has_every_style_and_is_dark_on_white():
    sheet = one_digit(1, (3, 8), 24, rng=rng())
    assert sheet.shape == (72, 192) and sheet.dtype == np.uint8
    cells = sheet.reshape(3, 24, 8, 24).min(axis=(1, 3))
    assert (cells < 60).all() and np.median(sheet) == 255
    assert one_style(STYLES[0], 5, 20, rng=rng()).shape == (20, 100)
