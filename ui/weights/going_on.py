"""A new run that begins with the weights of a snapshot."""

from dataclasses import replace

import streamlit as st

from mnist_core.training.config import LIMITS
from mnist_core.training.run import starting_point
from ui.session import ShownRun, mnist, start_run
from ui.settings import LEARNING_RATES

MOST_EPOCHS = int(LIMITS["epochs"][1])


def going_on(run: ShownRun) -> None:
    """The new run's learning rate and epochs, and its start."""
    if run.snapshot is None:
        return
    st.write(
        f"A new run begins with the weights of step {run.snapshot.step:,}. It counts its steps "
        "from 0, and its optimizer starts without a history."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rate = st.select_slider(
            "Learning rate",
            sorted({*LEARNING_RATES, run.config.learning_rate}),
            run.config.learning_rate,
            format_func=lambda value: f"{value:g}",
            key=f"begin_rate_{run.id}",
        )
        key = f"begin_epochs_{run.id}"
        epochs = st.number_input("Epochs", 1, MOST_EPOCHS, run.config.epochs, key=key)
        if st.button("Go on from here", key="begin_from", icon=":material/alt_route:"):
            config = replace(run.config, learning_rate=rate, epochs=int(epochs))
            start_run(config, starting_point(config, run.snapshot.parameters, mnist().sha256))
            st.rerun()
