"""Where an experiment leads on to."""

import streamlit as st

from mnist_core.training.config import TrainConfig
from ui import settings
from ui.choices import EXPERIMENTS
from ui.links import Choice
from ui.pages import go_to

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
