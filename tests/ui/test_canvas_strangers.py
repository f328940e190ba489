"""A message that our canvas would not send changes nothing, and raises no error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.test_canvas import DOT, MIDDLE, started
from ui.components.canvas import JOURNAL_LIMIT, CanvasState


@pytest.mark.parametrize(
    "message",
    [
        None,
        7,
        float("nan"),
        [],
        {"text": DOT},
        "",
        "here",
        f"here 0 {DOT}",  # of a journal that was never begun
        f" 0 {DOT}  ",
        f"here -1 {DOT}  ",
        f"here 0.5 {DOT}  ",
        f"here NaN {DOT}  ",
        f"here 99999999 {DOT}  ",
        f"here \u0663 {DOT}  ",  # an Arabic three is no digit here
        f"{'h' * 33} 0 {DOT}  ",
        "here 0 +FPf_f_  ",  # a digit short
        "here 0 f_f_g  ",  # a point without a stroke
        "here 0 !  ",
        f"here 0 {DOT}<{MIDDLE}  ",
        f"here 0 {DOT}*{MIDDLE}  ",
        f"here 0 {DOT}!{MIDDLE}  ",
        "here 0 +FPf_f_\u00e9  ",
        f"here 0 {DOT}\n  ",
        f"here 0 {DOT}   ",
        f"here 0 {DOT}  AAAA",  # a background of three bytes
        f"here 0 {DOT}  {'A' * 1043}",
        f"here 0 {DOT}  {'A' * 1048576}",
        f"here 0 {DOT}{MIDDLE * (JOURNAL_LIMIT // 5)}  ",
    ],
)
def test_a_message_that_no_canvas_of_ours_sends_is_ignored(message: object):
    state = CanvasState()
    assert state.after_message(message) is state


@given(st.one_of(st.text(), st.text("+~!<>*ABg_- 0123456789"), st.from_type(type).flatmap(st.just)))
def test_no_message_raises_an_error(message: object):
    for state in (CanvasState(), started(DOT)):
        state.after_message(message)
        state.after_message(f"here 0 {message}  ")
        state.after_message(f"here 8 {message}")


def test_the_journal_stops_growing_at_its_limit():
    state, chunk = started(DOT), MIDDLE * 2000
    for _ in range(JOURNAL_LIMIT // len(chunk) + 2):
        state = state.after_message(f"here {len(state.journal.text)} {chunk}")
    assert JOURNAL_LIMIT - len(chunk) < len(state.journal.text) <= JOURNAL_LIMIT
