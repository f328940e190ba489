"""What it sees as alike: a map of the images by what a layer makes of them, step by step."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import streamlit as st

from mnist_core.arrays import CLASSES
from mnist_core.evaluation.learning_map import (
    SEED,
    Seen,
    before_training,
    learning_map,
    order_of_times,
)
from mnist_core.evaluation.projection import layers_to_project
from mnist_core.nn.network import Sequential
from ui.choices import EVALUATE
from ui.components.point_map import MapImages, MapView, Positions, Step, point_map
from ui.evaluate.going_on import go_on_with
from ui.evaluate.subjects import Images, Judged, Subjects
from ui.evaluate.waiting import is_stopped, pace, progress_of
from ui.jobs import Job, ask, jobs
from ui.live import live
from ui.networks import RUNNING
from ui.session import ShownRun, shown_run

WORDS = ("PCA", "hidden unit", "filter", "logit")
WORK = "map"
FEWEST = 2  # images
MOST = 24  # times of a run: each takes up to a second of work, and 70 kB in the browser
POSITION_BYTES = 21  # that an image takes at one time, with what is packed of it
MAPS = 4  # sets of images that are kept packed, a megabyte each
# What names digits that are picked out in a link: each of them once, rising, or nothing.
PICKED = ["".join(some) for n in range(CLASSES + 1) for some in combinations("0123456789", n)]


@dataclass(frozen=True)
class Moment:
    """A network at one time of its training: what the slider and a link call it, and what builds
    it, also in another process."""

    name: str
    short: str
    token: str  # no other network has it
    build: Callable[[], Sequential]


def alike(subjects: Subjects) -> None:
    """The map, which fills its slider while the positions are worked out."""
    if len(subjects.images) < FEWEST:
        st.info("A map needs two images or more: it shows which ones are alike.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="large"):
        judged = _choice_of_network(subjects)
        layer = _choice_of_layer(judged)
    moments = _moments(judged, shown_run())
    fetch = partial(_job, judged, moments, layer)
    key = f"{WORK} {judged.fingerprint} {layer}"
    live(
        partial(_map, subjects, judged, moments, layer, key),
        fetch(is_stopped(key)),
        lambda: fetch(is_stopped(key)),
        pace=lambda job: pace([job], key),
    )


def _choice_of_network(subjects: Subjects) -> Judged:
    """One of the two networks."""
    names = [judged.name for judged in subjects.all]
    chosen = EVALUATE.said("of", names[0], names)
    if len(names) > 1:
        st.segmented_control(
            "Map of",
            names,
            required=True,
            label_visibility="collapsed",
            key=EVALUATE.key("of"),
            persist_state="session",
        )
    return subjects.all[names.index(chosen)]


def _choice_of_layer(judged: Judged) -> str:
    """Pixels, a hidden layer, or logits; networks with other layers have a choice of their own."""
    layers = layers_to_project(judged.predictor.network)
    of = f"{len(layers)} "
    layer = EVALUATE.said("layer", layers[-2], layers, of=of)
    st.segmented_control(
        "Layer",
        layers,
        format_func=str.capitalize,
        required=True,
        label_visibility="collapsed",
        key=EVALUATE.key(f"{of}layer"),
        persist_state="session",
    )
    return layer


def _moments(judged: Judged, run: ShownRun | None) -> list[Moment]:
    """The times that the slider has, the last one that of the network itself."""
    last = Moment("trained", "trained", judged.fingerprint, judged.predictor.network.copied)
    if judged.key == RUNNING and run is not None and judged.snapshot is not None:
        return _snapshots(judged, run)
    shipped = judged.predictor.shipped_as
    return [last] if not shipped else [_before_training(shipped), last]


def _snapshots(judged: Judged, run: ShownRun) -> list[Moment]:
    """The run's snapshots up to the judged one, spread over what there is."""
    assert judged.snapshot is not None
    before = [one for one in run.snapshots if one.step < judged.snapshot.step]
    places = np.linspace(0, len(before) - 1, min(MOST - 1, len(before))).round().astype(int)
    chosen = [*(before[place] for place in places), judged.snapshot]
    return [
        Moment(f"step {one.step:,}", str(one.step), one.token, partial(one.network, run.config))
        for one in chosen
    ]


def _before_training(name: str) -> Moment:
    """A network like a shipped one, with weights that have learned nothing yet."""
    build = partial(before_training, name)
    return Moment("before training (random weights)", "before", f"{name} {SEED}", build)


def _job(judged: Judged, moments: list[Moment], layer: str, stopped: bool) -> Job:
    """The positions at all these times; whoever has asked before, has done so for all."""
    key = (WORK, judged.images.hash, layer, *(moment.token for moment in moments))
    found = jobs().find(key)
    if found is not None and stopped:
        return found
    work = partial(learning_map, [moment.build for moment in moments], judged.images.split, layer)
    room = POSITION_BYTES * len(judged.images)
    return ask(key, work, len(moments), result_bytes=room, kept_as=_positions)


def _positions(seen: Seen) -> Positions:
    return Positions(seen.xy, seen.predictions, seen.confidence)


def _map(
    subjects: Subjects, judged: Judged, moments: list[Moment], layer: str, key: str, job: Job
) -> None:
    there = dict(zip(order_of_times(len(moments)), job.results, strict=False))
    images, seen = _packed(judged.images.hash, judged.images), None
    if not job.problem:  # before there are positions, too: it keeps its place and its choice
        seen = point_map(
            [Step(moment.name, there.get(place)) for place, moment in enumerate(moments)],
            images,
            key=EVALUATE.key("map"),
            description=f"{len(images):,} {judged.images.name} by the {layer} of {judged.name}",
            first=_view_of_link(moments, len(images)),
        )
        _keep_view(seen, moments)
    progress_of(
        [job],
        key,
        words="Working out where the images lie",
        done="Images lie close together if the layer makes much the same of them: the two "
        "directions in which they differ most (PCA), the same ones at all times.",
    )
    if seen and seen.chosen is not None:  # last, so that nothing moves when one is chosen
        go_on_with(subjects, seen.chosen, key="map")
    EVALUATE.write_address()  # what is looked at is chosen in this part alone


def _view_of_link(moments: list[Moment], n: int) -> MapView:
    """What the visitor has looked at last, else what the link says."""
    names = {moment.short: moment.name for moment in moments}
    moment = EVALUATE.said("moment", None, names)
    point = EVALUATE.said("point", None, range(n))
    digits = EVALUATE.said("digits", "", PICKED)
    mistakes_only = EVALUATE.said("mistakes_only", False, (False, True))
    step = None if moment is None else names[moment]
    return MapView(step, point, tuple(map(int, digits)), mistakes_only)


def _keep_view(seen: MapView, moments: list[Moment]) -> None:
    shorts = {moment.name: moment.short for moment in moments}
    EVALUATE.choose("moment", None if seen.step is None else shorts[seen.step])
    EVALUATE.choose("point", seen.chosen)
    EVALUATE.choose("digits", "".join(map(str, seen.digits)))
    EVALUATE.choose("mistakes_only", seen.mistakes_only)


@st.cache_resource(max_entries=MAPS, show_spinner=False)
def _packed(of: str, _images: Images) -> MapImages:
    """The images of that hash, packed once."""
    split = _images.split
    return MapImages(split.images, split.labels, _images.one)
