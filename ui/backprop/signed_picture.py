"""Numbers as small pieces of HTML: a picture with a frame in it, and a table in their colours.
Orange is positive and blue negative; zero lets the page be seen, so both fit both themes.
"""

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from mnist_core.arrays import Array
from ui.backprop.numbers import number
from ui.theme import NEGATIVE, POSITIVE, faded, rgb

Box = tuple[int, int, int, int]  # first row, first column, rows, columns
WIDE = 320  # CSS pixels of a picture that stands alone
TABLE_DIGITS = 3
STRONGEST = 0.45  # opacity of the largest number's colour: text on it can still be read


def signed_png(picture: Array) -> str:
    """Numbers (rows, columns) as the address of a PNG, as strong as each of them is large."""
    share = np.abs(picture) / (np.abs(picture).max() or 1)
    image = np.empty((*picture.shape, 4), np.uint8)
    image[..., :3] = np.where((picture < 0)[..., None], rgb(NEGATIVE), rgb(POSITIVE))
    image[..., 3] = np.ceil(255 * share)
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def framed(values: Array, box: Box, *, cell: float, alt: str) -> str:
    """Numbers (rows, columns), each `cell` CSS pixels wide, with a frame around a box of them.

    Where there is less room, the picture is as wide as there is.
    """
    rows, columns = values.shape
    top, left, tall, wide = box
    place = {"top": top / rows, "height": tall / rows}
    place |= {"left": left / columns, "width": wide / columns}
    where = "".join(f"{name}:{100 * share:.3f}%;" for name, share in place.items())
    return (
        f'<div style="position:relative;width:{columns * cell:.0f}px;max-width:100%;'
        f'outline:1px solid #888"><img alt="{escape(alt)}" src="{signed_png(values)}" '
        f'style="display:block;width:100%;aspect-ratio:{columns}/{rows};'
        f'image-rendering:pixelated">'
        f'<div style="position:absolute;{where}outline:2px solid currentcolor"></div></div>'
    )


def number_table(values: Array, caption: str, marked: tuple[int, int] | None = None) -> str:
    """A table of numbers (rows, columns) below its caption; the marked one is framed and bold."""
    peak = float(np.abs(values).max()) or 1.0
    rows = "".join(
        "<tr>"
        + "".join(_cell(float(value), peak, (i, j) == marked) for j, value in enumerate(row))
        + "</tr>"
        for i, row in enumerate(values)
    )
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;margin:0;'
        'font-variant-numeric:tabular-nums;font-size:.8rem">'
        '<caption style="caption-side:top;text-align:left;white-space:nowrap;font-size:.9rem;'
        'color:inherit">'
        f"{caption}</caption><tbody>{rows}</tbody></table></div>"
    )


def _cell(value: float, peak: float, is_marked: bool) -> str:
    colour = faded(NEGATIVE if value < 0 else POSITIVE, round(STRONGEST * abs(value) / peak, 3))
    style = f"min-width:3.4rem;padding:.25rem .4rem;text-align:right;background:{colour}"
    style += ";white-space:nowrap"
    text = number(value + 0.0, TABLE_DIGITS)  # never -0
    if is_marked:
        style += ";outline:2px solid currentcolor;outline-offset:-2px"
        text = f"<b>{text}</b>"
    return f'<td style="{style}">{text}</td>'
