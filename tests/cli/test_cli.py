"""The command line: its JSON, its table, and one line with status 2 for every mistake."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_core import load_mnist
from mnist_core.cli.main import main
from mnist_core.training.checkpoint import load_checkpoint
from tests.cli.conftest import QUICK, ROOT, in_a_process, lines


def test_train_prints_an_object_an_epoch_and_one_at_the_end(run):
    status, output, errors = run("train", *QUICK, "--json")
    *epochs, last = lines(output)
    assert (status, errors) == (0, "")
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    for epoch in epochs:
        assert list(epoch) == [
            "epoch",
            "train_loss",
            "train_accuracy",
            "validation_loss",
            "validation_accuracy",
            "seconds",
        ]
    assert list(last) == ["test_accuracy", "parameters", "seconds"]
    assert last["parameters"] == 784 * 8 + 8 + 8 * 10 + 10
    assert 0 <= last["test_accuracy"] <= 1


def test_train_prints_a_table_for_people(run):
    status, output, _ = run("train", *QUICK)
    header, first, second, last = output.splitlines()
    assert status == 0
    assert header.split() == ["epoch", "training", "validation", "seconds"]
    assert (first.split()[0], second.split()[0]) == ("1", "2")
    assert last.startswith("test accuracy ")
    assert "6,370 parameters" in last


def test_the_same_command_prints_the_same_numbers(run):
    def numbers() -> list[dict]:
        output = run("train", *QUICK, "--json", "--seed", "3", "--dropout", "0.2")[1]
        return [
            {key: value for key, value in line.items() if key != "seconds"}
            for line in lines(output)
        ]

    assert numbers() == numbers()


def test_every_option_reaches_the_settings(run, tmp_path):
    path = tmp_path / "run.npz"
    settings = {
        "model": "mlp",
        "hidden": "7,6",
        "activation": "tanh",
        "initialisation": "normal(0.05)",
        "dropout": "0.1",
        "optimizer": "adam",
        "learning-rate": "0.002",
        "momentum": "0.8",
        "weight-decay": "0.0001",
        "reduction": "sum",
        "schedule": "cosine",
        "batch-size": "50",
        "epochs": "1",
        "train-size": "150",
        "augmentation": "affine",
        "ema-decay": "0.9",
        "seed": "4",
    }
    options = [word for name, value in settings.items() for word in ("--" + name, value)]
    assert run("train", *options, "--out", str(path), "--json")[0] == 0
    config = load_checkpoint(path).config
    assert config["hidden"] == [7, 6]
    assert config["augmentation"]["rotation"] == 10
    for name in settings.keys() - {"hidden", "augmentation"}:
        assert str(config[name.replace("-", "_")]) == settings[name]


def test_later_options_override_a_preset(run, tmp_path):
    path = tmp_path / "run.npz"
    options = ["--epochs", "1", "--train-size", "300", "--learning-rate", "0.001"]
    status, output, _ = run(
        "train", "--preset", "report-2000", *options, "--out", str(path), "--json"
    )
    assert status == 0
    assert len(lines(output)) == 2
    config = load_checkpoint(path).config
    assert (config["epochs"], config["train_size"], config["learning_rate"]) == (1, 300, 0.001)
    assert (config["activation"], config["reduction"]) == ("sigmoid", "sum")  # the preset's


def test_options_before_a_preset_count_as_well(run):
    status, output, _ = run("train", "--epochs", "1", "--preset", "report-2000", "--json")
    assert status == 0
    assert len(lines(output)) == 2


def test_a_convolutional_network_is_trained_the_same_way(run):
    options = ["--channels", "2,3", "--kernel-sizes", "3,3", "--dense", "9", "--epochs", "1"]
    status, output, _ = run("train", "--model", "cnn", *options, "--train-size", "100", "--json")
    assert status == 0
    # 28 -> 26 -> 13 -> 11 -> 5: kernels 2x1x3x3 and 3x2x3x3, then 75 -> 9 -> 10
    expected = (18 + 2) + (54 + 3) + (75 * 9 + 9) + (90 + 10)
    assert lines(output)[-1]["parameters"] == expected


def test_evaluate_agrees_with_what_train_said(run, tmp_path):
    path = tmp_path / "run.npz"
    trained = lines(run("train", *QUICK, "--out", str(path), "--json")[1])[-1]
    status, output, _ = run("evaluate", str(path), "--json")
    assert status == 0
    assert lines(output) == [{"accuracy": trained["test_accuracy"], "n": 200}]
    assert "on 200 images" in run("evaluate", str(path))[1]


def test_a_saved_network_alone_predicts_the_same(run, tmp_path, saved):
    path = tmp_path / "network.npz"
    run("train", *QUICK, "--network", str(path), "--json")
    assert run("evaluate", str(path), "--json")[1] == run("evaluate", str(saved), "--json")[1]
    assert path.stat().st_size < saved.stat().st_size


def test_predict_reads_every_picture(run, tmp_path, saved, mnist):
    paths = []
    for number in range(2):
        paths.append(str(tmp_path / f"{number}.png"))
        paper = 255 - np.pad(mnist.test.images[number], 20)
        Image.fromarray(paper).resize((200, 200)).save(paths[-1])
    status, output, errors = run("predict", str(saved), *paths, "--json")
    assert (status, errors) == (0, "")
    for path, line in zip(paths, lines(output), strict=True):
        assert list(line) == ["image", "label", "probabilities", "second", "unsure"]
        assert line["image"] == path
        assert len(line["probabilities"]) == 10
        assert sum(line["probabilities"]) == pytest.approx(1, abs=1e-4)
        second, best = np.argsort(line["probabilities"])[-2:]
        assert (line["label"], line["second"]) == (best, second)
    assert run("predict", str(saved), paths[0])[1].startswith(f"{paths[0]}: ")


def test_predict_reads_a_page_digit_by_digit_in_order(run, tmp_path, mnist):
    path, images = str(tmp_path / "page.png"), mnist.test.images[:6]
    spaced = np.pad(images, ((0, 0), (10, 10), (10, 10)))
    rows = [np.concatenate(row, axis=1) for row in (spaced[:3], spaced[3:])]
    page = Image.fromarray(255 - np.pad(np.concatenate(rows), 20))
    page.resize((3 * page.width, 3 * page.height)).save(path)
    status, output, errors = run("predict", "cnn", path, "--json")
    assert (status, errors) == (0, "")
    answers = lines(output)
    assert [answer["label"] for answer in answers] == mnist.test.labels[:6].tolist()
    assert [answer["line"] for answer in answers] == [1, 1, 1, 2, 2, 2]
    for row in (answers[:3], answers[3:]):
        assert sorted(row, key=lambda answer: answer["box"][0]) == row
    assert "digit 6 on line 2" in run("predict", "cnn", path)[1]


def test_predict_says_what_is_no_digit(run, tmp_path):
    path = str(tmp_path / "cross.png")
    sheet = Image.new("L", (200, 200), 255)
    pencil = ImageDraw.Draw(sheet)
    for across in (30, 75, 120, 165):
        pencil.line((across, 20, across, 180), fill=0, width=12)
        pencil.line((20, across, 180, across), fill=0, width=12)
    sheet.save(path)
    assert "No digit?" in run("predict", "cnn", path)[1]
    assert lines(run("predict", "cnn", path, "--json")[1])[0]["objection"]


def test_predict_names_the_second_digit_where_it_is_unsure(run, tmp_path):
    path = str(tmp_path / "nine.png")
    Image.fromarray(255 - load_mnist().validation.images[1442]).save(path)  # much like a 4
    (answer,) = lines(run("predict", "cnn", path, "--json")[1])
    assert (answer["label"], answer["second"], answer["unsure"]) == (4, 9, True)
    sentence = run("predict", "cnn", path)[1]
    assert re.search(r": 4  \(\d.*%\) or 9  \(\d.*%\): unsure$", sentence.strip())


def test_a_run_is_resumed_where_it_stopped(run, tmp_path, saved):
    # The two epochs of the saved run are over, so that only the test accuracy is left to print.
    status, output, _ = run("train", "--resume", str(saved), "--json")
    assert status == 0
    assert [list(line) for line in lines(output)] == [["test_accuracy", "parameters", "seconds"]]


def test_a_run_on_all_images_uses_those_for_validation_too(run, tmp_path):
    path = tmp_path / "all.npz"
    assert run("train", "--epochs", "1", "--all", "--out", str(path), "--json")[0] == 0
    assert load_checkpoint(path).config["train_size"] == 720
    assert run("train", "--all", "--resume", str(path), "--json")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "--hidden", "0"], "1 to 1024 units"),
        (["train", "--hidden", "64,x"], "whole numbers"),
        (["train", "--hidden", ""], "one to 3 hidden layers"),
        (["train", "--hidden", "8,,9"], "whole numbers with commas between them"),
        (["train", "--model", "cnn", "--hidden", "3"],
         "--hidden belongs to --model mlp, not to cnn"),
        (["train", "--preset", "best", "--hidden", "3"],
         "--hidden belongs to --model mlp, not to cnn"),
        (["train", "--channels", "8,8"], "--channels belongs to --model cnn, not to mlp"),
        (["train", "--preset", "mlp-best", "--dense", "9", "--kernel-sizes", "3,3"],
         "--kernel-sizes belongs to --model cnn, not to mlp; --dense belongs to --model cnn"),
        (["train", "--optimizer", "sgd", "--momentum", "0.5"],
         "--momentum belongs to --optimizer nesterov or adam, not to sgd"),
        (["train", "--out", ""], "argument --out: a name is needed"),
        (["train", "--network", ""], "argument --network: a name is needed"),
        (["train", "--resume", ""], "argument --resume: a name is needed"),
        (["train", "--train-size", "99"], "from 100 to 600, not 99"),
        (["train", "--train-size", "601"], "from 100 to 600, not 601"),
        (["train", "--train-size", "many"], "--train-size"),
        (["train", "--epochs", "0"], "the epochs must be from 1"),
        (["train", "--epochs", "2.5"], "a whole number is needed"),
        (["train", "--epochs", "9" * 400], "the epochs must be from 1"),
        (["train", "--learning-rate", "fast"], "a number is needed, not 'fast'"),
        (["train", "--learning-rate", "-0.1"], "the learning rate must be from 0"),
        (["train", "--hidden", "-5"], "1 to 1024 units"),
        (["train", "--average", "1"], "the ema decay must be from 0"),
        (["train", "--batch-size", "-5"], "the batch size must be from 1"),
        (["train", "--learning-rate", "nan"], "the learning rate must be from 0 to 100"),
        (["train", "--dropout", "1"], "the dropout must be from 0"),
        (["train", "--optimizer", "lion"], "sgd, nesterov, adam"),
        (["train", "--model", "transformer"], "mlp, cnn"),
        (["train", "--activation", "swish"], "sigmoid, relu, tanh"),
        (["train", "--initialisation", "lecun"], "glorot, he or normal"),
        (["train", "--schedule", "steps"], "constant, cosine, one-cycle"),
        (["train", "--reduction", "max"], "mean, sum"),
        (["train", "--augmentation", "wild"], "none, affine"),
        (["train", "--out", "tests"], "tests is a folder"),
        (["train", "--network", "tests"], "tests is a folder"),
        (["train", "--out", "/dev/null"], "/dev/null is no plain file"),
        (["train", "--out", "pyproject.toml/run.npz"], "pyproject.toml/run.npz can't be written"),
        (["train", "--out", "/proc/nowhere/run.npz"], "/proc/nowhere/run.npz can't be written"),
        (["train", "--out", "n" * 300], "can't be written"),
        (["train", "--out", "a.npz", "--network", "./a.npz"], "need two files"),
        (["train", "--seed", "-1"], "the seed must be from 0"),
        (["train", "--preset", "unheard-of"], "quick-and-good"),
        (["train", "--surprise"], "--surprise"),
        (["train", "--learning-rate", "100", "--reduction", "sum", "--initialisation",
          "normal(9)", "--hidden", "64,64,64", "--momentum", "0.9999"], "Lower the learning rate"),
        (["train", "--resume", "nowhere.npz"], "nowhere.npz"),
        (["train", "--resume", "pyproject.toml"], "pyproject.toml can't be resumed"),
        (["train", "--resume", "{saved}", "--batch-size", "5"], "leave --batch-size out"),
        (["train", "--resume", "{saved}", "--preset", "best"], "leave --preset out"),
        (["train", "--resume", "{saved}", "--epochs", "1"], "--epochs must be at least 2"),
        (["train", "--resume", "{saved}", "--epochs", "0"], "the epochs must be from 1"),
        (["evaluate", "nowhere.npz"], "nowhere.npz"),
        (["evaluate", "tests"], "tests"),
        (["evaluate", "pyproject.toml"], "pyproject.toml can't be used"),
        (["evaluate", ""], "a name is needed"),
        (["evaluate"], "required"),
        (["predict", "{saved}"], "required"),
        (["predict", "", "nowhere.png"], "a name is needed"),
        (["predict", "{saved}", ""], "a name is needed"),
        (["predict", "{saved}", "nowhere.png"], "nowhere.png"),
        (["predict", "{saved}", "pyproject.toml"], "pyproject.toml"),
        (["predict", "{saved}", "tests"], "tests"),
        (["explain"], "explain"),
        ([], "COMMAND"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_ends_with_status_2_and_one_line(run, saved, monkeypatch, arguments, expected):
    monkeypatch.chdir(ROOT)
    status, output, errors = run(*(word.format(saved=saved) for word in arguments), "--json")
    assert (status, output) == (2, "")
    assert len(errors.splitlines()) == 1
    assert expected in errors


@pytest.mark.parametrize("command", [["train"], ["evaluate", "{saved}"]])
def test_an_empty_name_of_a_data_set_is_refused(capsys, saved, command):
    with pytest.raises(SystemExit) as end:
        main([*(word.format(saved=saved) for word in command), "--data", ""])
    assert end.value.code == 2
    assert "argument --data: a name is needed, not ''" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["train"], ["evaluate", "{saved}"]])
def test_data_that_is_none_is_named(capsys, tmp_path, saved, command):
    for folder, reason in ((tmp_path, "has no file"), (tmp_path / "nowhere", "no folder")):
        arguments = [word.format(saved=saved) for word in command]
        assert main([*arguments, "--data", str(folder)]) == 2
        errors = capsys.readouterr().err
        assert len(errors.splitlines()) == 1
        assert reason in errors


def test_a_blank_picture_is_refused_and_named(run, saved, tmp_path):
    path = tmp_path / "blank.png"
    Image.new("L", (100, 100), 255).save(path)
    status, output, errors = run("predict", str(saved), str(path), "--json")
    assert (status, output) == (2, "")
    assert "blank.png: There is no writing to be seen on this picture" in errors
    assert "draw" not in errors
    assert len(errors.splitlines()) == 1


def test_a_diverged_run_leaves_its_last_good_weights(run, tmp_path):
    path = tmp_path / "run.npz"
    explosive = ["--learning-rate", "100", "--reduction", "sum", "--initialisation", "normal(9)"]
    status, _, errors = run("train", "--hidden", "64,64,64", *explosive, "--out", str(path))
    assert status == 2
    assert "last good weights" in errors
    assert load_checkpoint(path).network()


def test_a_diverged_run_that_can_not_be_saved_still_says_what_went_wrong(
    run, tmp_path, monkeypatch
):
    explosive = ["--learning-rate", "100", "--reduction", "sum", "--initialisation", "normal(9)"]
    trials = []

    def full_after_the_trial(path, checkpoint) -> None:
        trials.append(path)
        if len(trials) > 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("mnist_core.cli.keeping.save_checkpoint", full_after_the_trial)
    path = str(tmp_path / "run.npz")
    status, _, errors = run("train", "--hidden", "64,64,64", *explosive, "--out", path)
    assert status == 2
    assert "Lower the learning rate" in errors and "could not be saved: " in errors
    assert len(errors.splitlines()) == 1


def test_it_runs_from_a_shell_with_one_blas_thread(small_folder, tmp_path):
    path = str(tmp_path / "run.npz")
    data = ["--data", str(small_folder)]
    trained = in_a_process("train", *QUICK, *data, "--out", path, "--json")
    assert (trained.returncode, trained.stderr) == (0, "")
    evaluated = in_a_process("evaluate", path, *data, "--json")
    assert lines(evaluated.stdout)[0]["accuracy"] == lines(trained.stdout)[-1]["test_accuracy"]
    refused = in_a_process("evaluate", "nowhere.npz")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert len(refused.stderr.splitlines()) == 1
    code = "import mnist_core.cli.main, os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "1"
