"""Printed lines are taken out of the ink, and the strokes of digits stay."""

import numpy as np

from mnist_core.preprocess.lines import without_lines


def drawn_4() -> np.ndarray:
    """A 4 of straight strokes, as a careful hand draws it: 100 pixels high."""
    ink = np.zeros((200, 200), np.uint8)
    ink[60:110, 60:66] = ink[104:110, 60:130] = ink[50:150, 110:116] = 255
    return ink


def test_straight_strokes_of_a_digit_stay():
    seven = np.zeros((200, 200), np.uint8)
    seven[40:46, 50:140] = seven[40:160, 134:140] = 255
    one = np.zeros((200, 80), np.uint8)
    one[10:190, 35:45] = 255
    for digit in (drawn_4(), seven, one):
        ink, lines = without_lines(digit)
        assert np.array_equal(ink, digit) and not lines.any()


def test_a_box_around_a_digit_goes_and_the_digit_stays():
    digit = drawn_4()
    boxed = digit.copy()
    boxed[30:33, 40:160] = boxed[167:170, 40:160] = boxed[30:170, 40:43] = boxed[
        30:170, 157:160
    ] = 255
    ink, lines = without_lines(boxed)
    assert np.array_equal(ink, digit)
    assert lines[30:33, 45:155].all() and not lines[34:166, 44:156].any()


def test_a_stroke_that_crosses_a_sloping_line_stays():
    ink = np.zeros((300, 900), np.uint8)
    for x in range(900):
        y = 200 + x // 40
        ink[y : y + 3, x] = 255
    ink[120:260, 300:312] = 255  # a 1 through the line
    ink[120:190, 500:580] = 255  # and a block above it
    left, _ = without_lines(ink)
    assert left[120:260, 300:312].all() and left[120:190, 500:580].all()
    assert not left[:, :290].any() and not left[:, 600:].any()
