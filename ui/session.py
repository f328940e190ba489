"""What belongs to one visitor, and what all visitors of a server share.
Typed, so that no page reads a misspelt key of the session's state.
"""

import gc
from dataclasses import dataclass, field
from typing import cast

import streamlit as st

from mnist_core.data.mnist import Dataset, load_mnist
from mnist_core.nn.network import Sequential
from mnist_core.runs.local import LocalPool, RunHandle
from mnist_core.runs.snapshots import Snapshot
from mnist_core.runs.state import RunView
from mnist_core.training.checkpoint import load_model
from ui.components.canvas import Drawing


@dataclass(frozen=True)
class BestNetwork:
    """The network of this session that did best on validation images."""

    run_id: str
    network: Sequential
    accuracy: float  # on validation images, 0..1
    epoch: int


@dataclass
class Session:
    """One visitor's things; they survive page switches and reruns."""

    run_id: str | None = None
    runs: list[str] = field(default_factory=list)  # ids of all runs looked at, oldest first
    best: BestNetwork | None = None
    drawing: Drawing = field(default_factory=Drawing)
    chosen_step: int | None = None  # step of the run that pages show; None for the newest


def session() -> Session:
    """This visitor's session."""
    if "session" not in st.session_state:
        st.session_state["session"] = Session()
    return cast(Session, st.session_state["session"])


@st.cache_resource
def prepare_server() -> None:
    """Once per server: take all that has been imported out of the garbage collector's sight.

    Streamlit collects garbage after every run of a script; walking through the libraries' objects
    costs about 50 ms each time, more than all the rest of an answer to a stroke.
    """
    gc.collect()
    gc.freeze()


@st.cache_resource
def pool() -> LocalPool:
    """The training runs of this server."""
    return LocalPool()


@st.cache_resource
def mnist() -> Dataset:
    """The data set, once for all visitors."""
    return load_mnist()


@st.cache_resource
def shipped(name: str) -> Sequential:
    """The network "mlp" or "cnn" from assets/models."""
    return load_model(name)


def current_run() -> RunHandle | None:
    """The run that this page shows: the one in the link, else the visitor's last.

    The run's id stands in the link, so a reload or a second tab finds the same run.
    """
    mine = session()
    linked = st.query_params.get("run")
    handle = pool().get(linked) if linked else None
    if handle is None and mine.run_id is not None:
        handle = pool().get(mine.run_id)
    if handle is None:
        st.query_params.pop("run", None)
        mine.run_id = None
        return None
    show_run(handle.id)
    return handle


def remember_best(view: RunView) -> None:
    """Keep the run's newest network if no other of this session did better on validation."""
    if not view.results or view.snapshot is None:
        return
    last, mine = view.results[-1], session()
    if mine.best is None or last.validation_accuracy > mine.best.accuracy:
        mine.best = BestNetwork(
            view.id, view.snapshot.network(view.config), last.validation_accuracy, last.epoch
        )


def watched_snapshot(handle: RunHandle) -> Snapshot | None:
    """The run at the moment that the visitor has chosen; the newest without one."""
    snapshot = session().chosen_step
    chosen = None if snapshot is None else handle.snapshots.at(snapshot)
    return chosen or handle.watch().snapshot


def show_run(run_id: str) -> None:
    """Make a run the visitor's own, and put it into the link."""
    mine = session()
    if mine.run_id != run_id:
        mine.chosen_step = None  # a step of another run
    mine.run_id = run_id
    if run_id not in mine.runs:
        mine.runs.append(run_id)
    if st.query_params.get("run") != run_id:
        st.query_params["run"] = run_id
