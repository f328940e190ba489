"""The look "Report" of the page Evaluate: what it offers is what the command line writes."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from time import sleep

import pytest
from streamlit.testing.v1 import AppTest

import ui.evaluate.robustness
import ui.evaluate.the_data
from mnist_core import load_mnist, load_model
from mnist_core.data.mnist import Dataset
from mnist_core.evaluation.answers import answers_of
from mnist_core.evaluation.data_checks import PIECES, Duplicates, duplicates
from mnist_core.evaluation.full import Candidate, JudgedImages, full_evaluation
from mnist_core.evaluation.robustness import RobustnessPoint
from mnist_core.evaluation.robustness import robustness as measure
from mnist_core.evaluation.sentences import calibration_in_words
from mnist_core.evaluation.tables import tables
from mnist_core.evaluation.temperature import calibrated
from mnist_core.long_work.work import begun
from mnist_core.report.pieces import bold
from mnist_core.runs.local import LocalPool
from tests.ui.tools import Here
from ui.evaluate import downloads
from ui.evaluate.subjects import Judged, Subjects, images_of
from ui.jobs import Job, Jobs
from ui.networks import Predictor
from ui.theme import CNN, MLP

KINDS = ("blur",)
PAGE = """
import ui.evaluate.page
ui.evaluate.page.page()
"""
WAITS = 200  # times that a test looks whether a job has ended


def ended(work: Iterator, total: int) -> Job:
    job = Job(begun(lambda done: work, 0), total)
    while not job.ended:
        job.go_on()
    return job


@pytest.fixture(scope="module")
def subjects(small: Dataset) -> Subjects:
    images = images_of(small.test, "uploaded", "images of a file", "image")
    judged = [
        Judged(name, Predictor(name.upper(), load_model(name), "from afar", colour, name), images)
        for name, colour in (("mlp", MLP), ("cnn", CNN))
    ]
    return Subjects(images, *judged)


@pytest.fixture(scope="module")
def found(subjects: Subjects) -> list[Job]:
    """The page's jobs at their end, with one distortion."""
    split = subjects.images.split
    jobs = [
        ended(measure({"robustness": one.predictor.network}, split, kinds=KINDS), 9)
        for one in subjects.all
    ]
    train = load_mnist().train
    return [*jobs, ended(iter([duplicates(train.images, split.images)]), 1)]


def test_the_tables_are_those_of_a_full_evaluation(
    subjects: Subjects, found: list[Job], mnist: Dataset
) -> None:
    candidates = [
        Candidate(one.name, one.predictor.network, has_learned_validation=True)
        for one in subjects.all
    ]
    images = JudgedImages("images of a file", "image", subjects.images.split)
    how = {"validation": mnist.validation, "training": mnist.train, "kinds": KINDS}
    *_, last = full_evaluation(candidates, images, **how)
    expected = tables(last.evaluation)
    with zipfile.ZipFile(io.BytesIO(downloads._zip(subjects, found))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name).decode() for name in archive.namelist()} == expected


def test_the_report_names_networks_and_images(subjects: Subjects, found: list[Job]) -> None:
    html = downloads._html(subjects, found).decode()
    assert "<h1>MLP and CNN on 200 images of a file</h1>" in html
    assert MLP in html and CNN in html
    assert "python -m" not in html  # no command line has a visitor's files


def test_two_networks_of_the_same_name_are_told_apart(subjects: Subjects, found: list[Job]) -> None:
    assert subjects.second is not None
    namesake = replace(subjects.second, predictor=replace(subjects.second.predictor, name="MLP"))
    both = downloads.evaluation_of(replace(subjects, second=namesake), found)
    assert [one.name for one in both.judged] == ["MLP", "MLP (second)"]
    assert set(both.points[0].right) == {"MLP", "MLP (second)"}
    assert "MLP (second)" in downloads._html(replace(subjects, second=namesake), found).decode()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The networks that robustness was measured of, by a measurement that takes no time."""
    asked: list[str] = []

    def at_once(networks, split, *, done) -> Iterator[RobustnessPoint]:
        asked.extend(networks)
        for kind, distortion in ui.evaluate.robustness.DISTORTIONS.items():
            for strength in distortion.strengths:
                yield RobustnessPoint(kind, strength, len(split), {"robustness": len(split)})

    jobs = Jobs(Here())
    monkeypatch.setattr(ui.evaluate.robustness, "measure", at_once)
    for module in ("ui.evaluate.robustness", "ui.jobs"):
        monkeypatch.setattr(f"{module}.jobs", lambda: jobs)
    empty = duplicates(load_mnist().train.images[:1], load_mnist().test.images[:1])

    def found_nothing(*sets, done: int) -> Iterator[Duplicates]:
        return repeat(empty, PIECES - done)

    monkeypatch.setattr(ui.evaluate.the_data, "duplicates_in_pieces", found_nothing)
    return asked


def opened(look: str, **more: str) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=60)
    for name, value in {"look": look, "network": "mlp", "against": "none", **more}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_the_look_confidence_says_what_the_report_says(
    pool: LocalPool, mnist: Dataset, subjects: Subjects
) -> None:
    app = opened("Confidence", against="cnn")
    shown = " ".join(piece.proto.body for piece in app.get("html"))
    for one in subjects.all:
        answers = answers_of(one.predictor.network, mnist.test)
        found = calibrated(answers, None, has_learned_validation=True)
        assert bold(calibration_in_words(one.name, found)) in shown


def download_buttons(app: AppTest) -> list:
    return [button.proto for button in app.get("download_button")]


def when_ready(app: AppTest) -> AppTest:
    for _ in range(WAITS):
        if not any(button.disabled for button in download_buttons(app)):
            return app
        sleep(0.05)
        app.run()
    raise AssertionError("the work has not come to its end")


def test_two_files_can_be_downloaded_when_all_is_worked_out(
    pool: LocalPool, measured: list[str]
) -> None:
    app = when_ready(opened("Report"))
    assert not app.exception
    assert [button.label for button in download_buttons(app)] == [
        "Download the report (HTML)",
        "Download the tables (ZIP)",
    ]


def test_what_the_look_robustness_has_measured_is_not_measured_again(
    pool: LocalPool, measured: list[str]
) -> None:
    opened("Robustness")
    when_ready(opened("Report"))
    assert len(measured) == 1
