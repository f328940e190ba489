"""The robustness charts on their way to the browser: what is refused, what travels, what is chosen.
What the browser makes of them is tested in browser/test_robustness_chart.py.
"""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ui.components.robustness_chart import Kind, Line, Says, robustness_chart
from ui.components.robustness_chart.message import (
    accuracies_message,
    checked,
    chosen_after,
    fixed_message,
)

IMAGES = np.arange(9, dtype=np.uint8)[:, None, None] * np.ones((9, 28, 28), np.uint8)
SAYS = Says(np.arange(9), np.linspace(0.1, 0.9, 9))
SHIFT = Kind(
    "shift", "Shift", "pixels", np.arange(-4, 5), "It moves.", IMAGES, label=3, says={"MLP": SAYS}
)
SCALE = Kind("scale", "Scale", "", np.linspace(0.5, 1.5, 9), "It grows.", 255 - IMAGES, unchanged=1)
KINDS = [SHIFT, SCALE]
MLP = Line("MLP", "#009e73", np.linspace(0, 1, 18).reshape(2, 9))
CNN = Line("CNN", "#aa4499", np.full((2, 9), np.nan))


def parts_of(message: bytes) -> tuple[dict, bytes]:
    """The header of a message and its only piece of bytes."""
    (length,) = struct.unpack_from("<I", message)
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def fixed(kinds=KINDS, lines=(MLP, CNN)) -> tuple[bytes, int]:
    return fixed_message(kinds, lines, 10_000, key="r", description="Accuracy")


def test_what_stays_has_the_examples_and_all_words():
    message, stamp = fixed()
    header, examples = parts_of(message)
    assert header["stamp"] == stamp
    assert header["lines"] == [
        {"name": "MLP", "colour": "#009e73"},
        {"name": "CNN", "colour": "#aa4499"},
    ]
    assert [kind["unchanged"] for kind in header["kinds"]] == [4, 4]
    assert header["kinds"][0]["strengths"] == [-4, -3, -2, -1, 0, 1, 2, 3, 4]
    assert header["kinds"][0]["says"][0]["predictions"] == list(range(9))
    assert header["kinds"][0]["says"][1] is None  # nobody knows what the CNN says
    assert header["kinds"][1]["says"] == [None, None]
    np.testing.assert_array_equal(
        np.frombuffer(examples, np.uint8).reshape(2, 9, 28, 28), [IMAGES, 255 - IMAGES]
    )


def test_new_accuracies_change_nothing_in_the_message_that_stays():
    later = replace(CNN, accuracies=np.full((2, 9), 0.5))
    assert fixed(lines=[MLP, later]) == fixed()


def test_other_examples_have_another_stamp():
    assert fixed(kinds=[replace(SHIFT, examples=255 - IMAGES), SCALE])[1] != fixed()[1]


def test_accuracies_travel_as_they_are_and_missing_ones_too():
    accuracies = checked(KINDS, [MLP, CNN], 10_000)
    message = accuracies_message(accuracies, key="r", stamp=7, chosen=("shift", 3))
    header, numbers = parts_of(message)
    assert header == {
        "key": "r",
        "part": "accuracies",
        "stamp": 7,
        "chosen": ["shift", 3],
        "sizes": [144],
    }
    np.testing.assert_array_equal(
        np.frombuffer(numbers, "<f4").reshape(2, 2, 9),
        np.stack([MLP.accuracies, CNN.accuracies]).astype(np.float32),
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"strengths": np.arange(8)}, "shift: strengths must be 9 numbers"),
        ({"strengths": np.r_[np.arange(8), np.nan]}, "shift: strengths must be 9 numbers"),
        ({"strengths": np.arange(9)[::-1]}, "shift: strengths must rise"),
        ({"strengths": np.zeros(9)}, "shift: strengths must rise"),
        ({"unchanged": 0.5}, "shift: 0.5 is none of the strengths"),
        ({"examples": IMAGES[:8]}, r"shift: examples must be uint8 \(9, 28, 28\)"),
        ({"examples": IMAGES / 255}, "shift: examples must be uint8 .* not float64"),
        ({"label": 10}, "shift: the label must be a digit, not 10"),
        ({"says": {"SVM": SAYS}}, "shift: there is no line 'SVM'"),
        ({"says": {"MLP": replace(SAYS, predictions=np.arange(2, 11))}}, "MLP: predictions"),
        ({"says": {"MLP": replace(SAYS, predictions=np.arange(8))}}, "MLP: predictions"),
        ({"says": {"MLP": replace(SAYS, predictions=np.arange(9) / 2)}}, "MLP: predictions"),
        ({"says": {"MLP": replace(SAYS, confidences=np.full(9, 98.0))}}, "MLP: confidences"),
        ({"says": {"MLP": replace(SAYS, confidences=np.full(9, np.nan))}}, "MLP: confidences"),
    ],
)
def test_a_kind_that_is_none_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        checked([replace(SHIFT, **wrong), SCALE], [MLP], 10_000)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"colour": "green"}, 'MLP: the colour must be "#rrggbb"'),
        ({"accuracies": np.ones((9, 2))}, r"MLP: accuracies must be \(2, 9\), not \(9, 2\)"),
        ({"accuracies": np.full((2, 9), 98.0)}, "MLP: accuracies must be from 0 to 1"),
        ({"accuracies": np.full((2, 9), -0.1)}, "MLP: accuracies must be from 0 to 1"),
    ],
)
def test_a_line_that_is_none_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        checked(KINDS, [replace(MLP, **wrong)], 10_000)


def test_what_is_missing_or_too_much_is_refused():
    for kinds, lines, n, words in (
        ([], [MLP], 10, "at least one kind"),
        (KINDS, [], 10, "1 to 4 lines, not 0"),
        (KINDS, [replace(CNN, name=str(i)) for i in range(5)], 10, "1 to 4 lines, not 5"),
        (KINDS, [MLP], 0, "not on 0"),
        ([SHIFT, SHIFT], [MLP], 10, "each kind needs a name of its own"),
        (KINDS, [MLP, MLP], 10, "each line needs a name of its own"),
    ):
        with pytest.raises(ValueError, match=words):
            robustness_chart(kinds, lines, n, key="r", description="Accuracy")


def test_the_choice_is_what_the_browser_answered_last():
    assert chosen_after(["scale", 8], None, KINDS) == ("scale", 8)
    assert chosen_after(["scale", 8], ("shift", 1), KINDS) == ("scale", 8)
    assert chosen_after([], ("shift", 1), KINDS) is None
    assert chosen_after(None, ("shift", 1), KINDS) == ("shift", 1)  # it has said nothing yet


@pytest.mark.parametrize("answer", ["shift", ["shift"], ["shift", 9], ["shift", -1], [0, 1], {}])
def test_an_answer_that_is_no_strength_changes_nothing(answer):
    assert chosen_after(answer, ("scale", 2), KINDS) == ("scale", 2)


def test_a_kind_that_is_not_shown_is_not_chosen():
    assert chosen_after(["noise", 2], None, KINDS) is None
    assert chosen_after(None, ("shift", 2), [SCALE]) is None


def test_accuracies_travel_alone_and_are_few_bytes():
    def page() -> None:
        import numpy as np
        import streamlit as st

        from ui.components.robustness_chart import Kind, Line, robustness_chart

        images = np.zeros((9, 28, 28), np.uint8)
        kinds = [
            Kind(str(i), "Shift", "pixels", np.arange(9), "It moves.", images) for i in range(8)
        ]
        lines = [Line(str(i), "#009e73", np.full((8, 9), np.nan)) for i in range(3)]
        st.write(repr(robustness_chart(kinds, lines, 10_000, key="r", description="Accuracy")))

    app = AppTest.from_function(page, default_timeout=30).run()
    assert app.markdown[0].value == "None"
    still, numbers = (shown.proto.bytes for shown in app.get("bidi_component"))
    assert parts_of(still)[0]["stamp"] == parts_of(numbers)[0]["stamp"]
    assert len(still) > 8 * 9 * 784
    assert len(numbers) < 1_000
