"""The text that browser and server share about one canvas, and the drawing that it amounts to.
A journal only grows, so that nothing can be lost between the two.

The browser appends to the journal whatever a person does and sends all that Python has not
confirmed yet. Streamlit may merge such messages or repeat one: a later one contains the earlier,
and one that is known already adds nothing. Python sends its journal back as the confirmation.
The words of a journal are

    +bbxxyyw   a pen stroke begins: the brush's diameter, then its first point and width
    ~bbxxyyw   an eraser stroke begins
    xxyyw      the next point of the stroke that was begun last
    !          that stroke is withdrawn (a second finger came down: the page is being scrolled)
    < > *      undo, redo, clear

where a letter is a digit in base 64. So every position is in range, and no NaN can be written.
"""

import re
import secrets
from base64 import b64decode
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mnist_core.arrays import Picture
from mnist_core.preprocess.pen import Stroke, ink_of

GRID = 28  # cells on a side, for the keyboard's cursor and for a background picture
# What one canvas may hold: it is read and painted in less than 100 ms of the server's processor.
JOURNAL_LIMIT = 24_000  # characters, about 4,800 points; a drawn digit has about 60
MOST_MARKS = 600  # strokes and clears that undo can take back
MOST_WORK = 70_000  # see _work_of; no brush that the page has comes near it
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DIGIT_OF_BYTE = np.zeros(128, np.int32)
DIGIT_OF_BYTE[np.frombuffer(DIGITS.encode(), np.uint8)] = np.arange(64)
FULL = 4095  # the right or lower edge, in the two digits of a coordinate
NORMAL_WIDTH = 32  # the digit of a width factor of 1
WORDS = re.compile(r"[+~][\w-]{7}(?:[\w-]{5})*|(?:[\w-]{5})+|[!<>*]", re.ASCII)
MESSAGE = re.compile(
    r"([\w-]{1,32}) (\d{1,6}) ([^ ]*)(?: ([\w-]{0,32}) ([A-Za-z0-9+/=]{0,2000}))?", re.ASCII
)


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is on the canvas: strokes over an optional background, uint8 (28, 28), white on black.

    revision grows with every change in one session; it is 0 for a drawing not made on a canvas.
    """

    strokes: tuple[Stroke, ...] = ()
    background: Picture | None = None
    revision: int = 0

    @property
    def is_blank(self) -> bool:
        """Whether nothing was drawn. What was drawn and rubbed out is not blank, only black."""
        return self.background is None and all(stroke.erase for stroke in self.strokes)


def rasterise(drawing: Drawing, size: int = 10 * GRID) -> Picture:
    """The drawing as a picture, uint8 (size, size), white ink on black, with grey edges."""
    return ink_of(drawing.strokes, size, drawing.background)


CLEARED = None  # a mark in the history: undo can take it back like a stroke


@dataclass(frozen=True, eq=False)
class Journal:
    """The text that browser and server share, and what it amounts to.

    origin names the journal: a new one is begun when the page puts a drawing on the canvas, or when
    the browser cuts off the distant past. history holds the marks in effect, undone those that redo
    would bring back, the next one last.
    """

    origin: str = ""
    background: Picture | None = None
    text: str = ""
    history: tuple[Stroke | None, ...] = ()
    undone: tuple[Stroke | None, ...] = ()
    in_stroke: bool = False  # whether the journal ends within a stroke, so that points may follow

    def extended(self, text: str) -> "Journal":
        """The journal with more words. Raises ValueError for a text that is none of ours."""
        if len(self.text) + len(text) > JOURNAL_LIMIT:
            raise ValueError(f"a journal has at most {JOURNAL_LIMIT} characters")
        history, undone, in_stroke = list(self.history), list(self.undone), self.in_stroke
        position = 0
        while position < len(text):
            match = WORDS.match(text, position)
            if match is None:
                raise ValueError(f"not a word of a journal: {text[position : position + 8]!r}")
            word, position = match[0], match.end()
            if word[0] in "+~":
                history.append(_stroke_of(word))
                undone.clear()
                in_stroke = True
            elif word == "<":
                if history:
                    undone.append(history.pop())
                in_stroke = False
            elif word == ">":
                if undone:
                    history.append(undone.pop())
                in_stroke = False
            elif word == "*":
                history.append(CLEARED)
                undone.clear()
                in_stroke = False
            elif not in_stroke or (stroke := history[-1]) is None:
                raise ValueError("there is no stroke to go on with")
            elif word == "!":
                history.pop()
                in_stroke = False
            else:
                history[-1] = replace(stroke, points=np.vstack([stroke.points, _points_of(word)]))
            if len(history) + len(undone) > MOST_MARKS:
                raise ValueError(f"a journal has at most {MOST_MARKS} marks")
        if sum(_work_of(mark) for mark in history if mark is not None) > MOST_WORK:
            raise ValueError("strokes as many and as wide as these take too long to paint")
        return Journal(
            self.origin, self.background, self.text + text, tuple(history), tuple(undone), in_stroke
        )

    def drawing(self, revision: int) -> Drawing:
        """What is on the canvas: the strokes since it was last cleared."""
        strokes: list[Stroke] = []
        background = self.background
        for mark in self.history:
            if mark is None:
                strokes.clear()
                background = None
            else:
                strokes.append(mark)
        return Drawing(tuple(strokes), background, revision)


def _points_of(digits: str) -> NDArray[np.float32]:
    """The points, float32 (n, 3), of 5 n digits."""
    d = DIGIT_OF_BYTE[np.frombuffer(digits.encode("ascii"), np.uint8)].reshape(-1, 5)  # (n, 5)
    x, y = d[:, 0] * 64 + d[:, 1], d[:, 2] * 64 + d[:, 3]
    return np.stack([x / FULL, y / FULL, d[:, 4] / NORMAL_WIDTH], axis=1).astype(np.float32)


def _stroke_of(word: str) -> Stroke:
    brush = (DIGITS.index(word[1]) * 64 + DIGITS.index(word[2])) / FULL
    return Stroke(_points_of(word[3:]), brush, erase=word[0] == "~")


def _work_of(stroke: Stroke) -> float:
    """About how many microseconds it takes to paint a stroke: more for wide ones."""
    widths = float(stroke.points[:, 2].sum()) * stroke.brush
    return 30 + 9 * len(stroke.points) + 20 * widths


def journal_text(drawing: Drawing) -> str:
    """The drawing's strokes in the words of a journal, to the nearest 1/4095 of the side."""
    words = []
    for stroke in drawing.strokes:
        words.append(("~" if stroke.erase else "+") + _two_digits(stroke.brush))
        for x, y, width in stroke.points:
            width_digit = round(min(max(float(width) * NORMAL_WIDTH, 0), 63))
            words.append(_two_digits(x) + _two_digits(y) + DIGITS[width_digit])
    return "".join(words)


def _two_digits(fraction: float) -> str:
    high, low = divmod(round(min(max(float(fraction), 0), 1) * FULL), 64)
    return DIGITS[high] + DIGITS[low]


@dataclass(frozen=True, eq=False)
class CanvasState:
    """What a session knows of one canvas.

    Its journal, the drawing that this amounts to, the drawing that the page passed in last, and the
    journal as the browser was told it last.
    """

    journal: Journal = field(default_factory=Journal)
    drawing: Drawing = field(default_factory=Drawing)
    passed: Drawing = field(default_factory=Drawing)
    told: Journal = field(default_factory=Journal)

    def after_passing(self, drawing: Drawing) -> "CanvasState":
        """The state after the page passed a drawing in.

        What is on the canvas already, or what was passed the last time, changes nothing. Any other
        drawing is put on the canvas and begins a journal.
        """
        if drawing is self.passed:  # as after a run that ended before it could keep our answer
            return self
        if _look_alike(drawing, self.drawing):
            return replace(self, passed=drawing)
        journal = Journal(origin=secrets.token_urlsafe(6), background=drawing.background)
        journal = journal.extended(journal_text(drawing))
        placed = replace(drawing, revision=self.drawing.revision + 1)
        journal = replace(journal, in_stroke=False)
        return replace(self, journal=journal, drawing=placed, passed=drawing)

    def after_message(self, message: object) -> "CanvasState":
        """The state after a message: the same if nothing in it is new, or if it is not one of ours.

        A message is "origin start text": the journal's text from a position on. As long as Python
        has not confirmed a journal that the browser began, "replaces background" follows: the
        origin that the browser knew before, so that a message that was under way cannot undo what
        the page has put on the canvas in the meantime.
        """
        match = MESSAGE.fullmatch(message) if isinstance(message, str) else None
        if match is None:
            return self
        origin, start, text, replaces, background = match.groups()
        known = len(self.journal.text) - int(start)  # characters of the message that are not new
        try:
            if origin == self.journal.origin and 0 <= known < len(text):
                journal = self.journal.extended(text[known:])
            elif origin != self.journal.origin == replaces and int(start) == 0:
                journal = Journal(origin, _background_of(background)).extended(text)
            else:
                return self
        except ValueError:
            return self
        return replace(self, journal=journal, drawing=journal.drawing(self.drawing.revision + 1))

    def has_heard(self, message: object) -> bool:
        """Whether a message is of this journal: the browser that wrote it knows the journal."""
        match = MESSAGE.fullmatch(message) if isinstance(message, str) else None
        return match is not None and match[1] == self.journal.origin


def _look_alike(a: Drawing, b: Drawing) -> bool:
    if a is b:
        return True
    same_background = (
        a.background is b.background
        if a.background is None or b.background is None
        else np.array_equal(a.background, b.background)
    )
    return same_background and journal_text(a) == journal_text(b)


def _background_of(encoded: str) -> Picture | None:
    """A background from base 64, None from an empty text. ValueError if it has not 28x28 bytes."""
    if not encoded:
        return None
    return np.frombuffer(b64decode(encoded, validate=True), np.uint8).reshape(GRID, GRID)
