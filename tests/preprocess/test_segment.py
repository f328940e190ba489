"""Connected pieces of ink, and the digits of a page in reading order."""

import gzip
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from mnist_core.preprocess.components import connected_components
from mnist_core.preprocess.ink import ink_from_photo
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.preprocess.segment import digits_on_page

ROOT = Path(__file__).parents[2]
with gzip.open(ROOT / "assets/mnist/t10k-images-idx3-ubyte.gz") as file:
    MNIST = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
with gzip.open(ROOT / "assets/mnist/t10k-labels-idx1-ubyte.gz") as file:
    LABELS = np.frombuffer(file.read(), np.uint8, offset=8)

# Ordinary digits in one piece: shapes that are not in question here.
PLAIN = [
    number
    for number in range(300)
    if len(connected_components(MNIST[number] > 0).areas) == 1
    and len(connected_components(MNIST[number] > 127).areas) == 1
    and not digits_on_page(MNIST[number])[0].touches_neighbour
]


def write(
    page: np.ndarray, digit: np.ndarray, left: int, top: int, side: int = 84
) -> tuple[int, int, int, int]:
    """Writes a 28x28 digit at `side` pixels and gives the box of its ink."""
    large = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.NEAREST))
    place = page[top : top + side, left : left + side]
    np.maximum(place, large, out=place)
    rows, columns = np.flatnonzero(large.any(axis=1)), np.flatnonzero(large.any(axis=0))
    return left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1


def flood_fill(mask: np.ndarray) -> list[set[tuple[int, int]]]:
    """Pieces found the simple way, as sets of pixels."""
    left_over = {(int(row), int(column)) for row, column in np.argwhere(mask)}
    pieces = []
    while left_over:
        front = [min(left_over)]
        left_over.discard(front[0])
        piece = set()
        while front:
            row, column = front.pop()
            piece.add((row, column))
            around = {
                (row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)
            } & left_over
            left_over -= around
            front.extend(around)
        pieces.append(piece)
    return pieces


@given(arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14))))
@settings(deadline=None, max_examples=60)
def test_pieces_are_those_that_flood_filling_finds(mask):
    pieces = connected_components(mask)
    expected = flood_fill(mask)
    assert len(pieces.areas) == len(expected)
    values = np.arange(mask.size, dtype=np.uint8).reshape(mask.shape)
    sums, peaks = pieces.sums(values), pieces.peaks(values)
    for number, pixels in enumerate(expected):
        painted = pieces.mask(np.arange(len(expected)) == number)
        assert {(int(row), int(column)) for row, column in np.argwhere(painted)} == pixels
        rows, columns = zip(*pixels, strict=True)
        assert tuple(pieces.boxes[number]) == (
            min(columns),
            min(rows),
            max(columns) + 1,
            max(rows) + 1,
        )
        assert pieces.areas[number] == len(pixels)
        assert sums[number] == sum(int(values[pixel]) for pixel in pixels)
        assert peaks[number] == max(values[pixel] for pixel in pixels)


def test_a_spiral_is_one_piece():
    mask = np.zeros((101, 101), dtype=bool)
    mask[::2] = True
    mask[1::4, -1] = mask[3::4, 0] = True
    assert list(connected_components(mask).areas) == [51 * 101 + 50]


def test_an_empty_page_has_no_digits():
    assert digits_on_page(np.zeros((50, 80), dtype=np.uint8)) == ()


def test_one_digit_is_read_as_one():
    alone = 0
    for image in MNIST[:500]:
        found = digits_on_page(np.kron(image, np.ones((4, 4), dtype=np.uint8)))
        alone += len(found) == 1 and not found[0].touches_neighbour
    assert alone >= 475


def test_a_page_is_read_line_by_line_with_exact_boxes():
    page = np.zeros((600, 900), dtype=np.uint8)
    random = np.random.default_rng(0)
    boxes, chosen = [], []
    for line in range(4):
        for column in range(5):
            number = PLAIN[line * 5 + column]
            left, top = 40 + 160 * column, 40 + 130 * line + int(random.integers(-12, 13))
            boxes.append(write(page, MNIST[number], left, top))
            chosen.append(number)
    found = digits_on_page(page)
    assert [digit.box for digit in found] == boxes
    assert [digit.line for digit in found] == [line for line in range(4) for _ in range(5)]
    assert not any(digit.touches_neighbour for digit in found)
    for digit, number in zip(found, chosen, strict=True):
        # Off by one where a digit's white of 254 was brought to 255.
        assert np.abs(normalize_drawing(digit.ink).astype(int) - MNIST[number]).max() <= 1


def test_boxes_are_given_in_pixels_of_the_original_picture():
    page = np.zeros((300, 400), dtype=np.uint8)
    left, top, right, bottom = write(page, MNIST[PLAIN[0]], 100, 100)
    (found,) = digits_on_page(page, picture_size=(1600, 1200))
    assert found.box == (4 * left, 4 * top, 4 * right, 4 * bottom)


def test_a_sloping_line_stays_one_line():
    page = np.zeros((600, 1000), dtype=np.uint8)
    boxes = []
    for top in (20, 180):
        for column in range(6):
            boxes.append(write(page, MNIST[PLAIN[column]], 30 + 160 * column, top + 20 * column))
    assert [digit.box for digit in digits_on_page(page)] == boxes


def test_the_separate_bar_of_a_five_belongs_to_it():
    page = np.zeros((200, 400), dtype=np.uint8)
    page[60:140, 60:70] = page[130:140, 60:110] = page[90:100, 60:110] = page[90:140, 100:110] = 255
    page[55:65, 76:125] = 255  # the bar, 6 pixels from the stem
    page[50:140, 250:262] = 255  # a 1 beside it
    found = digits_on_page(page)
    assert [digit.box for digit in found] == [(60, 55, 125, 140), (250, 50, 262, 140)]


def test_a_broken_stroke_is_joined():
    page = np.zeros((200, 300), dtype=np.uint8)
    page[40:90, 60:70] = page[100:150, 60:70] = 255  # a 1 with a gap
    page[40:150, 160:170] = page[40:50, 160:220] = 255
    assert [digit.box for digit in digits_on_page(page)] == [(60, 40, 70, 150), (160, 40, 220, 150)]


def test_neighbours_side_by_side_are_not_joined():
    page = np.zeros((200, 300), dtype=np.uint8)
    for left in (50, 66, 82):
        page[40:140, left : left + 9] = 255  # 1 1 1, 7 pixels apart
    assert len(digits_on_page(page)) == 3


def test_lines_close_to_each_other_are_not_joined():
    page = np.zeros((400, 300), dtype=np.uint8)
    for top in (20, 130, 240):
        page[top : top + 100, 50:62] = page[top : top + 10, 50:100] = 255
    assert [digit.line for digit in digits_on_page(page)] == [0, 1, 2]


def test_specks_are_no_digits():
    page = np.zeros((300, 300), dtype=np.uint8)
    box = write(page, MNIST[PLAIN[3]], 100, 100)
    for row, column in np.random.default_rng(1).integers(0, 90, (40, 2)):
        page[row : row + 3, column : column + 2] = 255
    assert [digit.box for digit in digits_on_page(page)] == [box]


def test_digits_that_touch_are_marked():
    marked = 0
    for first, second in zip(PLAIN[:60], PLAIN[60:120], strict=True):
        page = np.zeros((120, 300), dtype=np.uint8)
        left, _, right, _ = write(page, MNIST[first], 20, 20)
        start = 150
        probe = np.zeros_like(page)
        other_left = write(probe, MNIST[second], start, 20)[0]
        shift = other_left - right
        # Pushed together until the two are one piece.
        while True:
            joined = page.copy()
            write(joined, MNIST[second], start - shift, 20)
            if len(connected_components(joined > 100).areas) == 1:
                break
            shift += 3
        (found,) = digits_on_page(joined * (joined > 100))
        marked += found.touches_neighbour
    assert marked >= 42


def test_the_digits_of_a_photographed_page_are_found_in_order():
    page = np.zeros((900, 1200), dtype=np.uint8)
    boxes = [
        write(page, MNIST[PLAIN[5 * line + column]], 60 + 220 * column, 40 + 210 * line, side=168)
        for line in range(4)
        for column in range(5)
    ]
    light = 0.5 + 0.5 * np.mgrid[:900, :1200][1] / 1200
    noise = np.random.default_rng(0).normal(0, 4, page.shape)
    sheet = np.clip((225 - 0.75 * page) * light + noise, 0, 255).astype(np.uint8)
    found = digits_on_page(ink_from_photo(Image.fromarray(sheet)))
    assert len(found) == 20
    assert np.abs(np.array([digit.box for digit in found]) - boxes).max() <= 8


@given(arrays(np.uint8, st.tuples(st.integers(0, 40), st.integers(0, 40))))
@settings(deadline=None)
def test_any_page_gives_boxes_inside_of_it(page):
    for digit in digits_on_page(page):
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= page.shape[1] and 0 <= top < bottom <= page.shape[0]
        assert digit.ink.shape == (bottom - top, right - left)
        assert digit.ink.any()
