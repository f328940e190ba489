"""Augmentation moves ink where its settings say, and leaves everything else alone."""

from math import cos, floor, radians, sin

import numpy as np
import pytest

from mnist_core.data.augment import (
    AUGMENTATIONS,
    Augmentation,
    _pictures_of_maps,
    augment,
    change_thickness,
    warp,
)

EVERYTHING = Augmentation(shift=2, rotation=15, scale=0.1, shear=0.2, elastic=1, thickness=1.5)
EACH_ALONE = [Augmentation(**{name: 0.4}) for name in Augmentation.__dataclass_fields__]


def noise(n: int, seed: int = 0) -> np.ndarray:
    """Pictures (n, 28, 28) with ink everywhere, so that no mistake stays hidden."""
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def picture(*inked: tuple[int | slice, int | slice]) -> np.ndarray:
    """One picture (1, 28, 28), blank but for the places given, which are 255."""
    image = np.zeros((1, 28, 28), np.uint8)
    for place in inked:
        image[0][place] = 255
    return image


def centre_of_mass(images: np.ndarray) -> np.ndarray:
    """y and x (2, N), in pixels."""
    ink = images / images.sum(axis=(1, 2), keepdims=True)
    place = np.arange(28)
    return np.stack([ink.sum(axis=2) @ place, ink.sum(axis=1) @ place])


def test_no_augmentation_gives_the_images_back_as_new_ones():
    images = noise(5)
    result = augment(images, Augmentation(), rng=np.random.default_rng(0))
    assert np.array_equal(result, images)
    assert not np.shares_memory(result, images)


@pytest.mark.parametrize("settings", [*EACH_ALONE, EVERYTHING])
def test_the_images_given_are_not_changed(settings):
    images = noise(200)
    before = images.copy()
    result = augment(images, settings, rng=np.random.default_rng(0))
    assert np.array_equal(images, before)
    assert result.dtype == np.uint8 and result.shape == images.shape
    assert not np.array_equal(result, images)


@pytest.mark.parametrize("n", [0, 1, 63, 128, 129, 300])
def test_the_same_seed_gives_the_same_images_whatever_their_number(n):
    images = noise(n)
    first = augment(images, EVERYTHING, rng=np.random.default_rng(7))
    again = augment(images, EVERYTHING, rng=np.random.default_rng(7))
    assert first.shape == (n, 28, 28)
    assert np.array_equal(first, again)


def test_another_seed_gives_other_images():
    images = noise(10)
    first = augment(images, EVERYTHING, rng=np.random.default_rng(1))
    second = augment(images, EVERYTHING, rng=np.random.default_rng(2))
    assert (first != second).any(axis=(1, 2)).all()


def test_a_map_is_shared_by_four_images_at_most():
    settings = Augmentation(rotation=15)
    results = augment(np.repeat(noise(1), 400, axis=0), settings, rng=np.random.default_rng(0))
    _, times = np.unique(results.reshape(400, 784), axis=0, return_counts=True)
    assert times.max() <= 4


@pytest.mark.parametrize("settings", [*EACH_ALONE, EVERYTHING])
def test_no_ink_comes_from_a_neighbouring_image(settings):
    images = np.zeros((256, 28, 28), np.uint8)
    inked = np.random.default_rng(0).random(256) < 0.5
    images[inked] = 255
    result = augment(images, settings, rng=np.random.default_rng(0))
    assert not result[~inked].any()
    assert (result[inked, 10:18, 10:18] == 255).all()


def test_a_shift_by_whole_pixels_moves_every_value_and_brings_in_blank_ones():
    images = noise(3)
    expected = np.zeros_like(images)
    expected[:, 2:, :-3] = images[:, :-2, 3:]
    assert np.array_equal(warp(images, shift=(2, -3)), expected)


def test_each_image_can_have_a_shift_of_its_own():
    images = noise(2)
    moved = warp(images, shift=[[1, 0], [0, 2]])
    assert np.array_equal(moved[0, 1:], images[0, :-1])
    assert np.array_equal(moved[1, :, 2:], images[1, :, :-2])


def test_a_shift_by_half_a_pixel_shares_the_ink_between_two():
    moved = warp(picture((10, 10)), shift=(0, 0.5))
    assert moved[0, 10, 10] == moved[0, 10, 11] == 127
    assert moved.sum(dtype=int) == 254


def test_an_image_shifted_out_of_the_picture_is_blank():
    assert not warp(noise(1), shift=(0, 28)).any()
    assert not warp(noise(1), shift=(-300, 300)).any()


@pytest.mark.parametrize("turns", [1, 2, 3, -1])
def test_right_angles_turn_the_picture_counterclockwise(turns):
    images = noise(4)
    assert np.array_equal(warp(images, rotation=90 * turns), np.rot90(images, turns, axes=(1, 2)))


def test_a_slant_to_the_right_moves_the_top_right_and_the_bottom_left():
    y, x = np.nonzero(warp(picture((slice(4, 24), 13)), shear=0.5)[0] > 100)
    # x - 13.5 = -0.5 - shear (y - 13.5)
    assert np.abs(x - (13 - 0.5 * (y - 13.5))).max() <= 1
    assert x[y.argmin()] > x[y.argmax()]


def test_height_and_width_are_scaled_by_a_factor_each():
    square = picture((slice(10, 18), slice(10, 18)))
    result = warp(square, scale=(2, 0.5))[0]
    # 8 high and wide about 13.5: now 16 high and 4 wide. Edges are half inked.
    assert result.sum() == pytest.approx(255 * 16 * 4, rel=0.06)
    assert (result[7:21, 12:16] == 255).all()
    assert not result[:4].any() and not result[:, :10].any()


def test_a_map_is_the_bilinear_value_at_the_source_of_every_pixel():
    image = noise(1)
    angle, slant, height, width, down, right = radians(25), 0.3, 1.1, 0.8, 1.3, -2.2
    result = warp(image, rotation=25, shear=slant, scale=(height, width), shift=(down, right))[0]

    def ink(row: int, column: int) -> float:
        return float(image[0, row, column]) if 0 <= row < 28 and 0 <= column < 28 else 0.0

    # From the scaled to the slanted to the turned place, with (x, y) and y downwards.
    forwards = (
        np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])
        @ np.array([[1, -slant], [0, 1]])
        @ np.diag([width, height])
    )
    for row in range(28):
        for column in range(28):
            target = np.array([column - 13.5 - right, row - 13.5 - down])
            x, y = np.linalg.solve(forwards, target) + 13.5
            i, j = floor(y), floor(x)
            expected = (1 - (y - i)) * ((1 - (x - j)) * ink(i, j) + (x - j) * ink(i, j + 1)) + (
                y - i
            ) * ((1 - (x - j)) * ink(i + 1, j) + (x - j) * ink(i + 1, j + 1))
            # Places are rounded to 1/256 pixel, twice, and values cut to whole ones, twice.
            assert abs(result[row, column] - expected) < 4


def test_shifts_are_uniform_and_within_the_setting():
    images = np.repeat(picture((slice(12, 16), slice(12, 16))), 2000, axis=0)
    moved = augment(images, Augmentation(shift=3), rng=np.random.default_rng(0))
    shifts = centre_of_mass(moved) - 13.5
    assert np.abs(shifts).max() <= 3.01
    assert shifts.mean(axis=1) == pytest.approx([0, 0], abs=0.2)
    assert shifts.std(axis=1) == pytest.approx([3**0.5, 3**0.5], rel=0.05)


def test_rotations_are_uniform_and_within_the_setting():
    images = np.repeat(picture((slice(12, 16), slice(22, 26))), 2000, axis=0)
    turned = augment(images, Augmentation(rotation=20), rng=np.random.default_rng(0))
    y, x = centre_of_mass(turned) - 13.5
    angles = np.degrees(np.arctan2(-y, x))
    assert np.abs(angles).max() <= 20.5
    assert angles.std() == pytest.approx(20 / 3**0.5, rel=0.05)
    assert np.hypot(y, x) == pytest.approx(10, abs=0.2)


def test_an_elastic_bend_moves_ink_by_the_setting_in_root_mean_square():
    waves = _pictures_of_maps()[3:]
    amounts = np.random.default_rng(0).standard_normal((2, 2000, len(waves)))
    down, right = amounts @ waves  # (2000, 784) each
    assert np.sqrt((down**2 + right**2).mean()) == pytest.approx(1, rel=0.03)


def test_an_elastic_bend_is_smooth():
    images = np.repeat(picture((slice(4, 24), slice(12, 16))), 500, axis=0)
    bent = augment(images, Augmentation(elastic=1), rng=np.random.default_rng(0))
    bar = bent[:, 8:20].astype(float)
    middles = bar @ np.arange(28) / bar.sum(axis=2)  # (500, 12), of every row
    assert middles.std(axis=0).min() > 0.4  # places move,
    assert np.abs(np.diff(middles, axis=1)).mean() < 0.25  # neighbours with them


def test_ink_grows_with_thickness():
    amounts = np.linspace(-2, 2, 33)
    # Strokes of all widths from 1 to 8.
    image = picture(*((slice(3, 25), slice(at, at + w)) for at, w in [(1, 1), (5, 4), (13, 8)]))
    ink = change_thickness(np.repeat(image, 33, axis=0), amounts).sum(axis=(1, 2), dtype=int)
    assert (np.diff(ink) >= 0).all()
    assert ink[0] < ink[8] < ink[16] < ink[24] < ink[32]
    assert ink[16] == image.sum(dtype=int)


@pytest.mark.parametrize(("pixels", "width"), [(-1, 3), (1, 7), (2, 9), (-2, 1)])
def test_a_whole_pixel_of_thickness_moves_both_edges_by_one(pixels, width):
    bar = change_thickness(picture((slice(0, 28), slice(11, 16))), pixels)
    inside = bar[0, 14]
    assert (inside == 255).sum() == width
    assert inside.sum(dtype=int) == 255 * width


@pytest.mark.parametrize("pixels", [-0.4, -1, -3])
def test_a_stroke_of_one_pixel_loses_its_ends_at_most(pixels):
    # An upright, a level one that crosses it, a slanted one, and a dot.
    slanted = [(4 + n, 10 + n) for n in range(12)]
    strokes = picture((slice(4, 24), 6), (20, slice(2, 26)), *slanted, (3, 24))
    expected = strokes.copy()
    expected[0, 4:7, 6] = expected[0, 21:24, 6] = expected[0, 20, [2, 3, 4, 23, 24, 25]] = 0
    assert (change_thickness(strokes, pixels) >= expected).all()


def test_each_image_can_have_a_thickness_of_its_own():
    images = noise(200) // 2
    pixels = np.random.default_rng(0).permutation(np.linspace(-1.5, 1.5, 200))
    together = change_thickness(images, pixels)
    for n in (0, 1, 77, 199):
        assert np.array_equal(together[n], change_thickness(images[n : n + 1], pixels[n])[0])


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("shift", -1, "shift must be from 0 to 14, not -1"),
        ("rotation", 181, "rotation must be from 0 to 180"),
        ("scale", 1.0, "scale must be from 0 to 0.5"),
        ("shear", float("nan"), "shear must be from 0 to 1, not nan"),
        ("elastic", float("inf"), "elastic must be from 0 to 5, not inf"),
        ("thickness", "1", "thickness must be a number, not '1'"),
        ("shift", None, "shift must be a number, not None"),
        ("shift", True, "shift must be a number, not True"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting, value, says):
    with pytest.raises(ValueError, match=says):
        Augmentation(**{setting: value})


def test_settings_are_on_when_anything_is():
    assert not Augmentation()
    assert all(EACH_ALONE)
    assert [name for name, settings in AUGMENTATIONS.items() if not settings] == ["none"]


@pytest.mark.parametrize(
    "images", [np.zeros((2, 28, 28)), np.zeros((2, 784), np.uint8), np.zeros((28, 28), np.uint8)]
)
def test_images_of_another_form_are_refused(images):
    with pytest.raises(ValueError, match=r"images must be uint8 \(N, 28, 28\), not"):
        augment(images, EVERYTHING, rng=np.random.default_rng(0))


def test_fixed_changes_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="scale factors must be above 0"):
        warp(noise(1), scale=0)
    with pytest.raises(ValueError, match="pixels must be from -28 to 28"):
        change_thickness(noise(1), float("nan"))
