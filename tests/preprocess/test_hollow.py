"""Outlines are filled, and what they leave free stays paper."""

import numpy as np

from mnist_core.preprocess.hollow import filled


def ring(side: int, edge: int) -> np.ndarray:
    """A square outline of that side, `edge` pixels thick."""
    ink = np.full((side, side), 255, np.uint8)
    ink[edge:-edge, edge:-edge] = 0
    return ink


def test_the_outline_of_a_stroke_becomes_a_stroke() -> None:
    assert (filled(ring(40, 3))[4:-4, 4:-4] == 255).all()


def test_the_eye_between_two_outlines_stays_paper() -> None:
    ink = ring(60, 3)
    ink[20:40, 20:40] = ring(20, 3)
    shown = filled(ink)
    assert (shown[5:18, 5:55] == 255).all()  # between the outlines
    assert (shown[25:35, 25:35] == 0).all()  # the eye


def test_two_outlines_beside_each_other_are_filled_each() -> None:
    ink = np.zeros((30, 80), np.uint8)
    ink[:, :30] = ink[:, 50:] = ring(30, 3)
    shown = filled(ink)
    assert (shown[5:25, 5:25] == 255).all() and (shown[5:25, 55:75] == 255).all()
    assert (shown[:, 33:48] == 0).all()


def test_a_stroke_without_any_eye_stays_as_it_is() -> None:
    ink = np.zeros((30, 30), np.uint8)
    np.fill_diagonal(ink, 200)
    ink[:, 29] = 255  # it reaches three edges
    assert np.array_equal(filled(ink), ink)
