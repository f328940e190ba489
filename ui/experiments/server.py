"""The experiments of this server, as pages ask for them."""

from pathlib import Path

import streamlit as st

from mnist_core.experiments.experiment import Order, Seen
from mnist_core.experiments.queue import Experiments
from ui import session
from ui.components.visitor import visitor

LOOK_EVERY = 1.0  # seconds


def experiments() -> Experiments:
    """Those of this server, in a folder beside its runs."""
    settings = session.pool().settings
    return _experiments(settings.folder / "experiments", settings.pause_after)


@st.cache_resource
def _experiments(folder: Path, pause_after: float) -> Experiments:
    return Experiments(folder, session.mnist(), pause_after=pause_after)


def look(order: Order) -> Seen:
    """How far an experiment is, for this visitor."""
    return experiments().look(order, visitor())


def pace(seen: Seen) -> float | None:
    """Seconds until there may be news; None if none are to be expected."""
    return LOOK_EVERY if seen.goes_on else None
