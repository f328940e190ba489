"""Small pieces of HTML for what changes while the pen moves: probability bars and pictures.
They reach the page several times faster than charts do, and screen readers read them as text.
"""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from math import isnan

from PIL import Image

from mnist_core.arrays import Array
from mnist_core.words import unbroken
from ui.words import probability

NUMBERS, WORDS = "numbers", "numbers words"  # kinds of tables: to the right, or to the left


class Html(str):
    """HTML that st.html takes as it is: of any other text it asks the disk whether it is a file,
    and looks through its lines, which takes longer than to make it."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return self


def picture(image: Array, *, alt: str, width: int = 112) -> str:
    """An image, uint8 (H, W) or (H, W, 3), as an <img> `width` wide, its pixels clear squares."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'<img alt="{alt}" src="data:image/png;base64,{data}" '
        f'style="width:{width}px;image-rendering:pixelated;border-radius:4px">'
    )


def answer_in_words(words: str, remark: str) -> str:
    """A headline and a remark, which may be empty; their room is kept, so that nothing jumps."""
    return f'<div class="answer"><h2>{words}</h2><p>{remark}</p></div>'


def changing_text(words: str, *, small: bool = False) -> str:
    """A paragraph with **bold** words, as HTML, for text that changes while the page is open.

    A browser that translates the page puts every text into an element of its own. Text that
    Streamlit has made of Markdown then stands still or breaks the page when it changes.
    """
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(unbroken(words)))
    return f'<p class="changing{" small" if small else ""}">{bold}</p>'


def changing_warning(words: str) -> str:
    """As st.warning looks, for words that change while the page is open: see changing_text."""
    return f'<div class="warning" role="alert">{changing_text(words)}</div>'


def photograph(png: bytes, *, alt: str) -> str:
    """A PNG as an <img> as wide as there is room, and no wider than it is."""
    data = base64.b64encode(png).decode()
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}" style="max-width:100%">'


def probability_bars(probabilities: Array, *, colour: str) -> str:
    """Ten labelled bars for probabilities (10,); the largest stands out by weight as well.

    What is no number has no bar, and says NaN. style/pieces.css gives the classes their look:
    short HTML reaches the page, and is on it, sooner.
    """
    best = None if isnan(probabilities.max()) else int(probabilities.argmax())
    rows = "".join(
        f"<li{' class=best' if digit == best else ''}>{digit}<i{_length(p)}></i>"
        f"{'NaN' if isnan(p) else escape(probability(p))}</li>"
        for digit, p in enumerate(probabilities)
    )
    return (
        f'<ul class="bars" aria-label="probability of each digit" '
        f'style="--bar:{colour}">{rows}</ul>'
    )


def _length(p: float) -> str:
    return "" if isnan(p) else f" style=--p:{p:.1%}"


def side_by_side(parts: Sequence[str], *, least: int = 190) -> str:
    """Pieces of HTML in columns of at least `least` pixels; below each other where it is narrow."""
    cells = "".join(f"<div>{part}</div>" for part in parts)
    columns = f"repeat(auto-fit,minmax(min({least}px,100%),1fr))"
    return f'<div class="beside" style="grid-template-columns:{columns}">{cells}</div>'


def in_a_row(parts: Sequence[str], *, gap: str = "1rem 1.4rem") -> str:
    """Pieces of HTML in a row as wide as they are, and in further rows where it is narrow."""
    cells = "".join(f"<div>{part}</div>" for part in parts)
    return f'<div style="display:flex;flex-wrap:wrap;gap:{gap}">{cells}</div>'


def captioned(content: str, caption: str) -> str:
    """A piece of HTML with a line of small letters below it."""
    return f'{content}<div style="font-size:.85rem;opacity:.85">{caption}</div>'


def named(name: str, colour: str, words: str) -> str:
    """A name with a dot in its colour, and a line in small letters on what it is."""
    return (
        f'<div class="named"><b><span style="color:{colour}">●</span> {name}</b><br>{words}</div>'
    )


def legend(entries: dict[str, tuple[str, str]]) -> str:
    """Names in a row, each behind its symbol in its colour: {name: (symbol, colour)}."""
    words = "".join(
        f'<span style="white-space:nowrap"><span style="color:{colour}">{symbol}</span>'
        f" {name}</span>"
        for name, (symbol, colour) in entries.items()
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:.3em 1.4em;font-size:.9rem">{words}</div>'


def no_bars() -> str:
    """The ten bars empty: what stands there while there is nothing to answer about."""
    rows = "".join(f"<li>{digit}<i></i>–</li>" for digit in range(10))
    return f'<ul class="bars none" aria-hidden="true">{rows}</ul>'


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str, kind: str = NUMBERS
) -> str:
    """A table of numbers; the first column names the rows. `caption` is read aloud, not shown."""
    heads = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    return (
        f'<table class="{kind}"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )


def data_table(rows: Sequence[Mapping[str, str]], *, caption: str, kind: str = NUMBERS) -> str:
    """The same of at least one row, each with its cells, of any text, by the names of the columns.

    It scrolls where it is too large. `kind` is NUMBERS, or WORDS where there are words besides.
    """
    head = [escape(name) for name in rows[0]]
    cells = [[escape(cell) for cell in row.values()] for row in rows]
    return (
        f'<div class="scrolled" role="group" tabindex="0" aria-label="{escape(caption)}">'
        f"{table(head, cells, caption=caption, kind=kind)}</div>"
    )
