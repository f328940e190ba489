"""The canvas without a browser: what messages amount to, and drawings that the page passes in.
A small model of a person draws and undoes."""

from base64 import b64encode
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from ui.components.canvas import CanvasState, Drawing, Journal, Stroke, journal_text, rasterise

MIDDLE = "f_f_g"  # x = y = 2047 / 4095, width factor 1
DOT = "+FP" + MIDDLE  # brush 335 / 4095


def stroke(*points: tuple[float, float], brush: float = 0.1, erase: bool = False) -> Stroke:
    return Stroke(np.array([(x, y, 1) for x, y in points], np.float32), brush, erase)


def started(text: str = "", origin: str = "here") -> CanvasState:
    """The state after a browser's first message."""
    return CanvasState().after_message(f"{origin} 0 {text}  ")


def same(a: Drawing, b: Drawing) -> bool:
    return journal_text(a) == journal_text(b) and np.array_equal(rasterise(a), rasterise(b))


# ---- Reading a journal ---------------------------------------------------------------------------


def test_a_dot_is_read_with_its_place_brush_and_width():
    (dot,) = Journal().extended(DOT).drawing(1).strokes
    np.testing.assert_allclose(dot.points, [[2047 / 4095, 2047 / 4095, 1]], rtol=1e-6)
    assert dot.brush == (5 * 64 + 15) / 4095
    assert not dot.erase


def test_the_corners_of_the_canvas_can_be_written():
    (line,) = Journal().extended("~AAAAAAA" + "_____").drawing(1).strokes
    np.testing.assert_allclose(line.points, [[0, 0, 0], [1, 1, 63 / 32]], rtol=1e-6)
    assert line.erase


@pytest.mark.parametrize(
    ("words", "strokes"),
    [
        (DOT + "<", 0),
        (DOT + "<>", 1),
        (DOT + DOT + "*", 0),
        (DOT + DOT + "*<", 2),
        (DOT + "*<>" + DOT, 1),
        (DOT + "<" + DOT + ">", 1),  # a new stroke leaves nothing to redo
        (DOT + DOT + MIDDLE + "!", 1),
        ("<<>>" + DOT, 1),
    ],
)
def test_undo_redo_clear_and_withdrawal_do_what_they_say(words: str, strokes: int):
    assert len(Journal().extended(words).drawing(1).strokes) == strokes


def test_clearing_takes_the_background_away_and_undo_brings_it_back():
    journal = Journal(background=np.full((28, 28), 9, np.uint8))
    assert not journal.drawing(1).is_blank
    assert journal.extended("*").drawing(1).is_blank
    assert journal.extended("*<").drawing(1).background is journal.background


def test_a_drawing_is_blank_until_a_pen_touches_it():
    assert Drawing().is_blank
    assert Drawing((stroke((0.5, 0.5), erase=True),)).is_blank
    assert not Drawing((stroke((0.5, 0.5)),)).is_blank


@given(
    st.lists(
        st.builds(
            Stroke,
            st.lists(
                st.tuples(
                    st.integers(0, 4095).map(lambda n: n / 4095),
                    st.integers(0, 4095).map(lambda n: n / 4095),
                    st.integers(0, 63).map(lambda n: n / 32),
                ),
                min_size=1,
                max_size=5,
            ).map(lambda points: np.array(points, np.float32)),
            st.integers(0, 4095).map(lambda n: n / 4095),
            st.booleans(),
        ),
        max_size=4,
    )
)
def test_a_drawing_that_is_written_is_read_back_unchanged(strokes: list[Stroke]):
    read = Journal().extended(journal_text(Drawing(tuple(strokes)))).drawing(1).strokes
    assert len(read) == len(strokes)
    for back, original in zip(read, strokes, strict=True):
        np.testing.assert_array_equal(back.points, original.points)
        assert (back.brush, back.erase) == (original.brush, original.erase)


# ---- Messages ------------------------------------------------------------------------------------


@dataclass
class Person:
    """A plain model of what someone at the canvas does, with lists instead of a journal."""

    words: list[str] = field(default_factory=list)
    done: list[list[str]] = field(default_factory=list)  # strokes, each a list of words; [] = clear
    undone: list[list[str]] = field(default_factory=list)

    def begin(self, word: str) -> None:
        self.done.append([word])
        self.undone = []
        self.words.append(word)

    def extend(self, word: str) -> None:
        self.done[-1].append(word)
        self.words.append(word)

    def clear(self) -> None:
        self.done.append([])
        self.undone = []
        self.words.append("*")

    def undo(self) -> None:
        if self.done:
            self.undone.append(self.done.pop())
            self.words.append("<")

    def redo(self) -> None:
        if self.undone:
            self.done.append(self.undone.pop())
            self.words.append(">")

    def picture(self) -> str:
        """The words of the strokes that can be seen."""
        clears = [i for i, mark in enumerate(self.done) if not mark]
        seen = self.done[clears[-1] + 1 :] if clears else self.done
        return "".join(word for mark in seen for word in mark)


POINT = st.text("ABCgw_-09", min_size=5, max_size=5)


@st.composite
def people(draw: st.DrawFn) -> Person:
    person = Person()
    for action in draw(st.lists(st.sampled_from(["stroke", "undo", "redo", "clear"]), max_size=12)):
        if action == "stroke":
            person.begin(draw(st.sampled_from("+~")) + "FP" + draw(POINT))
            for point in draw(st.lists(POINT, max_size=6)):
                person.extend(point)
        else:
            getattr(person, action)()
    return person


@given(people(), st.data())
def test_however_messages_are_cut_merged_repeated_or_dropped_the_drawing_is_the_same(
    person: Person, data: st.DataObject
):
    """The browser knows of some confirmations late, or never; only its last message must arrive."""
    state, confirmed, text = CanvasState(), 0, ""
    for i, word in enumerate(person.words):
        text += word
        last = i == len(person.words) - 1
        if not last and not data.draw(st.booleans(), "send"):
            continue
        known = state.journal.origin == "browser"
        message = f"browser {confirmed} {text[confirmed:]}" + ("" if known else "  ")
        if last or data.draw(st.booleans(), "arrives"):
            state = state.after_message(message)
        if data.draw(st.booleans(), "arrives again with another widget's change"):
            state = state.after_message(message)
        if data.draw(st.booleans(), "confirmation arrives") and state.journal.origin == "browser":
            confirmed = len(state.journal.text)
    assert state.journal.text == text
    assert journal_text(state.drawing) == person.picture()


def test_a_message_that_is_known_already_changes_nothing():
    state = started(DOT)
    assert state.after_message(f"here 0 {DOT}") is state
    assert state.after_message(f"here 3 {DOT[3:]}") is state


def test_revisions_grow_with_every_change():
    first = started(DOT)
    second = first.after_message(f"here {len(DOT)} <")
    placed = second.after_passing(Drawing((stroke((0.5, 0.5)),)))
    assert 0 < first.drawing.revision < second.drawing.revision < placed.drawing.revision


def test_a_message_with_a_gap_before_it_is_refused():
    state = started(DOT)
    assert state.after_message(f"here {len(DOT) + 1} {DOT}") is state


def test_a_reloaded_browser_restores_its_drawing_in_a_new_session():
    background = np.arange(784, dtype=np.uint8).reshape(28, 28)
    encoded = b64encode(background.tobytes()).decode()
    state = CanvasState().after_passing(Drawing()).after_message(f"old 0 {DOT}  {encoded}")
    assert len(state.drawing.strokes) == 1
    np.testing.assert_array_equal(state.drawing.background, background)


def test_a_browser_may_cut_off_the_past_of_its_own_journal_only():
    state = started(DOT + DOT)
    assert len(state.after_message(f"new 0 {DOT} here ").drawing.strokes) == 1
    assert state.after_message(f"new 0 {DOT} elsewhere ") is state
    assert state.after_message(f"new 8 {DOT} here ") is state


def test_a_browser_that_has_written_in_a_journal_knows_it():
    state = started(DOT)
    assert state.has_heard(f"here 0 {DOT}")
    for other in (None, "", f"elsewhere 0 {DOT}"):
        assert not state.has_heard(other)


def test_strokes_leave_what_the_canvas_is_told_as_it_was_and_get_a_receipt():
    """Streamlit sends a canvas as a whole, 30 kB, whenever what it is told has changed."""
    app = AppTest.from_function(canvas_page, default_timeout=30).run()
    data = [app.get("bidi_component")[0].proto]
    for start, words in ((0, DOT), (len(DOT), MIDDLE), (len(DOT) + 5, DOT)):
        app.session_state["message"] = f"here {start} {words}{'' if start else '  '}"
        app.run()
        assert not app.exception
        data.append(app.get("bidi_component")[0].proto)
        length = start + len(words)
        assert f'data-origin="here" data-length="{length}"' in app.get("html")[0].proto.body
    assert data[1].SerializeToString() == data[2].SerializeToString() == data[3].SerializeToString()


def canvas_page() -> None:
    """A canvas whose browser says what the test has put into the session."""
    import streamlit as st

    from ui.components import canvas

    if message := st.session_state.get("message"):
        st.session_state["canvas"] = {"ink": message}
    st.session_state["drawing"] = canvas.draw_canvas(
        st.session_state.get("drawing", canvas.Drawing()), key="canvas"
    )
    st.html(canvas.receipt("canvas"))


# ---- Drawings that the page passes in ------------------------------------------------------------


def test_a_drawing_that_came_from_the_canvas_is_not_put_on_it_again():
    state = started(DOT)
    assert state.after_passing(state.drawing).journal is state.journal


def test_a_run_that_ends_before_it_keeps_the_answer_loses_nothing():
    first = Drawing()
    state = CanvasState().after_passing(first).after_message(f"here 0 {DOT}  ")
    assert state.after_passing(first).drawing is state.drawing


def test_an_empty_drawing_passed_to_a_new_canvas_leaves_room_for_what_the_browser_kept():
    state = CanvasState().after_passing(Drawing()).after_passing(Drawing())
    assert state.journal.origin == ""


def test_a_passed_drawing_replaces_the_canvas_and_messages_under_way_come_too_late():
    drawn = started(DOT).after_passing(started(DOT).drawing)
    passed = Drawing((stroke((0.25, 0.5), (0.75, 0.5)),))
    state = drawn.after_passing(passed)
    assert same(state.drawing, passed)
    assert state.after_message(f"here {len(DOT)} {DOT}") is state
    assert state.after_message(f"new 0 {DOT} here ") is state
    assert state.after_passing(passed).drawing is state.drawing


def test_one_draws_on_over_a_background():
    digit = np.full((28, 28), 100, np.uint8)
    state = CanvasState().after_passing(Drawing(background=digit))
    state = state.after_message(f"{state.journal.origin} 0 {DOT}")
    picture = rasterise(state.drawing)
    assert (picture[0, 0], picture[140, 140]) == (100, 255)


@pytest.mark.parametrize("words", [DOT, DOT + "*<", "*" + DOT])
def test_an_empty_drawing_empties_the_canvas(words: str):
    passed = Drawing()
    state = CanvasState().after_passing(passed).after_message(f"here 0 {words}  ")
    for before in (state, state.after_passing(state.drawing)):
        after = before.after_passing(Drawing())
        assert after.drawing.is_blank
        assert after.journal.text == ""


def test_the_same_picture_can_be_put_on_the_canvas_again_once_it_was_drawn_over():
    digit = Drawing(background=np.full((28, 28), 100, np.uint8))
    state = CanvasState().after_passing(digit)
    state = state.after_message(f"{state.journal.origin} 0 {DOT}")
    state = state.after_passing(state.drawing).after_passing(digit)
    assert same(state.drawing, digit)
