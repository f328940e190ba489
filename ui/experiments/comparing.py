"""Two kinds of training beside each other, fairly."""

from functools import partial

import streamlit as st

from mnist_core.experiments.comparison import aspects, differences
from mnist_core.experiments.experiment import Seen, too_much
from mnist_core.training.config import TrainConfig
from mnist_core.words import listed
from ui.choices import EXPERIMENTS
from ui.experiments.compare_result import what_came_out
from ui.experiments.compared import Comparison, comparison
from ui.experiments.progress import progress_of
from ui.experiments.server import look, pace
from ui.experiments.sides import side
from ui.html import changing_text, table
from ui.live import live
from ui.words import spelled

SEEDS = range(1, 6)
USUAL_SEEDS = 3


def comparing() -> None:
    """Both sides, what differs, the button, and what came out."""
    st.markdown("**Which way of training is better?** Both get the same start, images and order.")
    sides = [side("a"), side("b")]
    seeds = EXPERIMENTS.said("seeds", USUAL_SEEDS, SEEDS)
    st.number_input(
        "Seeds for each",
        SEEDS[0],
        SEEDS[-1],
        key=EXPERIMENTS.key("seeds"),
        persist_state="session",
        width=130,
    )
    problem = next((one for one in sides if isinstance(one, str)), "")
    first, second = sides
    if isinstance(first, str) or isinstance(second, str):
        st.error(f"This can't be compared: {spelled(problem)}.")
        return
    if not differences(first, second):
        st.info("A and B have the same settings: change one of them.")
        return
    _what_differs(first, second)
    if refusal := too_much(2 * seeds, 0):
        st.error(f"This can't be compared: {spelled(refusal)}.")
        return
    found = comparison(first, second, seeds)
    live(partial(_shown, found), look(found.order), partial(look, found.order), pace=pace)


def _what_differs(first: TrainConfig, second: TrainConfig) -> None:
    """The settings that differ, what is the same, and what could not be made so."""
    rows = [
        [name.replace("_", " "), *values] for name, values in differences(first, second).items()
    ]
    differ, same = st.columns([4, 7], gap="large")
    with differ:
        st.html(table(["what differs", "A", "B"], rows, caption="The settings that differ"))
    found = aspects(first, second)
    alike = listed([aspect.words for aspect in found if aspect.same])
    other = listed([aspect.words for aspect in found if not aspect.same])
    with same:
        st.html(changing_text(f"**The same for both:** {alike}.", small=True))
        if other:
            words = f"**What could not be made the same:** {other}."
            st.html(changing_text(words, small=True))


def _shown(found: Comparison, seen: Seen) -> None:
    progress_of(
        seen,
        start="Compare",
        done=f"Finished: all {len(seen.order.configs)} runs are there.",
        key="compare",
    )
    what_came_out(found, seen)
