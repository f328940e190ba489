"""Where an experiment leads on to."""

import streamlit as st

from mnist_core.nn.network import Sequential
from mnist_core.training.config import TrainConfig
from ui import settings
from ui.choices import EVALUATE, EXPERIMENTS
from ui.links import Choice
from ui.networks import LOADED, fingerprint
from ui.pages import go_to
from ui.session import NamedNetwork, session

MOST_LOADED = 4  # networks of a visitor from elsewhere
TRAIN = ""  # the page's path


def to_train(config: TrainConfig, *, words: str, key: str) -> None:
    """A button that has the page Train begin with these settings; or why it can't."""
    choice = Choice.of_run(config)
    pressed = st.button(
        words,
        icon=":material/model_training:",
        disabled=choice is None,
        key=EXPERIMENTS.key(key),
    )
    if choice is None:
        st.caption("The page Train has no widget for one of these values: take one that it offers.")
    elif pressed:
        settings.take(choice)
        go_to(TRAIN)


def to_evaluate(networks: tuple[Sequential, Sequential]) -> None:
    """A button that has the page Evaluate judge both networks against each other."""
    words, icon = "Evaluate both", ":material/fact_check:"
    if st.button(words, icon=icon, key=EXPERIMENTS.key("to_evaluate")):
        mine = session()
        new = [
            NamedNetwork(f"{LOADED}{fingerprint(network)}", f"{letter} of a comparison", network)
            for letter, network in zip("AB", networks, strict=True)
        ]
        keys = [one.key for one in new]
        others = [one for one in mine.loaded if one.key not in keys]
        mine.loaded = [*others, *new][-MOST_LOADED:]
        EVALUATE.hand_over(network=keys[0], against=keys[1])
        go_to("evaluate")
