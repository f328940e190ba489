"""How robust: what is still recognised when the images are moved, turned, blurred and so on."""

from functools import partial

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.data.mnist import Split
from mnist_core.evaluation.answers import answers_of
from mnist_core.evaluation.distortions import DISTORTIONS, examples
from mnist_core.evaluation.robustness import RobustnessPoint
from mnist_core.evaluation.robustness import robustness as measure
from ui.choices import EVALUATE
from ui.components.robustness_chart import STRENGTHS, Kind, Line, Says, robustness_chart
from ui.evaluate.subjects import Judged, Subjects
from ui.evaluate.waiting import is_stopped, pace, progress_of
from ui.jobs import Job, ask, jobs
from ui.live import live

WORDS = ("distortion", "confidence", "standard deviation")
WORK = "robustness"
EXAMPLES = 32  # that are kept, of all visitors: 60 kB each
# What names a strength that is kept in sight in a link: "blur-2" is the chart and the strength.
PLACES = {
    f"{name}-{strength:g}": (name, place)
    for name, distortion in DISTORTIONS.items()
    for place, strength in enumerate(distortion.strengths)
}
POINTS = len(DISTORTIONS) * STRENGTHS


def robustness(subjects: Subjects) -> None:
    """One picture, which fills while it is measured."""
    live(
        partial(_measured, subjects),
        measuring(subjects),
        partial(measuring, subjects),
        pace=lambda found: pace(found, work_of(subjects)),
    )


def measuring(subjects: Subjects) -> list[Job]:
    """A job for each network: whoever has measured it before, has done so for all."""
    stopped = is_stopped(work_of(subjects))
    return [_job(judged, stopped) for judged in subjects.all]


def work_of(subjects: Subjects) -> str:
    """What stops and goes on together."""
    return f"{WORK} {subjects.key}"


def _job(judged: Judged, stopped: bool) -> Job:
    key = (WORK, judged.fingerprint, judged.images.hash)
    found = jobs().find(key)
    if found is not None and stopped:
        return found
    network, split = judged.predictor.network, judged.images.split
    return ask(key, partial(measure, {WORK: network}, split), POINTS)


def _measured(subjects: Subjects, found: list[Job]) -> None:
    n = len(subjects.images)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = _example(subjects)
        progress_of(
            found,
            work_of(subjects),
            words="Measuring",
            done=f"Each point: {n:,} {subjects.images.name}, all changed in the same way.",
        )
    lines = [
        Line(judged.name, judged.colour, _accuracies(judged, job.results))
        for judged, job in zip(subjects.all, found, strict=True)
    ]
    kept = EVALUATE.said("kept", None, PLACES)
    chosen = robustness_chart(
        _kinds(subjects.key, number, subjects),
        lines,
        n,
        key=EVALUATE.key("robustness"),
        description="Accuracy against the strength of eight distortions",
        first=None if kept is None else PLACES[kept],
    )
    names = {place: name for name, place in PLACES.items()}
    EVALUATE.choose("kept", None if chosen is None else names[chosen])
    EVALUATE.write_address()  # these are choices of this part alone


def _accuracies(judged: Judged, points: list[RobustnessPoint]) -> Array:
    """What is known so far, (kinds, 9), NaN elsewhere: of unchanged images from the start."""
    values = np.full(POINTS, np.nan)
    values[: len(points)] = [point.accuracy(WORK) for point in points]
    values = values.reshape(len(DISTORTIONS), STRENGTHS)
    for row, distortion in zip(values, DISTORTIONS.values(), strict=True):
        row[distortion.strengths.index(distortion.unchanged)] = judged.answers.accuracy
    return values


@st.cache_resource(max_entries=EXAMPLES, show_spinner=False)
def _kinds(of: str, number: int, _subjects: Subjects) -> list[Kind]:
    """All distortions with that example, for the subjects of that key."""
    return [_kind(_subjects, name, number) for name in DISTORTIONS]


def _kind(subjects: Subjects, name: str, number: int) -> Kind:
    """One distortion with the example, and what the networks read in it."""
    distortion, split = DISTORTIONS[name], subjects.images.split
    shown = examples(split.images, number, name)  # uint8 (9, 28, 28)
    label = int(split.labels[number])
    nine = Split(shown, np.full(STRENGTHS, label, np.uint8))
    said = {judged.name: answers_of(judged.predictor.network, nine) for judged in subjects.all}
    return Kind(
        name,
        distortion.title,
        distortion.unit,
        np.array(distortion.strengths),
        distortion.meaning,
        shown,
        unchanged=distortion.unchanged,
        label=label,
        says={name: Says(one.predictions, one.confidence) for name, one in said.items()},
    )


def _example(subjects: Subjects) -> int:
    """The number of the image that is shown at each strength."""
    most = len(subjects.images) - 1
    EVALUATE.said("example", 0, range(most + 1))
    number = st.number_input(
        f"Example: {subjects.images.one}",
        0,
        most,
        key=EVALUATE.key("example"),
        persist_state="session",
        width=170,
    )
    st.button("Another", key=EVALUATE.key("another_example"), on_click=_another, args=(most,))
    return int(number)


def _another(most: int) -> None:
    EVALUATE.choose("example", int(np.random.default_rng().integers(most + 1)))
