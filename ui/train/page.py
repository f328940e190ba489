"""Train: press Start and watch a network learn.
The run lives in a process of its own; this page looks at it twice a second and never waits.
"""

import streamlit as st

from mnist_core.inspection.activations import feature_maps
from mnist_core.inspection.weight_pictures import first_layer_pictures
from mnist_core.training.config import TrainConfig
from ui.components.tiles import TileLook, weight_tiles
from ui.drawing import own_digit
from ui.html import picture
from ui.run_words import no_weights_yet
from ui.session import (
    ShownRun,
    live,
    mnist,
    shown_run,
)
from ui.settings import settings
from ui.train.controls import applies_now, buttons, progress
from ui.train.curves import curves
from ui.train.diagnosis import diagnosis

LOOK_EVERY = 0.5  # seconds
FIRST_LOOK_EVERY = 0.15  # until there is something to see
REST_EVERY = 3.0  # when nothing is expected any more


def page() -> None:
    """The run on the left, the settings of the next one on the right."""
    st.title("Train", anchor=False)
    st.write("Press **Start** and watch a network learn to read handwritten digits.")
    picture, choice = st.columns([7, 3], gap="large")
    with choice:
        config = _next_run()

    def shown(run: ShownRun | None) -> None:
        _run(config, run)

    with picture:
        live(shown, shown_run(), shown_run, pace=_pace)


def _next_run() -> TrainConfig | None:
    """The settings of the next run; None, and why, where they make none."""
    st.subheader("For the next run", anchor=False)
    chosen = settings(mnist().train.images[0])
    if chosen.problem:
        st.error(chosen.problem)
    return chosen.config


def _pace(run: ShownRun | None) -> float | None:
    """A run that has ended may be let go on from another tab, but that is worth no haste."""
    if run is None:
        return None
    if run.view.ended:
        return REST_EVERY
    return LOOK_EVERY if run.view.step else FIRST_LOOK_EVERY


def _run(config: TrainConfig | None, run: ShownRun | None) -> None:
    """Everything that changes while a run goes on."""
    buttons(config, run)
    progress(run.view if run else None)
    diagnosis(run)
    curves(config, run)
    applies_now(config, run)
    _tiles(run)


def _tiles(run: ShownRun | None) -> None:
    """The first layer's weights as pictures; for a CNN also what its filters make of a digit."""
    cnn = run is not None and run.config.model == "cnn"
    noun = "filter" if cnn else "hidden unit"
    st.subheader(f"What the {noun}s look for", anchor=False)
    if run is None:
        st.info("Each hidden unit's 784 weights will stand here as a picture. Press Start.")
        return
    if run.snapshot is None:
        st.info(no_weights_yet(run))
        return
    st.caption(
        f"Each picture is one {noun}'s weights: orange where ink speaks for it, blue where ink "
        "speaks against it. Choose one to read its values."
    )
    if run.chosen:
        st.caption(f"At step **{run.snapshot.step:,}**, the step chosen on the Weights page.")
    shared = st.toggle("One colour scale for all", key="tiles_shared", persist_state="session")
    weight_tiles(
        first_layer_pictures(run.network),
        key=f"tiles_{run.id}",
        scale="shared" if shared else "each",
        look=TileLook(columns=8 if cnn else 16, noun=noun, description=f"Weights of the {noun}s"),
    )
    if cnn:
        _feature_maps(run)


def _feature_maps(run: ShownRun) -> None:
    """What each convolution makes of the digit last drawn, or of a test image."""
    image, whose = own_digit()
    st.subheader(f"What they make of {whose}", anchor=False)
    st.html(picture(image, alt=whose, width=112))
    for number, (layer, maps) in enumerate(feature_maps(run.network, image).items(), start=1):
        if not layer.has_maps:
            continue
        st.caption(f"Convolution {number}: {len(maps)} feature maps, bright where it found much.")
        weight_tiles(
            maps,
            key=f"maps_{run.id}_{number}",
            diverging=False,
            scale="shared",
            look=TileLook(
                noun="feature map",
                quantity="activation",
                description=f"Feature maps of convolution {number}",
            ),
        )
