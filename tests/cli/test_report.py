"""`report`: a page, figures and tables; what is kept is never trained again."""

import csv
import signal
from pathlib import Path

import pytest

from mnist_core.cli import report
from mnist_core.cli.main import main
from mnist_core.experiments import kept_runs
from tests.cli.conftest import lines
from tests.report.test_report import Parsed

OPTIONS = ["report", "--quick"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small_folder) -> Path:
    """What a quick experiment on a few images leaves."""
    out = tmp_path_factory.mktemp("report")
    assert main([*OPTIONS, "--out", str(out), "--data", str(small_folder)]) == 0
    return out


@pytest.fixture
def trained(monkeypatch) -> list:
    """The settings of all runs that are trained, and not only taken from the folder."""
    seen, run_all = [], kept_runs.run_all

    def noting(configs, *arguments, **options):
        seen.extend(configs)
        return run_all(configs, *arguments, **options)

    monkeypatch.setattr(kept_runs, "run_all", noting)
    return seen


def test_the_page_begins_with_being_quick_and_needs_no_other_file(folder) -> None:
    parsed = Parsed((folder / "report.html").read_text(encoding="utf-8"))
    first = parsed.text.split("The report's experiment, run again")[-1].strip()
    assert first.startswith("This is the quick experiment, whose numbers are not those of the full")
    for _, attributes in parsed.found:
        for name in ("src", "href"):
            assert str(attributes.get(name) or "data:").startswith("data:")


def test_every_figure_has_its_picture_and_its_numbers(folder) -> None:
    for number in range(1, 6):
        assert list(folder.glob(f"figure-{number}*.svg"))
        (table, *_) = folder.glob(f"figure-{number}*.csv")
        with table.open(encoding="utf-8", newline="") as file:
            assert list(csv.DictReader(file))


def test_a_second_call_trains_nothing_and_says_the_same(run, folder, small_folder, trained) -> None:
    where = ["--out", str(folder), "--data", str(small_folder)]
    status, output, errors = run(*OPTIONS, *where, "--json")
    *runs, end = lines(output)
    assert (status, errors, trained) == (0, "", [])
    assert {one["outcome"] for one in runs} <= {"finished", "stood still", "diverged"}
    assert len(end["statements"]) == 3 and end["quick"] is True
    assert end["best_rates"].keys() == {"sum", "mean"}
    low, high = end["tests"]["many"]["interval"]
    assert low <= end["tests"]["many"]["accuracy"] <= high and end["tests"]["many"]["n"] == 200
    status, text, _ = run(*OPTIONS, *where)
    assert status == 0 and end["statements"][0]["words"] in text


def test_a_stopped_experiment_keeps_what_is_done_and_goes_on(
    run, tmp_path, small_folder, trained, monkeypatch
) -> None:
    where = ["--out", str(tmp_path), "--data", str(small_folder), "--json"]
    say = report.say

    def stopping(values) -> None:
        say(values)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(report, "say", stopping)
        status, output, errors = run(*OPTIONS, *where)
    (first,) = lines(output)
    every = len(trained)
    assert status == 130 and f"stopped: 1 of {every} runs are kept" in errors
    assert not (tmp_path / "report.html").exists()
    trained.clear()
    status, output, _ = run(*OPTIONS, *where)
    assert status == 0 and len(trained) == every - 1
    assert first in lines(output) and (tmp_path / "report.html").exists()


def test_a_folder_that_is_a_file_is_refused_before_anything_is_trained(
    run, tmp_path, small_folder, trained
) -> None:
    (tmp_path / "file").touch()
    where = ["--out", str(tmp_path / "file"), "--data", str(small_folder)]
    status, _, errors = run(*OPTIONS, *where)
    assert (status, trained) == (2, []) and "is a file" in errors
