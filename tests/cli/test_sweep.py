"""`sweep`: what it says, what it keeps, and what becomes of one that is stopped."""

import csv
import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import QUICK, lines, started

RATES = ["--vary", "learning_rate=0.05,0.2"]


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_sweep_has_the_numbers_of_train_and_judges_the_best(run, tmp_path) -> None:
    out = tmp_path / "sweep"
    status, output, errors = run(
        "sweep", *RATES, *QUICK, "--seeds", "2", "--out", str(out), "--json"
    )
    assert (status, errors) == (0, "")
    *runs, last = lines(output)
    assert sorted((r["learning_rate"], r["seed"]) for r in runs) == [
        ("0.05", 0), ("0.05", 1), ("0.2", 0), ("0.2", 1),
    ]  # fmt: skip
    means, tests = {}, {}
    for rate in ("0.05", "0.2"):
        reached = []
        for seed in (0, 1):
            options = ["--learning-rate", rate, "--seed", str(seed), "--json"]
            _, trained, _ = run("train", *QUICK, *options)
            *epochs, end = lines(trained)
            (mine,) = [r for r in runs if (r["learning_rate"], r["seed"]) == (rate, seed)]
            for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
                assert mine[name] == epochs[-1][name]
            top = max(epochs, key=lambda e: e["validation_accuracy"])
            assert mine["best_epoch"] == top["epoch"]
            reached.append(epochs[-1]["validation_accuracy"])
            tests.setdefault(rate, []).append(end["test_accuracy"])
        means[rate] = sum(reached) / 2
    best = max(means, key=lambda rate: means[rate])
    assert last["best"] == {"learning_rate": best}
    assert last["validation_accuracy"] == pytest.approx(means[best])
    assert last["test_accuracies"] == tests[best]
    assert len(rows(out / "results.csv")) == 4
    assert [r["learning_rate"] for r in rows(out / "summary.csv")] == ["0.05", "0.2"]
    assert (out / "chart.svg").read_text().startswith("<svg")


def test_more_values_and_seeds_train_only_the_new_runs(run, tmp_path) -> None:
    out = tmp_path / "sweep"
    run("sweep", *RATES, *QUICK, "--seeds", "1", "--out", str(out), "--json")
    before = {path: path.stat().st_mtime_ns for path in (out / "runs").iterdir()}
    assert len(before) == 5  # a network and its results, for two runs; what the best recognises
    status, output, _ = run(
        "sweep", "--vary", "learning_rate=0.05,0.2,0.4", *QUICK, "--seeds", "2", "--out", str(out)
    )
    assert status == 0 and "6/6" in output and "best: learning_rate=" in output
    assert [len(list((out / "runs").glob(f"*.{ending}"))) for ending in ("npz", "json")] == [6, 6]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_two_settings_make_a_heat_map_and_three_no_chart(run, tmp_path) -> None:
    two, three = tmp_path / "two", tmp_path / "three"
    options = [*QUICK[2:], "--seeds", "1"]
    run("sweep", *RATES, "--vary", "hidden=4,8+4", *options, "--out", str(two))
    assert (two / "chart.svg").read_text().count("<rect") == 1 + 4  # the white ground, and cells
    more = ["--vary", "hidden=4,8", "--vary", "activation=relu", "--random", "2"]
    status, output, _ = run("sweep", *RATES, *more, *options, "--out", str(three))
    assert status == 0 and "2/2" in output
    assert not (three / "chart.svg").exists()


def test_a_run_that_diverges_is_told_and_never_the_best(run, tmp_path) -> None:
    wild = ["--optimizer", "sgd", "--reduction", "sum", "--vary", "learning_rate=0.001,100"]
    status, output, _ = run("sweep", *wild, *QUICK, "--seeds", "1", "--out", str(tmp_path))
    assert status == 0
    assert "diverged" in output and "best: learning_rate=0.001," in output
    alone = ["--optimizer", "sgd", "--reduction", "sum", "--vary", "learning_rate=100"]
    status, _, errors = run("sweep", *alone, *QUICK, "--seeds", "1", "--out", str(tmp_path))
    assert status == 2 and "no combination went well with every seed" in errors


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--vary", "optimizer=sgd,adam", "--vary", "momentum=0.5,0.9"],
         "optimizer=sgd momentum=0.5 can't be trained: --momentum belongs to"),
        (["--vary", "kernel_sizes=5,5+5", "--model", "cnn"], "kernel_sizes=5 can't be trained"),
        (["--vary", "train_size=100,5000"], "train_size=5000 can't be trained"),
        (["--vary", "train_size=10,20,30,40,50"], "; and 2 more"),
        (["--vary", "epochs=1,2", "--channels", "4,4"], "--channels belongs to --model cnn"),
        (["--vary", "dropout=0..0.5"], "needs a number of values"),
        (["--vary", "dropout=0,0.5", "--dropout", "0.1"], "varied and set at the same time"),
        (["--vary", "dropout=0,0.5", "--vary", "dropout=0.1"], "stands there twice"),
        (["--vary", "dropout=0", "--threads", "2"], "--threads has no place here"),
        (["--vary", "dropout=0", "--seeds", "0"], "--seeds must be at least 1, not 0"),
        (["--vary", "dropout=0", "--random", "0"], "--random must be at least 1, not 0"),
        (["--vary", "seed=1"], "--seeds says how many"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_said_before_anything_is_trained(run, tmp_path, options, said) -> None:
    out = tmp_path / "sweep"
    status, output, errors = run("sweep", *options, "--out", str(out))
    assert (status, output) == (2, "")
    assert said in errors and len(errors.splitlines()) == 1
    assert not out.exists()


def test_a_setting_that_only_some_combinations_use_may_be_given(run, tmp_path) -> None:
    options = ["--vary", "model=mlp,cnn", "--hidden", "4", "--train-size", "100", "--epochs", "1"]
    status, _, errors = run("sweep", *options, "--seeds", "1", "--out", str(tmp_path))
    assert (status, errors) == (0, "")


ENDLESS = [
    "--vary", "epochs=1,10000", "--batch-size", "1", "--train-size", "100", "--hidden", "4",
    "--seeds", "1",
]  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_sweep_that_is_stopped_keeps_what_is_done(run, tmp_path, small_folder, number) -> None:
    where = ["--data", str(small_folder), "--out", str(tmp_path), "--processes", "2"]
    with started("sweep", *ENDLESS, *where, "--json") as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert first["epochs"] == "1"
    (kept,) = (tmp_path / "runs").glob("*.json")
    written = kept.stat().st_mtime_ns
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number
        assert "stopped: 1 of 2 runs are kept" in errors and len(errors.splitlines()) == 1
        assert len(rows(tmp_path / "results.csv")) == 1
    shorter = ["--vary", "epochs=1,2", *ENDLESS[2:]]  # what would not end is left out
    status, output, _ = run("sweep", *shorter, "--out", str(tmp_path), "--json")
    assert status == 0
    known, _, _ = lines(output)
    assert known == first
    assert kept.stat().st_mtime_ns == written
