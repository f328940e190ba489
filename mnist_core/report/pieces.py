"""Small pieces of HTML for a report. Whatever is text is escaped here, and nowhere else."""

import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from mnist_core.arrays import Array
from mnist_core.words import unbroken

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
STYLE = Path(__file__).with_name("style.css")


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page, which needs no other file: its title over pieces of HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{''.join(parts)}</main></body></html>\n"
    )


def png(image: Array) -> bytes:
    """An image, uint8 (H, W), or (H, W, 4) with colours and opacity, as a PNG.

    https://www.w3.org/TR/png-3/
    """
    height, width = image.shape[:2]
    kind = 0 if image.ndim == 2 else 6  # grey, or colours with opacity
    header = struct.pack(">2I5B", width, height, 8, kind, 0, 0, 0)  # 8 bits, nothing special
    rows = b"".join(b"\0" + row.tobytes() for row in image)  # 0: a row without a filter
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def picture(image: Array, *, alt: str) -> str:
    """An image, uint8 (H, W) or (H, W, 4), inside the file itself."""
    height, width = image.shape[:2]
    size = f'width="{width}" height="{height}"'
    return f'<img {size} alt="{escape(alt)}" src="{png_address(image)}">'


def png_address(image: Array) -> str:
    """An image as an address that holds all of it."""
    return f"data:image/png;base64,{b64encode(png(image)).decode()}"


def bold(words: str) -> str:
    """Text with **bold** words, where no number stands without its unit."""
    text = escape(unbroken(words))
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)


def paragraph(words: str, *, small: bool = False) -> str:
    """A paragraph with **bold** words."""
    return f"<p{' class=small' if small else ''}>{bold(words)}</p>"


def section(title: str, parts: Iterable[str]) -> str:
    """A heading and what belongs to it."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def subheading(words: str) -> str:
    """A heading within a section."""
    return f"<h3>{escape(words)}</h3>"


def figure(content: str, caption: str, *, kind: str = "chart") -> str:
    """A chart or a picture, which is HTML, over its caption."""
    return f'<figure class="{kind}">{content}<figcaption>{bold(caption)}</figcaption></figure>'


def side_by_side(parts: Iterable[str], *, kind: str = "") -> str:
    """Pieces of HTML beside one another as far as there is room."""
    return f'<div class="beside {kind}">{"".join(parts)}</div>'


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str,
    *,
    kind: str = "",
    styles: dict[tuple[int, int], str] | None = None,
) -> str:
    """A table whose first column names the rows.

    Args:
        styles: the style of single cells by row and column, both from 0, without the names.
    """
    styles = styles or {}
    heads = "".join(
        f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in head
    )
    lines = []
    for i, (first, *cells) in enumerate(rows):
        row = "".join(
            f"<td{f' style={chr(34)}{styles[i, j]}{chr(34)}' if (i, j) in styles else ''}>"
            f"{escape(cell)}</td>"
            for j, cell in enumerate(cells)
        )
        lines.append(f'<tr><th scope="row">{escape(first)}</th>{row}</tr>')
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="{kind}"><caption>{bold(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def legend(entries: Sequence[tuple[str, str, str]]) -> str:
    """Symbols in their colours with names: (symbol, colour, name)."""
    said = "".join(
        f'<li><span style="color:{colour}" aria-hidden="true">{symbol}</span> {escape(name)}</li>'
        for symbol, colour, name in entries
    )
    return f'<ul class="legend">{said}</ul>'
