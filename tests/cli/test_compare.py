"""`compare`: what it takes, what it says, and what it refuses."""

import signal

import pytest

from tests.cli.conftest import QUICK, lines, started

A = " ".join(QUICK)
B = f"{A} --learning-rate 0.02"


def test_the_differences_and_the_numbers_of_each_seed_are_told(run, tmp_path) -> None:
    out = tmp_path / "new" / "folder"
    status, output, errors = run("compare", A, B, "--seeds", "2", "--out", str(out))
    assert (status, errors) == (0, "")
    assert "differs:       learning rate: A 0.1, B 0.02\n" in output
    assert "the same:      all initial weights; training images" in output
    assert "not the same" not in output
    for words in ("seed 0: A ", "seed 1: A ", ", p ", "mean over 2 seeds", "seconds for an epoch"):
        assert words in output
    assert sorted(path.name for path in out.iterdir()) == [
        "curves.csv", "epochs.svg", "seconds.svg", "tests.csv",
    ]  # fmt: skip


def test_a_side_has_the_test_accuracy_of_train(run) -> None:
    _, output, _ = run("compare", A, B, "--seeds", "1", "--seed", "7", "--json")
    said, seed, mean = lines(output)
    assert said["differs"] == {"learning_rate": ["0.1", "0.02"]} and not said["not_the_same"]
    for side, rate in (("first", "0.1"), ("second", "0.02")):
        options = ["--learning-rate", rate, "--seed", "7", "--json"]
        *epochs, end = lines(run("train", *QUICK, *options)[1])
        assert seed[f"{side}_accuracy"] == end["test_accuracy"]
        for mine, theirs in zip(seed["curves"][side], epochs, strict=True):
            for name in ("epoch", "train_loss", "validation_loss", "validation_accuracy"):
                assert mine[name] == theirs[name]
    assert mean["mean_difference"] == pytest.approx(seed["difference"])
    assert mean["second_is_better"] == (seed["difference"] > 0)


def test_a_preset_and_a_saved_run_can_be_compared(run, saved) -> None:
    small = "--preset first-light --channels 2,3 --train-size 100"
    status, output, _ = run("compare", str(saved), small, "--seeds", "1", "--json")
    assert status == 0
    said = lines(output)[0]
    assert said["differs"]["model"] == ["mlp", "cnn"]
    assert said["differs"]["train_size"] == ["200", "100"]
    assert "the batches" in said["not_the_same"]


def test_a_side_that_diverges_is_told(run) -> None:
    wild = f"{A} --optimizer sgd --reduction sum --learning-rate 100"
    status, output, errors = run("compare", A, wild, "--seeds", "1", "--json")
    assert status == 2 and "no seed went well on both sides" in errors
    said = lines(output)[-1]
    assert (said["side"], said["seed"]) == ("second", 0) and "learning rate" in said["diverged"]


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        (["nothing", A], "'nothing' is no preset (quick-and-good"),
        ([A, "--hidden 8 --seed 3"], "give the first one as --seed outside"),
        ([A, "--hidden 8 --epochs many"], "a whole number is needed, not 'many'"),
        ([A, "--hidden 8 --wrong 1"], "unrecognized arguments: --wrong 1"),
        ([A, "--channels 8,8 --epochs 1"], "--channels belongs to --model cnn"),
        ([A, "--hidden 8 --train-size 5000"], "from 100 to 600, not 5,000"),
        ([A, "--hidden '8"], "No closing quotation"),
        ([A, B, "--seeds", "0"], "--seeds must be at least 1, not 0"),
        ([__file__, B], "can't be used"),
    ],
)
def test_what_is_no_side_is_said_before_anything_is_trained(run, sides, said) -> None:
    status, output, errors = run("compare", *sides)
    assert (status, output) == (2, "")
    assert said in errors and len(errors.splitlines()) == 1


def test_a_comparison_that_is_stopped_says_so(small_folder) -> None:
    endless = "--hidden 4 --train-size 100 --batch-size 1 --epochs 10000"
    options = ["--seeds", "1", "--processes", "2", "--data", str(small_folder)]
    with started("compare", "--hidden 4 --train-size 100 --epochs 1", endless, *options) as process:
        assert process.stdout
        while not process.stdout.readline().startswith("A  seed 0"):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "1 of 2 runs were finished; none is kept" in errors and len(errors.splitlines()) == 1
