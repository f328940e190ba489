"""`check-gradients`: what it prints, what it finds, and its exit status."""

import pytest

from mnist_core import load_model
from tests.cli.conftest import in_a_process, lines

TOO_LARGE = 0.001 / 1.001  # the relative error of what is 0.1 % too large


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_each_parameter_is_a_json_object_on_a_line_of_its_own(run, name):
    status, output, errors = run("check-gradients", name, "--json", "--weights", "40")
    assert (status, errors) == (0, "")
    parameters = lines(output)
    assert [line["parameter"] for line in parameters] == list(load_model(name).parameters.named())
    for line in parameters:
        assert list(line) == ["parameter", "float32", "float64", "measured", "zero", "unclear"]
        assert line["float64"] < 1e-6
        assert line["measured"] >= 2


def test_people_get_a_table_and_a_sentence(run):
    status, output, errors = run("check-gradients", "mlp")
    header, *rows, sentence = output.splitlines()
    assert (status, errors) == (0, "")
    assert header.split() == ["parameter", "float32", "float64", "measured", "zero", "unclear"]
    assert [row.split()[0] for row in rows] == ["0.W", "0.b", "2.W", "2.b"]
    assert sum(int(word) for row in rows for word in row.split()[3:]) == 200
    assert sentence == "gradients agree in float64, with relative errors below 1e-06"


@pytest.mark.parametrize(
    ("name", "spoil", "layer", "paths"),
    [("mlp", "2", "2", "2.W, 2.b"), ("mlp", "0.b", "0", "0.b"), ("cnn", "6.W", "6", "6.W")],
)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_spoiled_gradient_is_named_with_exit_status_1(run, name, spoil, layer, paths, form):
    status, output, errors = run("check-gradients", name, "--spoil", spoil, *form)
    assert status == 1
    assert errors == (
        f"the gradient of layer {layer} is wrong ({paths}): the relative error in float64 is up "
        "to 1.0e-03, where 1e-06 is allowed\n"
    )
    if form:
        for line in lines(output):
            if line["parameter"] in paths:
                assert line["float64"] == pytest.approx(TOO_LARGE, rel=1e-3)
            else:
                assert line["float64"] < 1e-6


def test_a_saved_run_is_checked_on_the_image_and_with_the_seed_that_are_asked_for(run, saved):
    def output(*options: str) -> str:
        status, printed, _ = run("check-gradients", str(saved), "--json", *options)
        assert status == 0
        return printed

    once = output()
    assert output("--seed", "0", "--image", "0", "--weights", "200") == once
    assert output("--seed", "1") != once
    assert output("--image", "7") != once


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["mlp", "--spoil", "1"],
         "there is no layer or parameter '1': layers with weights are 0, 2; "
         "parameters are 0.W, 0.b, 2.W, 2.b"),
        (["mlp", "--spoil", ""], "a name is needed"),
        (["mlp", "--weights", "0"], "at least one weight"),
        (["mlp", "--weights", "many"], "a whole number is needed, not 'many'"),
        (["mlp", "--seed", "-1"], "--seed must be at least 0, not -1"),
        (["mlp", "--image", "50000"], "--image must be from 0 to 49999, not 50000"),
        (["mlp", "--image", "-1"], "--image must be from 0 to 49999, not -1"),
        (["nowhere.npz"], "there is no file nowhere.npz"),
        ([], "required"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_ends_with_status_2_and_one_line(run, arguments, expected):
    status, output, errors = run("check-gradients", *arguments)
    assert (status, output) == (2, "")
    assert len(errors.splitlines()) == 1
    assert expected in errors


def test_it_runs_from_a_shell():
    done = in_a_process("check-gradients", "mlp", "--spoil", "0", "--json", "--weights", "12")
    assert done.returncode == 1
    assert done.stderr.startswith("the gradient of layer 0 is wrong (0.W, 0.b)")
    assert [line["parameter"] for line in lines(done.stdout)] == ["0.W", "0.b", "2.W", "2.b"]
