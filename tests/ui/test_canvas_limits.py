"""What one canvas may hold: no message of a stranger's keeps the server busy for long."""

import pytest

from ui.components.canvas import JOURNAL_LIMIT, MOST_MARKS, CanvasState

DOT = "+FPf_f_g"  # a stroke of one point, with the page's usual brush
FAR = "AAAAg____g"  # to one corner and to the other
WIDEST_OF_THE_PAGE = "+G6AAAAg"  # 442 / 4095, where the page's slider ends
AS_WIDE_AS_THE_CANVAS = "+__AAAAg"


def taken(text: str) -> bool:
    """Whether a canvas takes a journal of these words."""
    state = CanvasState()
    return state.after_message(f"here 0 {text}  ") is not state


@pytest.mark.parametrize(
    "text",
    [
        DOT * 30_000,
        DOT * (MOST_MARKS + 1),
        "*" * (MOST_MARKS + 1),
        (DOT + "*") * MOST_MARKS,
        WIDEST_OF_THE_PAGE + FAR * JOURNAL_LIMIT,
        AS_WIDE_AS_THE_CANVAS + FAR * (JOURNAL_LIMIT // 11),
    ],
    ids=["30,000 strokes", "strokes", "clears", "strokes and clears", "points", "a wide brush"],
)
def test_what_would_take_long_to_paint_is_refused(text: str) -> None:
    assert not taken(text)


@pytest.mark.parametrize(
    "text",
    [
        DOT * MOST_MARKS,
        DOT + "<>" * (JOURNAL_LIMIT // 2 - 4),
        WIDEST_OF_THE_PAGE + FAR * (JOURNAL_LIMIT // 10 - 1),
    ],
    ids=["strokes", "undone and redone", "the widest brush to the last point"],
)
def test_what_a_hand_can_draw_on_a_canvas_that_says_when_it_is_full_is_taken(text: str) -> None:
    assert taken(text)


def test_a_drawing_that_has_become_too_much_stays_as_it_was() -> None:
    state = CanvasState().after_message(f"here 0 {DOT * MOST_MARKS}  ")
    after = state.after_message(f"here {len(state.journal.text)} {DOT}")
    assert after is state
    assert len(after.drawing.strokes) == MOST_MARKS
