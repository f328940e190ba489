"""Reads images from CSV: a row each, 784 pixels and the label, first or last.
Files come from other people too: a row is believed when each of its numbers is one.
"""

from collections.abc import Iterator
from itertools import chain

import numpy as np

from mnist_core.arrays import CLASSES, PIXELS, SIDE, Array
from mnist_core.data.idx import MAX_IDX_BYTES, DataError, Readable

PIECE = 2**18  # bytes read at a time: while they become numbers, they take 25 times as much
LONGEST_ROW = 2**16  # bytes; 785 numbers with quotes and spaces are a tenth
COLUMNS = 1 + PIXELS
LABEL_NAMES = {"label", "labels", "class", "target", "digit", "y"}
SEPARATORS = bytes.maketrans(b";\t", b",,")
UNUSED = b"\r \"'"
COMMA, LINE_END, ZERO = b",\n0"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
EXPECTED = f"a label and {PIXELS} pixels from 0 to 255 in each row are expected"


def read_table(file: Readable, name: str, *, most_bytes: int | None = None) -> tuple[Array, Array]:
    """Images uint8 (N, 28, 28) and labels uint8 (N,); DataError, which calls the file `name`.

    The header, if there is one, says where the label stands. Memory grows with what has been read,
    to as many bytes as `most_bytes`, and a byte is a number.
    """
    blocks = _blocks(file, name)
    first = next(blocks, b"")
    header, _, rest = first.partition(b"\n")
    names = _names(header)
    line = 2 if names else 1
    tables: list[Array] = []
    size = 0
    for block in chain([rest if names else first], blocks):
        table = _numbers(block, name, line)
        line += len(table)
        tables.append(table)
        size += table.size
        if size > (most_bytes or MAX_IDX_BYTES):
            raise DataError(f"{name} holds more than {(most_bytes or MAX_IDX_BYTES) >> 20} MB")
    rows = np.concatenate(tables) if tables else np.empty((0, COLUMNS), np.uint8)
    last = _label_is_last(names, rows)
    images = np.ascontiguousarray(rows[:, :-1] if last else rows[:, 1:]).reshape(-1, SIDE, SIDE)
    labels = rows[:, -1 if last else 0].copy()
    images.flags.writeable = labels.flags.writeable = False  # as those of an IDX file
    return images, labels


def columns_of(file: Readable, name: str) -> int:
    """How many columns the first row has; 0 for an empty file."""
    row = next(_blocks(file, name), b"").partition(b"\n")[0]
    return row.count(b",") + 1 if row else 0


def _blocks(file: Readable, name: str) -> Iterator[bytes]:
    """Whole rows with a line end behind each, commas between their numbers, and nothing else."""
    rest = bytes(file.read(len(BYTE_ORDER_MARK))).removeprefix(BYTE_ORDER_MARK)
    if rest[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{name} is text in UTF-16: save it as CSV in UTF-8")
    while piece := file.read(PIECE):
        whole, end, rest = (rest + piece).rpartition(b"\n")
        if len(rest) > LONGEST_ROW:
            raise DataError(f"{name} has no rows: {EXPECTED}")
        if plain := _plain(whole + end):
            yield plain
    if plain := _plain(rest + b"\n"):
        yield plain


def _plain(text: bytes) -> bytes:
    plain = text.translate(SEPARATORS, UNUSED)
    while b"\n\n" in plain:
        plain = plain.replace(b"\n\n", b"\n")
    return plain.removeprefix(b"\n")


def _names(header: bytes) -> list[str]:
    """The columns' names, if that is what the first row has."""
    names = header.decode("ascii", "replace").lower().split(",")
    return names if any(name[:1].isalpha() for name in names) else []


def _label_is_last(names: list[str], rows: Array) -> bool:
    """Whether the label stands in the last column: by its name, or else by what stands there.

    A picture's corner is hardly ever anything but background.
    """
    if names:
        return names[-1] in LABEL_NAMES and names[0] not in LABEL_NAMES
    first, last = rows[:, 0], rows[:, -1]
    return not first.any() and bool(last.any()) and int(last.max()) < CLASSES


def _numbers(block: bytes, name: str, line: int) -> Array:
    """A block's rows, uint8 (N, 785); `line` is where in the file it begins."""
    letters = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero((letters == COMMA) | (letters == LINE_END))  # one behind each number
    lengths = np.diff(ends, prepend=-1) - 1
    row_ends = np.flatnonzero(letters[ends] == LINE_END)
    columns = np.diff(row_ends, prepend=-1)
    if (columns != COLUMNS).any():
        row = int(np.argmax(columns != COLUMNS))
        raise DataError(_of_columns(name, line + row, int(columns[row])))
    values = np.zeros(len(ends), np.uint16)
    wrong = (lengths < 1) | (lengths > 3)
    for place, power in enumerate((1, 10, 100)):
        has = lengths > place
        digits = letters[ends - 1 - place] - np.uint8(ZERO)  # what is no digit wraps, to 10 or more
        wrong |= has & (digits > 9)
        values += digits * np.uint16(power) * has
    wrong |= values > 255
    if wrong.any():
        which = int(np.argmax(wrong))
        text = block[ends[which] - lengths[which] : ends[which]][:20].decode("ascii", "replace")
        raise DataError(f"{name} has {text!r} in line {line + which // COLUMNS:,}: {EXPECTED}")
    return values.astype(np.uint8).reshape(-1, COLUMNS)


def _of_columns(name: str, line: int, found: int) -> str:
    """What is said of a row that is longer or shorter."""
    if found == PIXELS:
        return f"{name} has {PIXELS} columns, pixels without a label: {EXPECTED}"
    columns = "1 column" if found == 1 else f"{found:,} columns"
    return f"{name} has {columns} in line {line:,}: {EXPECTED}"
