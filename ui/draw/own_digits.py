"""The visitor's own digits: "It was a ...", the gallery, accuracies on them, fine-tuning.
They are kept with the visitor; a ZIP of them is for other programs, and for another browser.
"""

from collections.abc import Sequence

import streamlit as st

from mnist_core.data.mnist import Split
from mnist_core.data.own_digits import (
    MAX_ZIP_BYTES,
    CollectionError,
    empty,
    read_zip,
    to_zip,
    with_digit,
    with_digits,
    without_digit,
)
from mnist_core.data.zip_files import left_in_words
from mnist_core.evaluation.scores import wilson_interval
from mnist_core.nn.metrics import accuracy
from mnist_core.training.finetune import FineTuned, divided
from ui.charts.curves import CONFIG, fine_tune_curves
from ui.choices import DRAW
from ui.drawing import sheet_of
from ui.html import WORDS, captioned, changing_text, data_table, in_a_row, legend, picture
from ui.networks import OWN_NAMES, TAUGHT, Predictor
from ui.own import fine_tuned, is_taught, keep_collection, mark_taught, own_collection
from ui.session import mnist, session, shipped
from ui.theme import TRAINING, VALIDATION
from ui.words import a_digit, percent, plain_name, points, spelled

GALLERY = 60  # the newest digits are shown, as many as are looked at in one go
OWN_TEST_IMAGES = 2_000  # one's own network may change twice a second
FINE_TUNES = {"with replay of MNIST": (True, TRAINING), "without replay": (False, VALIDATION)}


def it_was_a() -> None:
    """Ten buttons, each of which keeps the drawing in the collection with its label."""
    st.segmented_control("It was a …", range(10), on_change=_keep, key="it-was", width="stretch")
    if words := st.session_state.pop("kept", ""):
        st.caption(spelled(words))


def _keep() -> None:
    """Keep the drawing with the chosen label, and make the choice free again."""
    label = st.session_state["it-was"]
    st.session_state["it-was"] = None
    image = sheet_of(session().drawing).image
    if label is None:
        return
    if image is None:
        st.session_state["kept"] = "There is nothing to keep yet: draw a digit."
        return
    before = own_collection()
    try:
        after = with_digit(before, image, label)
    except CollectionError as error:
        st.session_state["kept"] = str(error)
        return
    if len(after) == len(before):
        st.session_state["kept"] = f"This drawing is in your digits already, as {a_digit(label)}."
    elif _keep_all(after):
        st.session_state["kept"] = f"Kept as {a_digit(label)}: {len(after):,} in your digits now."


def _keep_all(collection: Split) -> bool:
    """Keep these digits in place of those before; whether that was done, and why not in words."""
    try:
        keep_collection(collection)
    except OSError as error:
        st.session_state["kept"] = f"Your digits could not be kept: {error}."
        return False
    return True


def own_digits(predictors: Sequence[Predictor]) -> None:
    """Gallery, accuracies, file and fine-tuning."""
    kept = own_collection()
    if not len(kept):
        st.info("Nothing kept yet: draw a digit and say what it was, or upload a ZIP saved here.")
    else:
        st.caption("They are kept on this server for this browser, until you empty the collection.")
        _gallery(kept)
        rows = _accuracies(kept, predictors)
        caption = "How well each network reads your digits"
        st.html(data_table(rows, caption=caption, kind=WORDS))
    _files(kept)
    if len(kept):
        _fine_tuning(kept)


def _gallery(kept: Split) -> None:
    newest = range(len(kept) - 1, max(-1, len(kept) - 1 - GALLERY), -1)
    st.html(
        in_a_row(
            [
                captioned(
                    picture(kept.images[i], alt=f"your {kept.labels[i]}", width=48),
                    f"{kept.labels[i]}",
                )
                for i in newest
            ]
        )
    )
    with st.container(horizontal=True):
        st.button("Take the last one out", on_click=_take_out_last, key="take-out")
        st.button("Empty the collection", on_click=_take_out_all, key="take-out-all")


def _take_out_last() -> None:
    _keep_all(without_digit(own_collection(), len(own_collection()) - 1))


def _take_out_all() -> None:
    _keep_all(empty())


def _accuracies(kept: Split, predictors: Sequence[Predictor]) -> list[dict[str, str]]:
    """A row for every network: how well it reads the visitor's digits, and MNIST's."""
    rows = []
    for predictor in predictors:
        right = int((predictor.network.predict(kept.images) == kept.labels).sum())
        low, high = wilson_interval(right, len(kept))
        rows.append(
            {
                "network": predictor.name,
                "your digits": f"{percent(right / len(kept), 1)} ({right:,} of {len(kept):,})",
                "95 % interval (Wilson)": f"{percent(low, 1)} to {percent(high, 1)}",
                "MNIST's test digits": _on_test(predictor),
            }
        )
    return rows


def _on_test(predictor: Predictor) -> str:
    """Accuracy on the test images, and on how many of them where that isn't all."""
    if predictor.shipped_as:
        return percent(_shipped_on_test(predictor.shipped_as))
    some = mnist().test[:OWN_TEST_IMAGES]
    right = accuracy(predictor.network.predict(some.images), some.labels)
    return f"{percent(right)} (of the first {OWN_TEST_IMAGES:,})"


@st.cache_resource(show_spinner="Reading MNIST's 10,000 test digits, once")
def _shipped_on_test(name: str) -> float:
    test = mnist().test
    return accuracy(shipped(name).predict(test.images), test.labels)


def _files(kept: Split) -> None:
    """Saving the collection, and getting one back."""
    left, right = st.columns(2)
    left.download_button(
        "Save as ZIP",
        to_zip(kept),
        "my-digits.zip",
        "application/zip",
        disabled=not len(kept),
        help="A PNG for every digit, and a pair of IDX files that data loaders read",
        key="save-zip",
    )
    file = right.file_uploader(
        "Add the digits of a ZIP",
        type=["zip"],
        max_upload_size=MAX_ZIP_BYTES >> 20,
        help="A ZIP that was saved here. Other data sets (IDX, .npz, CSV) are opened on the "
        "Evaluate page, to judge a network by.",
        key="add-zip",
    )
    if file is None:
        return
    if file.file_id == st.session_state.get("added-zip"):  # once, not at every run of this page
        right.caption(spelled(st.session_state["added-words"]))
        return
    st.session_state["added-zip"], st.session_state["added-words"] = file.file_id, ""
    try:
        more, left = read_zip(file.getvalue())
        keep_collection(with_digits(kept, more))
    except (CollectionError, OSError) as error:
        right.error(spelled(str(error)))
    else:
        count = "1 digit" if len(more) == 1 else f"{len(more):,} digits"
        rest = f"; {left_in_words(left)}" if left else ""
        st.session_state["added-words"] = f"{plain_name(file.name, 40)} has {count}{rest}."
        st.rerun()


def _fine_tuning(kept: Split) -> None:
    """Fine-tuning a copy of the MLP: what it gains on these digits, what it loses on MNIST's."""
    learned, held_out = divided(kept)
    words = (
        f"**Teach it.** A copy of the MLP learns from {len(learned):,} of your digits; "
        f"{len(held_out):,} are kept back to test it. The shipped network stays as it is."
    )
    st.html(changing_text(words))
    if not is_taught():
        st.button("Teach a copy of the MLP", on_click=_mark_taught, args=(True,), key="teach")
        return
    tuned = {name: fine_tuned(kept, replay=replay) for name, (replay, _) in FINE_TUNES.items()}
    st.write(
        f"The copy that was taught with replay can answer above and be looked at on the Weights "
        f"page, as **{OWN_NAMES[TAUGHT]}**. It learns anew whenever your digits change."
    )
    st.button("Delete the taught copy", on_click=_mark_taught, args=(False,), key="delete-taught")
    _gains_and_costs(tuned)


def _mark_taught(taught: bool) -> None:
    """Have a copy taught, and let it answer at once; or have none any more."""
    try:
        mark_taught(taught)
    except OSError as error:
        st.session_state["kept"] = f"That could not be noted: {error}."
        return
    if taught:
        DRAW.choose("who", TAUGHT)


def _gains_and_costs(tuned: dict[str, FineTuned]) -> None:
    """Accuracies during fine-tuning as curves, and in a table what they come to."""
    st.html(legend({name: ("—", FINE_TUNES[name][1]) for name in tuned}))
    left, right = st.columns(2)
    first = next(iter(tuned.values()))
    for column, words, values in (
        (left, "your digits that it learned from (%)", "learned"),
        (right, "MNIST's test digits (%)", "test"),
    ):
        curves = {name: (FINE_TUNES[name][1], getattr(t, values)) for name, t in tuned.items()}
        column.plotly_chart(
            fine_tune_curves(first.steps, curves, y=words), config=CONFIG, key=f"fine-tune-{values}"
        )
    rows = [_gain_and_cost(name, t) for name, t in tuned.items()]
    st.html(data_table(rows, caption="What fine-tuning gained and cost", kind=WORDS))


def _gain_and_cost(name: str, tuned: FineTuned) -> dict[str, str]:
    """A row: accuracies before and after, and what that comes to."""

    def change(values: list[float]) -> str:
        if not values:
            return "none kept back"
        return (
            f"{percent(values[0], 1)} → {percent(values[-1], 1)} ({points(values[-1] - values[0])})"
        )

    return {
        "fine-tuned": name,
        "your digits, learned from": change(tuned.learned),
        "your digits, kept back": change(tuned.held_out),
        "MNIST's test digits": change(tuned.test),
    }
