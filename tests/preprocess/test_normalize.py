"""From ink to MNIST's form, and from photographs to ink."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageFilter

from mnist_core.preprocess.image_files import open_picture
from mnist_core.preprocess.ink import ink_from_photo
from mnist_core.preprocess.normalize import normalization_steps, normalize_drawing
from tests import hostile_files

ROOT = Path(__file__).parents[2]
with gzip.open(ROOT / "assets/mnist/t10k-images-idx3-ubyte.gz") as file:
    MNIST = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)

mnist_images = st.integers(0, len(MNIST) - 1).map(lambda number: MNIST[number])


def difference(image: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of two images, as a share of the mean ink of the first.

    The smallest over shifts by one pixel: where a centre of mass lies halfway, a trace of ink
    decides the rounding.
    """
    shifts = [
        np.roll(other, (down, right), axis=(0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)
    ]
    return min(
        float(np.abs(image.astype(float) - shifted).mean() / image.mean()) for shifted in shifts
    )


def disc(side: int, radius: float) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - side / 2
    return np.where(y**2 + x**2 <= radius**2, 255, 0).astype(np.uint8)


# Normalisation


def test_all_mnist_test_images_normalise_to_themselves():
    for image in MNIST:
        assert np.array_equal(normalize_drawing(image), image)


def test_a_bar_worked_out_by_hand():
    drawing = np.zeros((100, 100), dtype=np.uint8)
    drawing[10:50, 70:80] = 255  # 40 x 10 becomes 20 x 5
    expected = np.zeros((28, 28), dtype=np.uint8)
    expected[5:25, 12:17] = (
        255  # rows 5..24 have their middle on 14.5, columns 12..16 on 14: rounding half up gives 5
    )
    assert np.array_equal(normalize_drawing(drawing), expected)


def test_the_steps_of_a_bar():
    drawing = np.zeros((100, 60), dtype=np.uint8)
    drawing[10:50, 40:50] = 200
    steps = normalization_steps(drawing)
    assert steps.drawn is drawing
    assert steps.cropped.shape == (40, 10)
    assert steps.scaled.shape == (20, 20)
    assert np.array_equal(np.flatnonzero(steps.scaled.any(axis=0)), np.arange(7, 12))
    assert np.array_equal(steps.centred, normalize_drawing(drawing))


def test_without_centring_the_box_is_in_the_middle():
    drawing = np.zeros((40, 40), dtype=np.uint8)
    drawing[:, :4] = drawing[-4:] = 255  # an L, whose mass is left and below
    box = normalization_steps(drawing, centre=False).centred
    assert np.array_equal(np.flatnonzero(box.any(axis=0)), np.arange(4, 24))
    mass = normalization_steps(drawing).centred
    assert mass.any(axis=0).argmax() > 4


def test_without_scaling_the_digit_keeps_its_share_of_the_canvas():
    canvas = np.zeros((280, 280), dtype=np.uint8)
    canvas[100:160, 30:60] = 255
    unscaled = normalization_steps(canvas, scale=False)
    assert unscaled.scaled.shape == (28, 28)
    assert unscaled.centred.any(axis=1).sum() == 6  # 60 of 280 rows are 6 of 28
    assert unscaled.centred.any(axis=0).sum() == 3


def test_with_every_step_off_the_canvas_is_only_squeezed():
    canvas = np.zeros((280, 280), dtype=np.uint8)
    canvas[100:160, 30:60] = 255
    squeezed = normalization_steps(canvas, crop=False, scale=False, centre=False).centred
    assert np.array_equal(squeezed, canvas[5::10, 5::10])


def test_without_cropping_the_margins_are_scaled_too():
    canvas = np.zeros((200, 200), dtype=np.uint8)
    canvas[50:150, 50:150] = 255
    assert normalization_steps(canvas, crop=False).centred.any(axis=0).sum() == 10


@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (300, 200), (0, 0), (0, 5)])
def test_a_blank_drawing_is_refused(shape):
    with pytest.raises(ValueError, match="nothing drawn"):
        normalize_drawing(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize(
    "wrong", [np.ones((28, 28)), np.ones((28, 28, 3), np.uint8), np.ones(784, np.uint8)]
)
def test_what_is_no_grey_picture_is_refused(wrong):
    with pytest.raises(ValueError, match="grey picture"):
        normalize_drawing(wrong)


@given(arrays(np.uint8, st.tuples(st.integers(0, 60), st.integers(0, 60))))
@settings(deadline=None)
def test_any_array_is_normalised_or_refused(gray):
    before = gray.copy()
    try:
        image = normalize_drawing(gray)
    except ValueError:
        assert not gray.any()
        return
    assert image.shape == (28, 28) and image.dtype == np.uint8
    assert image.any()
    assert np.array_equal(gray, before)


@given(mnist_images, st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
@settings(deadline=None)
def test_margins_change_nothing(image, top, bottom, left, right):
    assume(max(top + bottom, left + right) > 0)
    framed = np.pad(image, ((top, bottom), (left, right)))
    # In drawings above 28 pixels specks are dropped, and 1 MNIST image in 100 has some.
    assert difference(image, normalize_drawing(framed)) < 0.75
    assert np.array_equal(normalize_drawing(framed), normalize_drawing(np.pad(framed, 9)))


@given(mnist_images, st.integers(2, 12))
@settings(deadline=None, max_examples=50)
def test_enlarged_drawings_give_the_same_image(image, factor):
    # Without the margin's specks, which are dropped from large drawings.
    once = normalize_drawing(np.pad(image, 1))
    enlarged = np.kron(once, np.ones((factor, factor), dtype=np.uint8))
    assert difference(once, normalize_drawing(enlarged)) < 0.02


@given(st.floats(15, 140))
@settings(deadline=None, max_examples=30)
def test_a_disc_of_any_size_gives_a_disc_of_20_pixels(radius):
    image = normalize_drawing(disc(300, radius))
    assert difference(normalize_drawing(disc(300, 100)), image) < 0.08


def test_a_thin_stroke_stays_white():
    drawing = np.zeros((560, 560), dtype=np.uint8)
    drawing[50:500, 280:284] = 255
    assert normalize_drawing(drawing).max() == 255


def test_specks_do_not_move_a_drawing():
    digit = np.kron(MNIST[0], np.ones((10, 10), dtype=np.uint8))
    dusty = digit.copy()
    dusty[:3, :3] = dusty[-2:, -4:] = 255
    dusty[5, 5::40] = 30
    assert np.array_equal(normalize_drawing(dusty), normalize_drawing(digit))


def test_ink_never_leaves_the_image():
    lopsided = np.zeros((100, 100), dtype=np.uint8)
    lopsided[:, :30] = 255
    lopsided[:5] = 255
    image = normalize_drawing(lopsided)
    assert image.any(axis=0).sum() == 20 and image.any(axis=1).sum() == 20


# Photographs


def photograph(
    digit: np.ndarray,
    *,
    paper: float = 0.9,
    pen: float = 0.15,
    side: int = 240,
    light: str = "even",
    lines: int = 0,
) -> Image.Image:
    """A grey, blurred, noisy photograph (480 x 640); paper and pen are shares of white."""
    random = np.random.default_rng(0)
    ink = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)) / 255
    cover = np.zeros((480, 640))
    cover[100 : 100 + side, 180 : 180 + side] = np.clip(2 * ink - 0.5, 0, 1)
    sheet = np.full((480, 640), paper)
    if lines:
        sheet[::lines] = sheet[:, ::lines] = paper - 0.15
    picture = sheet * (1 - cover) + pen * cover
    y, x = np.mgrid[:480, :640] / 640
    picture *= {
        "even": 1.0,
        "slope": 0.45 + 0.5 * x,
        "shadow": np.where(x + 0.5 * y > 0.65, 0.5, 1),
    }[light]
    picture += random.normal(0, 0.015, picture.shape)
    noisy = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    return noisy.filter(ImageFilter.GaussianBlur(0.7))


def through(image: Image.Image, file_format: str, **options: object) -> Image.Image:
    return open_picture(hostile_files.encoded(image, file_format, **options))


PHOTOGRAPHS = {
    "even light": {},
    "light from one side": {"light": "slope"},
    "a shadow across the digit": {"light": "shadow"},
    "pencil": {"pen": 0.5},
    "pencil in light from one side": {"pen": 0.5, "light": "slope"},
    "grid paper": {"lines": 24},
    "grid paper in shadow": {"lines": 24, "light": "shadow"},
    "chalk": {"paper": 0.2, "pen": 0.85},
    "chalk in light from one side": {"paper": 0.2, "pen": 0.85, "light": "slope"},
    "a small digit": {"side": 90},
    "a large digit": {"side": 360},
}


@pytest.mark.parametrize("scene", PHOTOGRAPHS)
def test_a_photographed_digit_is_close_to_the_original(scene):
    for digit in MNIST[:8]:
        photo = through(photograph(digit, **PHOTOGRAPHS[scene]), "JPEG", quality=75)
        assert difference(digit, normalize_drawing(ink_from_photo(photo))) < 0.4


def test_the_table_around_the_sheet_is_no_ink():
    for digit in MNIST[:10]:
        photo = np.array(photograph(digit))
        photo[:30] = photo[-25:] = photo[:, :40] = photo[:, -35:] = 70
        assert difference(digit, normalize_drawing(ink_from_photo(Image.fromarray(photo)))) < 0.4


def test_an_empty_sheet_has_no_ink():
    for light in ("even", "slope"):
        assert not ink_from_photo(photograph(np.zeros((28, 28), dtype=np.uint8), light=light)).any()


def test_an_mnist_image_saved_as_a_file_is_read_unchanged():
    for digit in MNIST[:100]:
        assert np.array_equal(ink_from_photo(through(Image.fromarray(digit), "PNG")), digit)
        assert np.array_equal(ink_from_photo(Image.fromarray(255 - digit)), digit)


@given(arrays(np.uint8, st.tuples(st.integers(1, 80), st.integers(1, 80))))
@settings(deadline=None, max_examples=50)
def test_any_grey_picture_gives_ink_of_its_size(gray):
    ink = ink_from_photo(Image.fromarray(gray))
    assert ink.shape == gray.shape and ink.dtype == np.uint8
