"""`evaluate`: two networks beside one another, and the folder that `--full` fills."""

import csv
import json
import signal
from pathlib import Path

import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.cli import evaluate_fully
from mnist_core.cli.main import main
from mnist_core.data.mnist import Dataset, load_mnist
from mnist_core.evaluation.scores import mcnemar
from tests.cli.conftest import lines
from tests.conftest import write_idx

QUICKLY = ["--full", "--threads", "1"]


@pytest.fixture
def few_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """One distortion instead of eight."""
    kinds = {"blur": evaluate_fully.DISTORTIONS["blur"]}
    monkeypatch.setattr(evaluate_fully, "DISTORTIONS", kinds)


def test_two_networks_are_compared_in_a_line(run, saved) -> None:
    status, out, _ = run("evaluate", str(saved), "--against", "mlp")
    assert status == 0
    first, second, compared = out.splitlines()
    assert first.startswith(f"{saved}: accuracy") and second.startswith("mlp: accuracy")
    assert "points. mlp reads better" in compared and "**" not in compared


def test_the_comparison_as_json_is_that_of_the_core(run, saved, small_folder) -> None:
    test = load_mnist(small_folder).test
    rights = [load_model(name).predict(test.images) == test.labels for name in (saved, "mlp")]
    expected = mcnemar(*rights)
    (values,) = lines(run("evaluate", str(saved), "--against", "mlp", "--json")[1])
    assert values["accuracy"] == rights[0].mean() and values["n"] == 200
    assert values["against"] == {"accuracy": rights[1].mean()}
    assert values["mcnemar"]["p_value"] == expected.p_value
    assert values["mcnemar"]["only_second"] == expected.only_second


@pytest.mark.usefixtures("few_kinds")
def test_a_full_evaluation_fills_a_folder(run, saved, tmp_path) -> None:
    folder = tmp_path / "new" / "folder"
    command = ["evaluate", str(saved), "--against", "mlp", *QUICKLY, "--out", str(folder)]
    status, out, err = run(*command)
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == f"report and tables: {folder / 'report.html'}"
    names = {path.name for path in folder.iterdir()}
    assert {"report.html", "summary.csv", "robustness.csv", "mistakes-run.csv"} <= names
    assert all(not name.endswith((".part", ".trial")) for name in names)
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "python -m mnist_core evaluate" in html and f"from {saved}" in html


@pytest.mark.usefixtures("few_kinds")
def test_the_main_numbers_are_one_json_object(run, saved, tmp_path) -> None:
    out = tmp_path / "out"
    command = ["evaluate", "mlp", "--against", str(saved), *QUICKLY, "--out", str(out), "--json"]
    (values,) = lines(run(*command)[1])
    assert values["complete"] and values["n"] == 200
    assert values["report"] == str(out / "report.html")
    first, second = csv.DictReader((out / "summary.csv").read_text().splitlines())
    for found, row in ((values, first), (values["against"], second)):
        assert found["accuracy"] == float(row["accuracy_share"])
        assert found["ece"] == float(row["calibration_error_share"])
        assert found["network"] == row["network"]
        assert found["temperature"][0] == float(row["temperature_of_even_images"])
    # The validation images of this folder are new to both networks.
    assert len(values["temperature"]) == len(values["against"]["temperature"]) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_done_is_kept_when_it_is_stopped(
    run, tmp_path, monkeypatch, number: signal.Signals
) -> None:
    work_out = evaluate_fully.full_evaluation

    def interrupted(*arguments, **options):
        for step in work_out(*arguments, **options):
            if len(step.evaluation.points) == 3:
                signal.raise_signal(number)
            yield step

    monkeypatch.setattr(evaluate_fully, "full_evaluation", interrupted)
    status, out, err = run("evaluate", "mlp", *QUICKLY, "--out", str(tmp_path), "--json")
    assert status == 128 + number
    assert "are a part (69 of 72 points of robustness are missing)" in err
    assert len((tmp_path / "robustness.csv").read_text().splitlines()) == 1 + 3
    assert "This is a part" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not json.loads(out)["complete"]


def test_stopped_before_the_first_answer_it_writes_nothing(run, tmp_path, monkeypatch) -> None:
    work_out = evaluate_fully.full_evaluation

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        yield from work_out(*arguments, **options)

    monkeypatch.setattr(evaluate_fully, "full_evaluation", interrupted)
    status, _, err = run("evaluate", "mlp", *QUICKLY, "--out", str(tmp_path))
    assert status == 130 and "nothing was written" in err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_is_refused_before_the_work(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(evaluate_fully, "full_evaluation", None)  # would be a TypeError
    (tmp_path / "file").touch()
    for folder, words in ((tmp_path / "file", "is a file"), ("/proc/new", "nothing can be")):
        status, _, err = run("evaluate", "mlp", *QUICKLY, "--out", str(folder))
        assert status == 2 and words in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--full"], "--full needs --out DIR"),
        (["--out", "there"], "belong to --full"),
        (["--no-robustness"], "belong to --full"),
        (["--full", "--out", "there", "--threads", "0"], "--threads must be from 1"),
        (["--full", "--out", "there", "--against", "missing.npz"], "there is no file missing"),
    ],
)
def test_options_that_do_not_fit_are_refused(run, options: list[str], words: str) -> None:
    status, _, err = run("evaluate", "mlp", *options)
    assert status == 2 and words in err and len(err.splitlines()) == 1
    assert not Path("there").exists()


def test_thirty_digits_of_ones_own_without_some_classes_are_enough(
    mnist: Dataset, tmp_path, capsys
) -> None:
    chosen = np.flatnonzero(mnist.test.labels % 3 == 0)[:30]
    data, out = tmp_path / "<b>mine", tmp_path / "out"
    data.mkdir()
    write_idx(data / "train-images-idx3-ubyte", mnist.test.images[chosen])
    write_idx(data / "train-labels-idx1-ubyte", mnist.test.labels[chosen])
    command = ["evaluate", "mlp", *QUICKLY, "--no-robustness", "--json"]
    assert main([*command, "--data", str(data), "--out", str(out)]) == 0
    (values,) = lines(capsys.readouterr().out)
    assert values["n"] == 30 and values["temperature"] == [] and values["ece_after"] is None
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;mine" in html and "<b>mine" not in html


def test_two_files_of_the_same_name_and_one_network_twice_are_told_apart() -> None:
    assert evaluate_fully._names(["a/run.npz", "b/run.npz"]) == ["run", "run (second)"]
    assert evaluate_fully._names(["mlp", "cnn"]) == ["MLP", "CNN"]


def test_only_a_network_trained_with_all_has_learned_the_validation_images(
    mnist: Dataset, saved, small_folder
) -> None:
    known = evaluate_fully._has_learned_validation
    assert known("mlp", mnist) and known("cnn", mnist)
    assert not known(str(saved), mnist) and not known(str(saved), load_mnist(small_folder))
    assert not known("mlp", load_mnist(small_folder))
