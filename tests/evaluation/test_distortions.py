"""Each distortion against pixels worked out by hand."""

import numpy as np
import pytest

from mnist_core.evaluation.distortions import (
    DISTORTIONS,
    TILE,
    distorted,
    examples,
)

KINDS = list(DISTORTIONS)


def changed(kind, images, strength, seed=0):
    return DISTORTIONS[kind].apply(images, strength, rng=np.random.default_rng(seed))


def dots(n, y=13, x=13):
    """n images with a single white pixel."""
    images = np.zeros((n, 28, 28), np.uint8)
    images[:, y, x] = 255
    return images


@pytest.fixture(scope="module")
def digits(mnist):
    return mnist.test.images[: TILE + 40]


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_nine_strengths_and_one_leaves_every_image_as_it_is(kind, digits):
    distortion = DISTORTIONS[kind]
    assert distortion.name == kind
    assert len(set(distortion.strengths)) == 9
    assert list(distortion.strengths) == sorted(distortion.strengths)
    assert distortion.unchanged in distortion.strengths
    np.testing.assert_array_equal(distorted(digits, kind, distortion.unchanged), digits)


@pytest.mark.parametrize("kind", KINDS)
def test_every_other_strength_changes_images_and_not_the_ones_it_got(kind, digits):
    before = digits.copy()
    for strength in DISTORTIONS[kind].strengths:
        images = distorted(digits, kind, strength)
        assert images.dtype == np.uint8
        assert images.shape == digits.shape
        assert (images == digits).all() == (strength == DISTORTIONS[kind].unchanged)
    np.testing.assert_array_equal(digits, before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_images_to_the_bit(kind, digits):
    strongest = DISTORTIONS[kind].strengths[-1]
    once, again, other = (distorted(digits, kind, strongest, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(once, again)
    if kind in ("shift", "noise", "occlusion"):
        assert (once != other).any()


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_looks_alike_in_its_set_in_a_piece_of_it_and_as_an_example(kind, digits):
    number = TILE + 7
    shown = examples(digits, number, kind)
    assert shown.shape == (9, 28, 28)
    for image, strength in zip(shown, DISTORTIONS[kind].strengths, strict=True):
        piece = distorted(digits[TILE:], kind, strength, first=TILE)
        np.testing.assert_array_equal(image, distorted(digits, kind, strength)[number])
        np.testing.assert_array_equal(image, piece[7])


def test_a_shift_by_2_puts_a_pixel_2_further_in_one_of_eight_directions():
    places = {tuple(np.argwhere(image)[0] - 13) for image in changed("shift", dots(200), 2)}
    assert places == {(y, x) for y in (-2, 0, 2) for x in (-2, 0, 2)} - {(0, 0)}


def test_an_image_keeps_its_direction_when_the_shift_becomes_larger():
    steps = [np.argwhere(changed("shift", dots(50), s))[:, 1:] - 13 for s in (1, 6)]
    np.testing.assert_array_equal(6 * steps[0], steps[1])


def test_90_degrees_are_a_quarter_turn_clockwise(digits):
    turned = changed("rotation", digits, 90)
    np.testing.assert_array_equal(turned, np.rot90(digits, -1, axes=(1, 2)))


def test_twice_the_size_is_twice_as_high_and_wide():
    # A square of 8 x 8 around the middle becomes 16 x 16: rows and columns 6 to 21.
    images = np.zeros((1, 28, 28), np.uint8)
    images[:, 10:18, 10:18] = 255
    large = changed("scale", images, 2)[0] > 127
    assert large.sum() == 16 * 16
    assert large[6:22, 6:22].all()


def test_45_degrees_of_shear_move_what_is_above_the_middle_right_by_its_height():
    # Row 8 is 5.5 above the middle, at 13.5: its pixel goes from column 13 to 18.5.
    sheared = changed("shear", dots(1, y=8), 45)[0]
    rows, columns = np.nonzero(sheared)
    assert rows.tolist() == [8, 8]
    assert columns.tolist() == [18, 19]
    np.testing.assert_allclose(sheared[8, 18:20], 127.5, atol=1)


def test_noise_has_the_mean_and_the_standard_deviation_that_it_is_said_to_have():
    grey = np.full((200, 28, 28), 128, np.uint8)
    noisy = changed("noise", grey, 24).astype(float)
    assert noisy.mean() == pytest.approx(128, abs=0.5)
    assert noisy.std() == pytest.approx(24, rel=0.01)


def test_noise_is_cut_off_at_black_and_white():
    # Half of the noise is above 0: half of a black image stays black, of a white one white.
    for level in (0, 255):
        noisy = changed("noise", np.full((50, 28, 28), level, np.uint8), 100)
        assert (noisy == level).mean() == pytest.approx(0.5, abs=0.02)


def test_blur_spreads_a_pixel_as_a_gaussian_and_keeps_the_ink():
    images = np.zeros((1, 28, 28), np.uint8)
    images[:, 9:19, 9:19] = 200
    blurred = changed("blur", images, 1.6).astype(float)
    assert blurred.sum() == pytest.approx(images.sum(), rel=0.002)
    # One white pixel: 255 / (2 pi sigma^2) in the middle, exp(-1/2) of that sigma away.
    dot = changed("blur", dots(1), 2)[0]
    assert dot[13, 13] == round(255 / (2 * np.pi * 4))
    assert dot[13, 15] == round(255 / (2 * np.pi * 4) * np.exp(-0.5))
    np.testing.assert_array_equal(dot, dot.T)


def test_a_blurred_pixel_in_the_corner_loses_the_ink_that_leaves_the_picture():
    dot = changed("blur", dots(1, 0, 0), 2)[0]
    assert dot[0, 0] == round(255 / (2 * np.pi * 4))


def test_a_stroke_of_3_pixels_is_5_wide_after_1_more_and_1_wide_after_1_less():
    images = np.zeros((1, 28, 28), np.uint8)
    images[:, 5:23, 12:15] = 255
    for pixels, columns in ((1, range(11, 16)), (-1, [13])):
        middle = changed("thickness", images, pixels)[0, 14]
        assert np.flatnonzero(middle > 127).tolist() == list(columns)


@pytest.mark.parametrize("side", [1, 2, 7, 16])
def test_occlusion_blanks_a_square_of_that_size_on_ink(side):
    # On a white picture the whole square is seen.
    white = np.full((100, 28, 28), 255, np.uint8)
    places = set()
    for image in changed("occlusion", white, side):
        rows, columns = (np.flatnonzero((image == 0).any(axis=axis)) for axis in (1, 0))
        assert (image == 0).sum() == side**2
        assert len(rows) == len(columns) == side
        places.add((rows[0], columns[0]))
    assert len(places) > 20
    # A single pixel of ink is always hit, in the corner too.
    for y, x in ((13, 13), (0, 27), (27, 0)):
        assert not changed("occlusion", dots(20, y, x), side).any()


def test_a_picture_without_ink_can_be_occluded():
    blank = np.zeros((2, 28, 28), np.uint8)
    np.testing.assert_array_equal(changed("occlusion", blank, 8), blank)


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_of_no_images_stays_one(kind):
    assert distorted(np.zeros((0, 28, 28), np.uint8), kind, 1).shape == (0, 28, 28)


def test_images_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        changed("noise", np.zeros((1, 28, 28)), 8)
