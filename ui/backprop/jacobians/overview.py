"""A whole Jacobian as one small picture, with a frame around the window that is looked at."""

import numpy as np

from mnist_core.arrays import Array
from ui.backprop.jacobians.full import FullJacobian
from ui.backprop.signed_picture import signed_png

MOST_COLUMNS, MOST_ROWS = 800, 64  # pixels; more columns only where there are more blocks
HEIGHT = 72  # CSS pixels


def squeezed(jacobian: FullJacobian) -> Array:
    """The Jacobian in at most so many pixels: each is the largest number that it covers.

    All blocks are equally wide, a pixel at least.
    """
    rows, columns = jacobian.shape
    a_block = max(1, min(jacobian.block_shape[1], MOST_COLUMNS // jacobian.blocks))
    picture = np.zeros((min(rows, MOST_ROWS), jacobian.blocks * a_block))
    i, j, values = jacobian.entries()
    there = values != 0
    i, j, values = i[there], j[there], values[there]
    last_is_largest = np.argsort(np.abs(values), kind="stable")
    high = (i * len(picture) // rows)[last_is_largest]
    wide = (j * picture.shape[1] // columns)[last_is_largest]
    picture[high, wide] = values[last_is_largest]
    return picture


def overview(jacobian: FullJacobian, window: range, marked: int | None) -> str:
    """HTML of the picture: a frame around the window's columns, a tip above the marked one."""
    picture = squeezed(jacobian)
    total = jacobian.shape[1]
    left, width = 100 * window.start / total, 100 * len(window) / total
    tip = ""
    if marked is not None:
        place = 100 * (marked + 0.5) / total
        tip = (
            f'<span style="position:absolute;left:{place:.3f}%;transform:translateX(-50%)">▾</span>'
        )
    rows, columns = jacobian.shape
    return (
        f'<div style="position:relative;height:1rem;line-height:1;overflow:hidden">{tip}</div>'
        f'<div style="position:relative;border:1px solid #888">'
        f'<img alt="The whole matrix, {rows:,} x {columns:,}, as a picture" '
        f'src="{signed_png(picture)}" style="display:block;width:100%;height:{HEIGHT}px">'
        f'<div style="position:absolute;top:-4px;bottom:-4px;left:{left:.3f}%;width:{width:.3f}%;'
        f'min-width:7px;border:2px solid currentcolor"></div></div>'
    )
