"""Weights: what each hidden unit looks for, what it is worth, and how it came to be.
The gallery is always there; of the closer looks below it, the one that is open is worked out.
"""

from functools import partial

import streamlit as st

from mnist_core.paths import MODELS_FOLDER
from ui.choices import WEIGHTS
from ui.chosen_step import at_step_of_link, say_step
from ui.components.focus import keyboard_goes_on
from ui.glossary import words_explained
from ui.live import live
from ui.networks import (
    BEST,
    RUNNING,
    TAUGHT,
    fingerprint,
    loaded_network,
    own_predictors,
)
from ui.own import taught_network
from ui.run_words import no_weights_yet
from ui.session import ShownRun, session, shipped, shown_run
from ui.weights.feature_maps import filters_and_maps
from ui.weights.gallery import gallery
from ui.weights.going_on import going_on
from ui.weights.gradients import gradients
from ui.weights.loading import load_network
from ui.weights.looked import Looked, say_units_off
from ui.weights.maximization import activation_maximization
from ui.weights.network import network_and_digit
from ui.weights.one_unit import one_unit
from ui.weights.over_training import answers_over_training
from ui.weights.pruning import pruning
from ui.weights.saving import saving
from ui.weights.switched_off import switched_off
from ui.weights.time_machine import PLAY_EVERY, played_on, playing, time_machine
from ui.words import spelled

LOOK_EVERY = 0.5  # seconds, while a run that is looked at goes on
# Where the keyboard goes on after a button that goes.
AFTER = {
    "live": "play",
    "all_on": "off",
    "ask_pruned": WEIGHTS.key("look"),
    "begin_from": WEIGHTS.key("look"),
    "remedy": WEIGHTS.key("look"),
    "remove": "network_file",
}
OFF, PRUNING = "Switch off", "Pruning"
MAXIMIZATION, MAPS = "Activation maximization", "Feature maps"
GRADIENTS, SAVE, GO_ON = "Gradients", "Save", "Go on from here"
WORDS = ("bias", "dead", "saturated", "importance", "digit it speaks for", "pruning")
DEEPER = ("activation maximization", "snapshot", "diverged", "RMS gradient", "update ratio")
WORDS_OF_UNITS = ("hidden unit", *WORDS, *DEEPER)
WORDS_OF_MAPS = ("filter", *WORDS, "feature map", "receptive field", *DEEPER)


def page() -> None:
    """The choice of a network, its units as tiles, and closer looks below."""
    WEIGHTS.begin()
    st.title("What each hidden unit looks for, and how it came to be", anchor=False)
    run = at_step_of_link(shown_run(), WEIGHTS)
    chosen, name = _network(run)
    look = WEIGHTS.followed(partial(_look, chosen, name), tells=True)
    if chosen == RUNNING:
        live(look, played_on(run), lambda: played_on(shown_run()), pace=_pace)
    else:
        live(look, None, lambda: None, pace=_pace)
    keyboard_goes_on(AFTER)


def _network(run: ShownRun | None) -> tuple[str, str]:
    """The network that the visitor looks at: its key and its name."""
    names = _networks(run)
    default = RUNNING if RUNNING in names else next(iter(names))
    chosen = WEIGHTS.said("network", default, names)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            "Network",
            list(names),
            format_func=names.__getitem__,
            required=True,
            label_visibility="collapsed",
            key=WEIGHTS.key("network"),
            persist_state="session",
        )
        load_network(WEIGHTS.key("network"))
    if RUNNING not in names:
        st.caption("A run that you start on the Train page can be looked at here while it learns.")
    return chosen, names[chosen]


def _networks(run: ShownRun | None) -> dict[str, str]:
    """Names of the networks that can be looked at, by key."""
    names = {"mlp": "MLP"}
    if (MODELS_FOLDER / "cnn.npz").is_file():
        names["cnn"] = "CNN"
    return names | own_predictors(run, waiting=True)


def _pace(run: ShownRun | None) -> float | None:
    """Seconds until there is something new to be seen of a run."""
    if run is None:
        return None
    return PLAY_EVERY if playing(run) else LOOK_EVERY if run.goes_on else None


def _look(chosen: str, name: str, run: ShownRun | None) -> None:
    """Everything about one network; `run` is there if it is one's."""
    say_step(run, WEIGHTS)
    if run is not None:
        time_machine(run)
    looked = _looked(chosen, name, run)
    if looked is None:
        if run is not None:
            st.info(spelled(no_weights_yet(run)))
        return
    say_units_off(looked)
    left, right = st.columns([7, 5], gap="large")
    with left:
        unit = gallery(looked, run is not None and run.is_live)
        words_explained(WORDS_OF_MAPS if looked.layer.has_maps else WORDS_OF_UNITS)
    with right:
        if unit is None:
            st.caption(f"Choose a {looked.noun} by click, touch or arrow keys and Enter.")
            network_and_digit(looked)
        else:
            one_unit(looked, unit)
    if unit is not None:
        network_and_digit(looked)
    if run is not None:
        answers_over_training(run)
    _look_closer(looked, run)


def _looked(chosen: str, name: str, run: ShownRun | None) -> Looked | None:
    """The chosen network with its weights of the chosen snapshot; None before the first."""
    if chosen == RUNNING:
        if run is None or run.snapshot is None:
            return None
        changes = run.is_live or playing(run)
        return Looked(f"{RUNNING}_{run.id}", name, run.network, run.snapshot.step, changes)
    best = session().best
    if chosen == BEST and best is not None:
        return Looked(f"{BEST}_{best.run_id}", name, best.network)
    if chosen == TAUGHT:
        taught = taught_network()
        return Looked(f"{TAUGHT}_{fingerprint(taught)}", name, taught) if taught else None
    return Looked(chosen, name, loaded_network(chosen) or shipped(chosen))


def _look_closer(looked: Looked, run: ShownRun | None) -> None:
    """The panel that is open, if there is one."""
    panels = {
        OFF: partial(switched_off, looked),
        PRUNING: partial(pruning, looked),
        MAXIMIZATION: partial(activation_maximization, looked),
    }
    if looked.layer.has_maps:
        panels[MAPS] = partial(filters_and_maps, looked)
    if run is not None:
        panels |= {
            GRADIENTS: partial(gradients, run),
            SAVE: partial(saving, run),
            GO_ON: partial(going_on, run),
        }
    panel = WEIGHTS.said("look", None, panels)
    st.segmented_control(
        "Look closer", list(panels), key=WEIGHTS.key("look"), persist_state="session"
    )
    if panel is not None:
        panels[panel]()
