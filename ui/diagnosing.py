"""What is wrong with the run that is shown, and the remedy as one click.
A run is judged at the ends of its epochs; a healthy one costs a look at its newest numbers.
"""

from dataclasses import replace
from functools import partial
from math import sqrt
from typing import cast

import streamlit as st

from mnist_core.inspection.diagnostics import (
    Diagnosis,
    Measurements,
    activities,
    diagnose,
    update_ratios,
)
from mnist_core.runs.state import RunView
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import Status
from ui.html import changing_warning
from ui.session import ShownRun, mnist, session, start_run

ACTIVITY_IMAGES = {"mlp": 2_000, "cnn": 200}  # a convolution takes longer
KEPT_WEIGHTS = "The last good weights were kept."


def looks_ill(run: ShownRun) -> bool:
    """Whether the results alone say that something is wrong with a run; takes no time."""
    sign = diagnose(_config(run.view), run.view.results, status=_status(run.view))
    # One epoch does not tell a network that learns slowly from one that does not learn.
    too_early = run.goes_on and len(run.view.results) == 1
    return sign is not None and (sign.name == "diverging" or not too_early)


def diagnosis_of(run: ShownRun) -> Diagnosis | None:
    """What is wrong with a run by its results and its newest weights, measured once an epoch."""
    view, kept = run.view, session().kept
    judged = (len(view.results), view.status)
    if kept.get("diagnosis", (None,))[0] != judged:
        found = diagnose(_config(view), view.results, status=_status(view), measured=_measured(run))
        kept["diagnosis"] = (judged, found)
    return cast(Diagnosis | None, kept["diagnosis"][1])


def diagnosis_with_remedy(run: ShownRun, diagnosis: Diagnosis) -> None:
    """The cause, the reason, and a button that starts a new run with the remedy's settings."""
    words = [f"**{diagnosis.name.capitalize()}.** {diagnosis.reason}", diagnosis.remedy]
    if run.view.status == "diverged":
        words.insert(1, KEPT_WEIGHTS)
    st.html(changing_warning(" ".join(words)))
    st.button(
        "Start again with that",
        icon=":material/healing:",
        key="remedy",
        on_click=partial(start_run, replace(run.config, **diagnosis.change)),
    )


def _measured(run: ShownRun) -> Measurements | None:
    """The newest step against the weights, and how the units answer; None without weights."""
    snapshots = run.handle.snapshots.all
    if not snapshots:
        return None
    network = snapshots[-1].network(run.config)
    images = mnist().validation.images[: ACTIVITY_IMAGES[run.config.model]]
    ratios = {}
    if len(snapshots) > 1:
        before, now = snapshots[-2:]
        steps = max(now.step - before.step, 1)
        way = update_ratios(
            before.network(run.config).parameters.named(), network.parameters.named()
        )
        ratios = {name: ratio / sqrt(steps) for name, ratio in way.items()}
    return Measurements(ratios, activities(network, images))


def _config(view: RunView) -> TrainConfig:
    """The run's settings, with the learning rate that was set last."""
    if not view.rate_changes:
        return view.config
    return replace(view.config, learning_rate=view.rate_changes[-1][1])


def _status(view: RunView) -> Status:
    """The run's status as training knows it."""
    return view.status if view.status in ("finished", "diverged") else "running"
