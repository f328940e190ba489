"""A search over one or two settings, with several seeds: a chart and a table that fill up."""

from functools import partial

import streamlit as st

from mnist_core.experiments.experiment import Seen
from mnist_core.experiments.sweep import scores
from mnist_core.training.recipes import PRESET_LABELS, PRESETS
from mnist_core.training.settings import SETTINGS
from ui import session
from ui.choices import EXPERIMENTS
from ui.experiments.asked import (
    NOTHING,
    Search,
    can_vary,
    search,
    setting_in_words,
    usual_values,
    values_of,
)
from ui.experiments.progress import progress_of
from ui.experiments.search_result import what_is_known
from ui.experiments.server import look, pace
from ui.glossary import words_explained
from ui.links import DEFAULT_PRESET
from ui.live import live
from ui.words import spelled

EPOCHS, SEEDS, DRAWS = range(1, 51), range(1, 6), range(2, 101)
USUAL_EPOCHS, USUAL_SEEDS, USUAL_DRAWS, USUAL_IMAGES = 3, 2, 12, 5_000
HOW = {"grid": "All combinations", "random": "Some at random"}
WORDS = ("validation images", "test images", "seed", "diverged", "95 % interval")
WIDTH = 220  # pixels of a widget: two stand side by side where there is room


def searching() -> None:
    """What is asked for on the left, what is known of it on the right."""
    asked, known = st.columns([5, 7], gap="large")
    with asked:
        found = _asked()
    with known:
        if isinstance(found, str):
            st.error(f"This can't be searched: {spelled(found)}.")
        else:
            order = found.order
            live(partial(_shown, found), look(order), partial(look, order), pace=pace)
    words_explained(WORDS)


def _shown(found: Search, seen: Seen) -> None:
    progress_of(
        seen,
        start="Start the search",
        done=f"Finished: all {len(found.configs)} runs are there.",
        key="search",
    )
    scored = scores(found.candidates, seen.finished.values())
    what_is_known(found, scored, seen.outcome)


def _asked() -> Search | str:
    """The search that the widgets ask for, or why there is none."""
    st.markdown("**Which settings are best?** Vary one or two of them; validation images choose.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        preset = EXPERIMENTS.said("base", DEFAULT_PRESET, PRESETS)
        st.selectbox(
            "Beginning with the recipe",
            list(PRESETS),
            format_func=PRESET_LABELS.__getitem__,
            key=EXPERIMENTS.key("base"),
            persist_state="session",
            width=2 * WIDTH,
        )
        base = PRESETS[preset]
        names = can_vary(base.model)
        first = _setting("vary", "Vary", names)
        second = _setting("and", "And", [NOTHING, *(name for name in names if name != first)])
    varied = [name for name in (first, second) if name != NOTHING]
    values = []
    for place, name in zip(("values", "with"), varied, strict=False):
        try:
            values.append(values_of(name, _values(place, name)))
        except ValueError as error:
            return str(error)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = EXPERIMENTS.said("how", "grid", HOW)
        st.segmented_control(
            "Try",
            list(HOW),
            format_func=HOW.__getitem__,
            required=True,
            key=EXPERIMENTS.key("how"),
            persist_state="session",
        )
        draws = _number("draws", "How many", USUAL_DRAWS, DRAWS) if how == "random" else 0
        changes = {}
        if "train_size" not in varied:
            changes["train_size"] = _images()
        if "epochs" not in varied:
            changes["epochs"] = _number("epochs", "Epochs", USUAL_EPOCHS, EPOCHS)
        seeds = _number("seeds", "Seeds for each", USUAL_SEEDS, SEEDS)
    try:
        base = type(base)(**(vars(base) | changes))
        return search(base, values, draws, seeds, len(session.mnist().train))
    except ValueError as error:
        return str(error)


def _setting(name: str, label: str, names: list[str]) -> str:
    chosen = EXPERIMENTS.said(name, names[0], names)
    st.selectbox(
        label,
        names,
        format_func=lambda one: "Nothing else" if one == NOTHING else setting_in_words(one),
        key=EXPERIMENTS.key(name),
        persist_state="session",
        width=WIDTH,
    )
    return chosen


def _values(place: str, name: str) -> str:
    """The values of a setting to try, as they are typed."""
    of = f"{name} "
    usual = usual_values(name)
    text = EXPERIMENTS.typed(place, usual, partial(values_of, name), of=of)
    chips = EXPERIMENTS.key(f"{of}{place} chips")
    if chips not in st.session_state:
        st.session_state[chips] = text.split(",")
    offered = [SETTINGS[name].as_typed(one) for one in SETTINGS[name].offered]
    own = (
        [] if SETTINGS[name].widget in ("slider", "number", "layers", "number or none") else offered
    )
    st.multiselect(
        f"{setting_in_words(name)}: values",
        list(dict.fromkeys([*usual.split(","), *own, *st.session_state[chips]])),
        accept_new_options=True,
        key=chips,
        on_change=_take_values,
        args=(place, of, chips),
        persist_state="session",
        help="Choose or type values. A + stands between the layers of one value, as 128+64. A "
        "range is typed alone: 0.001..1:log:7 for seven values, or without the number for "
        "values at random.",
    )
    return text


def _take_values(place: str, of: str, chips: str) -> None:
    EXPERIMENTS.choose(place, ",".join(st.session_state[chips]), of=of)


def _images() -> int:
    most = len(session.mnist().train)
    sizes = [size for size in SETTINGS["train_size"].offered if size <= most]
    usual = max(size for size in sizes if size <= USUAL_IMAGES)
    chosen = EXPERIMENTS.said("images", usual, sizes)
    st.selectbox(
        "Training images",
        sizes,
        format_func=lambda size: f"{size:,}",
        key=EXPERIMENTS.key("images"),
        persist_state="session",
        width=WIDTH // 2,
    )
    return chosen


def _number(name: str, label: str, usual: int, possible: range) -> int:
    chosen = EXPERIMENTS.said(name, usual, possible)
    st.number_input(
        label,
        possible[0],
        possible[-1],
        key=EXPERIMENTS.key(name),
        persist_state="session",
        width=WIDTH // 2,
    )
    return chosen
