"""A matrix on its way to the browser: colours, exact numbers, and who has chosen which cell.
What the browser makes of them is tested in browser/test_matrix.py.
"""

import json
import struct

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ui.components.choice import NOWHERE, Choice
from ui.components.matrix import MatrixLook, bars, matrix
from ui.components.matrix.numbers import MOST_EXACT, coded, exact
from ui.components.tiles import MISSING, STEPS


def test_the_largest_magnitude_gets_the_last_code_and_the_others_their_share():
    codes, peak = coded(np.array([[0.5, -2.0], [1.0, 0.0]]), diverging=True)
    assert codes.tolist() == [[32, -127], [64, 0]]
    assert peak == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_and_nothing_else_is_shown_as_zero(dtype):
    codes, _ = coded(np.array([[0, -0.0, 1e-30, -1e-30, 1]], dtype), diverging=True)
    assert codes.tolist() == [[0, 0, 1, -1, STEPS]]


def test_numbers_too_small_or_large_for_the_tiles_have_their_colours_too():
    assert coded(np.array([[1e-60, -5e-61, 0]]), diverging=True)[0].tolist() == [[127, -64, 0]]
    assert coded(np.array([[1e300, -1e300]]), diverging=True)[0].tolist() == [[127, -127]]


def test_numbers_that_are_not_finite_are_missing_and_leave_the_scale_alone():
    codes, peak = coded(np.array([[np.nan, np.inf, -np.inf, 0.5, -1.0]]), diverging=True)
    assert codes.tolist() == [[MISSING, MISSING, MISSING, 64, -127]]
    assert peak == 1


@pytest.mark.parametrize("nothing", [0.0, np.nan])
def test_without_any_number_the_scale_ends_at_zero(nothing):
    codes, peak = coded(np.full((2, 2), nothing), diverging=True)
    assert np.all(codes == (0 if nothing == 0 else MISSING))
    assert peak == 0


def test_the_numbers_travel_as_they_are():
    values = np.array([[0.1, -2.5], [np.nan, np.inf]])
    numbers, kind = exact(values)
    assert kind == "f4"
    np.testing.assert_array_equal(np.frombuffer(numbers, "<f4"), values.ravel().astype("f4"))


@pytest.mark.parametrize("extreme", [1e-60, 1e60])
def test_what_float32_cannot_hold_travels_in_float64(extreme):
    numbers, kind = exact(np.array([[extreme, 0]]))
    assert kind == "f8"
    assert np.frombuffer(numbers, "<f8").tolist() == [extreme, 0]


def test_of_very_many_numbers_the_codes_alone_travel():
    assert exact(np.ones((1, MOST_EXACT)))[1] == "f4"
    assert exact(np.ones((1, MOST_EXACT + 1))) == (b"", "")


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (0, 3), ()])
def test_another_shape_than_a_matrix_is_refused(shape):
    with pytest.raises(ValueError, match=r"\(rows, columns\)"):
        matrix(np.zeros(shape), key="matrix", description="Zeros")


@pytest.mark.parametrize("shape", [(1, 3), (3, 2), (0,), (3, 1, 1), ()])
def test_another_shape_than_a_vector_is_refused(shape):
    with pytest.raises(ValueError, match=r"\(n,\) or \(n, 1\)"):
        bars(np.zeros(shape), key="bars", description="Zeros")


@pytest.mark.parametrize("shape", [(2001, 1), (1, 50176)])
def test_more_than_a_browser_can_draw_is_refused(shape):
    with pytest.raises(ValueError, match="show a window"):
        matrix(np.zeros(shape), key="matrix", description="Zeros")


def test_labels_that_do_not_fit_the_bars_are_refused():
    with pytest.raises(ValueError, match="3 bars need 3 labels, not 2"):
        bars(np.zeros(3), key="bars", labels=["a", "b"], description="Zeros")


def test_a_negative_number_is_refused_without_diverging_colours():
    with pytest.raises(ValueError, match="diverging=True"):
        matrix(
            np.array([[-1.0]]), key="matrix", look=MatrixLook(diverging=False), description="One"
        )


@pytest.mark.parametrize("wrong", [{"height": 0}, {"cell": 0}, {"blocks": (0, 2)}])
def test_a_look_without_size_is_refused(wrong):
    with pytest.raises(ValueError, match="at least 1"):
        MatrixLook(**wrong)


def test_a_window_that_begins_before_the_matrix_is_refused():
    with pytest.raises(ValueError, match="at least 0"):
        MatrixLook(first_row=-1)


# ---- who has chosen ---------------------------------------------------------------------------


def test_what_the_reader_has_just_chosen_goes_before_what_the_page_still_wants():
    choice = Choice().after([2, 3, 1], (0, 0))
    assert choice.cell == (2, 3)
    assert choice.told()["orders"] == 0  # the browser knows it already


def test_the_page_may_choose_once_it_has_heard_of_the_reader():
    heard = Choice().after([2, 3, 1], None)
    choice = heard.after([2, 3, 1], (0, 0))
    assert choice.cell == (0, 0)
    assert choice.told() == {"orders": 1, "ordered": (0, 0), "ordered_at": 1}


def test_a_page_that_repeats_what_was_chosen_sends_nothing_new():
    choice = Choice().after([2, 3, 1], None)
    assert choice.after([2, 3, 1], (2, 3)) == choice


def test_without_a_wish_the_last_choice_stays():
    choice = Choice().after(None, (4, 4))
    assert choice.after(None, None) == choice


@pytest.mark.parametrize("answer", [None, "2, 3, 1", [1, 2], [1.5, 2, 3], {"row": 1}])
def test_an_answer_that_is_no_cell_chooses_nothing(answer):
    assert Choice().after(answer, None) == Choice()


def test_a_cell_out_of_sight_is_not_the_answer():
    choice = Choice(cell=(5, 400))
    assert choice.within((64, 512), (0, 0)) == (5, 400)
    assert choice.within((64, 512), (0, 400)) == (5, 400)
    assert choice.within((64, 400), (0, 0)) is None
    assert choice.within((64, 300), (0, 401)) is None
    assert Choice().within((64, 300), (0, 0)) is None


# ---- the whole message ------------------------------------------------------------------------


def test_a_message_has_colours_codes_and_numbers():
    def page() -> None:
        import numpy as np
        import streamlit as st

        from ui.components.matrix import MatrixLook, matrix

        look = MatrixLook(rows="hidden unit", columns="pixel", first_column=400, blocks=(2, 2))
        values = np.array([[0.0, 1.0], [-1.0, 0.5]], np.float32)
        st.write(
            repr(matrix(values, key="m", chosen=(1, 401), look=look, description="Two by two"))
        )

    app = AppTest.from_function(page, default_timeout=30).run()
    assert app.markdown[0].value == "(1, 401)"
    (shown,) = app.get("bidi_component")
    message = shown.proto.bytes
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    assert header["shape"] == [2, 2]
    assert header["ordered"] == [1, 401]
    colours, codes, numbers = header["sizes"]
    assert (colours, codes, numbers) == (1536, 4, 16)
    assert np.frombuffer(message[-20:-16], np.int8).tolist() == [0, 127, -127, 64]
    assert np.frombuffer(message[-16:], "<f4").tolist() == [0, 1, -1, 0.5]


def test_a_vector_is_answered_with_one_number():
    def page() -> None:
        import numpy as np
        import streamlit as st

        from ui.components.matrix import bars

        for key, values in {"flat": np.ones(3), "column": np.ones((3, 1))}.items():
            st.write(repr(bars(values, key=key, chosen=2, description="Ones")))
        st.write(repr(bars(np.ones(3), key="none", description="Ones")))

    app = AppTest.from_function(page, default_timeout=30).run()
    assert [line.value for line in app.markdown] == ["2", "2", "None"]


def test_the_page_may_choose_that_no_number_is_chosen():
    choice = Choice().after([2, 3, 1], None).after([2, 3, 1], NOWHERE)
    assert choice.within((9, 9), (0, 0)) is None
    assert choice.told() == {"orders": 1, "ordered": NOWHERE, "ordered_at": 1}
