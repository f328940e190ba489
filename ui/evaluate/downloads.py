"""Everything as one report and as tables: what is missing is worked out, and then both are there to
be downloaded.
"""

import io
import zipfile
from datetime import datetime
from functools import partial
from platform import python_version

import numpy as np
import streamlit as st

from mnist_core.evaluation.data_checks import pixel_statistics, together
from mnist_core.evaluation.full import Candidate, Evaluation, JudgedImages, told_apart
from mnist_core.evaluation.full import Judged as JudgedInFull
from mnist_core.evaluation.robustness import RobustnessPoint
from mnist_core.evaluation.tables import tables
from mnist_core.paths import COMMAND_LINE
from mnist_core.report.document import About, report
from ui.choices import EVALUATE
from ui.evaluate import robustness, the_data
from ui.evaluate.honesty import calibrated_answers
from ui.evaluate.subjects import Judged, Subjects
from ui.evaluate.waiting import pace, progress_of
from ui.jobs import Job
from ui.live import live
from ui.session import mnist

CONTENTS = (
    "**What is in it:** accuracy with its interval, the comparison of two networks, the confusion "
    "matrix, the worst mistakes as pictures, scores of each digit, confidence before and after "
    "temperature scaling, robustness, and what is odd in the images. The report is one HTML file "
    "that needs nothing else and can be printed; the tables are CSV files for other programs."
)


def downloads(subjects: Subjects) -> None:
    """What the report has, and both files as soon as all is worked out."""
    st.header("All of this to keep: a report and its tables", anchor=False)
    st.markdown(CONTENTS)
    live(
        partial(_ready, subjects),
        _jobs(subjects),
        partial(_jobs, subjects),
        pace=lambda found: pace(found, robustness.work_of(subjects)),
    )


def _jobs(subjects: Subjects) -> list[Job]:
    """The same as the looks Robustness and The images have: nothing is measured twice."""
    return [*robustness.measuring(subjects), the_data.comparing(subjects.images)]


def _ready(subjects: Subjects, found: list[Job]) -> None:
    progress_of(
        found,
        robustness.work_of(subjects),
        words="Working out what is missing",
        done=f"All is there, for {len(subjects.images):,} {subjects.images.name}.",
    )
    ready = all(job.ended and not job.problem for job in found)
    name = "-and-".join(_file_name(one) for one in subjects.all)
    with st.container(horizontal=True):
        for words, kind, made, icon in (
            ("Download the report", "html", _html, ":material/description:"),
            ("Download the tables", "zip", _zip, ":material/table:"),
        ):
            st.download_button(
                f"{words} ({kind.upper()})",
                partial(made, subjects, found) if ready else b"",
                f"evaluation-{name}.{kind}",
                mime={"html": "text/html", "zip": "application/zip"}[kind],
                icon=icon,
                disabled=not ready,
                on_click="ignore",
                key=EVALUATE.key(f"download_{kind}"),
            )


def _html(subjects: Subjects, found: list[Job]) -> bytes:
    about = About(
        date=datetime.now().strftime("%d %B %Y, %H:%M"),
        versions=f"Python {python_version()}, NumPy {np.__version__}",
        command=_command(subjects),
        colours=dict(zip(_names(subjects), (one.colour for one in subjects.all), strict=True)),
    )
    return report(evaluation_of(subjects, found), about).encode()


def _zip(subjects: Subjects, found: list[Job]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in tables(evaluation_of(subjects, found)).items():
            archive.writestr(name, text)
    return file.getvalue()


def evaluation_of(subjects: Subjects, found: list[Job]) -> Evaluation:
    """What the page's looks have worked out, as the command line has it."""
    images, (*measured, compared) = subjects.images, found
    return Evaluation(
        images=JudgedImages(images.name, images.one, images.split),
        judged=tuple(map(_judged, subjects.all, _names(subjects))),
        statistics=pixel_statistics(images.split),
        duplicates=together(compared.results),
        among=f"{len(mnist().train):,} training images",
        points=tuple(_points(subjects, measured)),
    )


def _names(subjects: Subjects) -> list[str]:
    """The networks' names: two from files may have the same."""
    return told_apart([one.name for one in subjects.all])


def _judged(one: Judged, name: str) -> JudgedInFull:
    predictor = one.predictor
    network = Candidate(name, predictor.network, predictor.words, one.has_seen_validation)
    return JudgedInFull(network, calibrated_answers(one))


def _points(subjects: Subjects, measured: list[Job]) -> list[RobustnessPoint]:
    """The points of both networks, each under its network's name."""
    names = _names(subjects)
    return [
        RobustnessPoint(
            points[0].kind,
            points[0].strength,
            points[0].n,
            {name: point.right[robustness.WORK] for name, point in zip(names, points, strict=True)},
        )
        for points in zip(*(job.results for job in measured), strict=True)
    ]


def _command(subjects: Subjects) -> str:
    """The command line that makes the same; "" where there is none, as for a run of the page."""
    names = [one.predictor.shipped_as for one in subjects.all]
    if not all(names) or subjects.images.key != "test":
        return ""
    words = [*COMMAND_LINE, "evaluate", " --against ".join(names), "--full --out report"]
    return " ".join(words)


def _file_name(one: Judged) -> str:
    return one.predictor.shipped_as or one.key.replace("_", "-")
