"""What belongs to one visitor, what all visitors of a server share, and the run that a page shows.
Typed, so that no page reads a misspelt key of the session's state.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import monotonic
from typing import Any, Self, cast

import streamlit as st

from mnist_core.data.mnist import Dataset
from mnist_core.data.shared import KEPT, mnist_of_all
from mnist_core.nn.network import Sequential
from mnist_core.runs.commands import Command, Stop
from mnist_core.runs.handle import RunHandle
from mnist_core.runs.index import StoreError
from mnist_core.runs.local import LocalPool
from mnist_core.runs.snapshots import Snapshot, SnapshotGone, SnapshotList
from mnist_core.runs.state import RunView
from mnist_core.runs.status import ENDED, RunStatus
from mnist_core.training.checkpoint import Checkpoint, load_model
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult
from ui.components.canvas import Drawing
from ui.components.tiles import Theme
from ui.components.visitor import visitor
from ui.links import Choice
from ui.words import spelled

GOING_ON = ("queued", "starting", "running")  # statuses in which a run changes by itself
EARLIER_RUNS = 12  # whose results a session remembers
NETWORKS = 4  # of runs that are built and shared by all pages and visitors
DOUBLE_CLICK = 1.0  # seconds within which two clicks on Start are one


@dataclass(frozen=True)
class ShownRun:
    """The run that a page shows, as it was when the page asked: once per rerun.

    `snapshot` is the one at the step that the visitor has chosen, the newest without a choice, and
    None before the first.
    """

    handle: RunHandle
    view: RunView
    snapshot: Snapshot | None
    chosen: bool  # whether the visitor has chosen a step

    @property
    def id(self) -> str:
        """The run's id."""
        return self.handle.id

    @property
    def config(self) -> TrainConfig:
        """What the run was started with."""
        return self.view.config

    @property
    def goes_on(self) -> bool:
        """Whether the run changes by itself."""
        return self.view.status in GOING_ON

    @property
    def is_mine(self) -> bool:
        """Whether the visitor may do more than watch."""
        return self.handle.may_command

    @property
    def is_live(self) -> bool:
        """Whether what is shown of it changes by itself."""
        return self.goes_on and not self.chosen

    @property
    def epoch(self) -> float:
        """The place of the snapshot in epochs; 0 before the first."""
        return self.snapshot.step / self.config.steps_per_epoch if self.snapshot else 0.0

    @cached_property
    def network(self) -> Sequential:
        """The network with the snapshot's weights, shared: to look at, never to be changed."""
        assert self.snapshot is not None
        return _built(self.snapshot.token, self.snapshot, self.config)

    @cached_property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """All snapshots that are kept, oldest first."""
        return self.handle.snapshots.all

    def at(self, step: int | None) -> Self:
        """The same run at another step; None for the newest."""
        snapshot = None if step is None else self.handle.snapshots.at(step)
        chosen = step is not None
        return replace(self, snapshot=snapshot or self.view.snapshot, chosen=chosen)

    def with_snapshot(self, snapshot: Snapshot) -> Self:
        """The same run with weights that a page holds on to."""
        return replace(self, snapshot=snapshot)


@st.cache_resource(max_entries=NETWORKS, show_spinner=False)
def _built(token: str, _snapshot: Snapshot, _config: TrainConfig) -> Sequential:
    """The network of the snapshot with that token."""
    return _snapshot.network(_config)


@dataclass(frozen=True)
class BestNetwork:
    """The network of this session that did best on validation images, at the end of an epoch."""

    run_id: str
    config: TrainConfig
    snapshot: Snapshot  # of that end
    accuracy: float  # of these very weights on validation images, 0..1
    epoch: int

    @cached_property
    def network(self) -> Sequential:
        """The network with these weights."""
        return self.snapshot.network(self.config)


@dataclass(frozen=True, eq=False)
class NamedNetwork:
    """A network that the visitor brought along; `key` tells it from every other."""

    key: str
    name: str
    network: Sequential


@dataclass(frozen=True)
class EarlierRun:
    """What a session remembers of a run that it has shown, without its weights."""

    config: TrainConfig
    results: tuple[EpochResult, ...]
    status: RunStatus


def page_theme() -> Theme:
    """Whether the visitor's page is light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


@dataclass
class Session:
    """One visitor's things; they survive page switches and reruns."""

    run_id: str | None = None
    runs: dict[str, EarlierRun] = field(default_factory=dict)  # by id, the last shown at the end
    best: BestNetwork | None = None
    loaded: list[NamedNetwork] = field(default_factory=list)  # from files
    drawing: Drawing = field(default_factory=Drawing)
    chosen_step: int | None = None  # step of the run that pages show; None for the newest
    kept: dict[str, Any] = field(default_factory=dict)  # worked out about that run, and only it
    started_at: float = float("-inf")  # when the last run was started, by time.monotonic
    choice: Choice | None = None  # settings of the next run; None before the link was read
    link_problem: str = ""  # what of the link's settings is not used, until one is changed
    stopping: str | None = None  # id of a run that was told to stop and has not ended yet
    notice: str = ""  # why something that was asked for was not done
    refused_key: str = ""  # a command key in the link that could not be used


def session() -> Session:
    """This visitor's session."""
    mine = st.session_state.get("session")
    if mine is None:
        mine = st.session_state["session"] = Session()
    return cast(Session, mine)


@st.cache_resource
def pool() -> LocalPool:
    """The training runs of this server."""
    return LocalPool()


@st.cache_resource
def mnist() -> Dataset:
    """The data set, once for all visitors and all processes of this server."""
    return mnist_of_all(pool().settings.folder / KEPT, write=True)


@st.cache_resource
def shipped(name: str) -> Sequential:
    """The network "mlp" or "cnn" from assets/models."""
    return load_model(name)


def shown_run() -> ShownRun | None:
    """The run in the link, else the visitor's last: fetched, and watched, once per rerun.

    The run's id stands in the link, so a reload or a second tab finds the same run.
    """
    mine = session()
    handle = view = None
    try:
        handle = _linked_run() or (
            pool().get(mine.run_id, visitor=visitor()) if mine.run_id else None
        )
        if handle:
            view = handle.watch()
            _remember(view, handle.snapshots)
    except KeyError:  # removed from the disk just now
        pass
    except StoreError as error:  # it may be shown later: the link stays as it is
        mine.notice = f"The run can't be shown now, since {error}. Reload the page to try again."
        return None
    if handle is None or view is None:
        st.query_params.pop("run", None)
        mine.run_id = None
        return None
    show_run(handle.id)
    return ShownRun(handle, view, view.snapshot, chosen=False).at(mine.chosen_step)


def _linked_run() -> RunHandle | None:
    """The run in the link. A command key stays there until it has been used."""
    linked, key = st.query_params.get("run"), st.query_params.get("command", "")
    if not linked:
        return None
    mine = session()
    if key and key != mine.refused_key:
        try:
            handle = pool().get(linked, visitor=visitor(), key=key)
        except StoreError as error:
            mine.refused_key = key  # not tried at each look: each would wait for the index
            mine.notice = (
                f"You can only watch this run, since {error}. Reload the page to try again."
            )
        else:
            st.query_params.pop("command")
            return handle
    return pool().get(linked, visitor=visitor())


def start_run(config: TrainConfig, checkpoint: Checkpoint | None = None) -> None:
    """Start a run of the visitor's own and show it; a second click of a double click does nothing.

    A run of theirs that is shown and goes on is stopped. What can't be done is said on the page.
    """
    mine, now = session(), monotonic()
    if now - mine.started_at < DOUBLE_CLICK:
        return
    mine.started_at, mine.notice = now, ""
    try:
        before = pool().get(mine.run_id, visitor=visitor()) if mine.run_id else None
        handle = pool().start(config, checkpoint=checkpoint, visitor=visitor())
        if before is not None and before.may_command and not before.peek().ended:
            before.send(Stop())
    except (OSError, RuntimeError) as error:
        mine.notice = f"The run could not be started: {error}."
    else:
        show_run(handle.id)


def command(handle: RunHandle, what: Command) -> None:
    """Tell a run something; what can't be done is said on the page."""
    session().notice = ""
    try:
        handle.send(what)
        session().stopping = handle.id if isinstance(what, Stop) else None
    except (KeyError, OSError, RuntimeError) as error:
        gone = "the run is no longer there: it was removed to make room for others"
        reason = gone if isinstance(error, KeyError) else str(error)
        session().notice = f"That could not be done, since {reason}."


def notice() -> None:
    """Say why what was asked for last was not done, until something else is asked for."""
    if words := session().notice:
        st.warning(spelled(words))


def show_run(run_id: str) -> None:
    """Make a run the visitor's own, and put it into the link."""
    mine = session()
    if mine.run_id != run_id:
        mine.chosen_step = None  # a step of another run
        mine.kept.clear()
    mine.run_id = run_id
    if st.query_params.get("run") != run_id:
        st.query_params["run"] = run_id


def _remember(view: RunView, snapshots: SnapshotList) -> None:
    """Keep the run's results, and its best weights if none did better on validation images."""
    mine = session()
    if view.ended and mine.stopping == view.id:
        mine.stopping = None
    mine.runs.pop(view.id, None)
    mine.runs[view.id] = EarlierRun(view.config, view.results, view.status)
    while len(mine.runs) > EARLIER_RUNS:
        del mine.runs[next(iter(mine.runs))]
    mine.best = _best_of(view, snapshots, mine.best)


def _best_of(
    view: RunView, snapshots: SnapshotList, before: BestNetwork | None
) -> BestNetwork | None:
    """The best of the run's epochs whose weights are still there, or what was better before.

    An accuracy is that of the weights at the epoch's end: no others may go by it.
    """
    for result in sorted(view.results, key=lambda one: one.validation_accuracy, reverse=True):
        accuracy, epoch = result.validation_accuracy, result.epoch
        if before is not None and accuracy <= before.accuracy:
            break
        step = epoch * view.config.steps_per_epoch
        there = snapshots.at(step)
        if there is not None and there.step == step:
            with suppress(SnapshotGone):
                kept = there.in_memory()  # the run may be removed from the disk
                return BestNetwork(view.id, view.config, kept, accuracy, epoch)
    return before


def earlier_runs(shown: ShownRun | None) -> dict[str, EarlierRun]:
    """The runs of this session besides the one that is shown, as they were when last seen."""
    return {id: run for id, run in session().runs.items() if shown is None or id != shown.id}


def earlier_run_now(id: str) -> EarlierRun:
    """An earlier run as it is now. One that is known to have ended is not asked again."""
    mine = session()
    known = mine.runs[id]
    if known.status not in ENDED and (handle := pool().get(id)) is not None:
        with suppress(KeyError):  # removed from the disk just now
            view = handle.peek()
            known = mine.runs[id] = EarlierRun(view.config, view.results, view.status)
    return known
