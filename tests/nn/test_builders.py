"""Settings of networks: what is refused is refused before anything is built, and by one rule."""

import numpy as np
import pytest

from mnist_core.nn import builders
from mnist_core.nn.builders import (
    CNNS,
    MAX_PARAMETERS,
    build_model,
    check_model,
    parameter_count,
)

LARGEST = {"channels": (128,), "kernel_sizes": (1,), "dense": (1024, 1024, 1024)}


def test_the_reports_network_has_50890_parameters():
    assert parameter_count("mlp") == 784 * 64 + 64 + 64 * 10 + 10 == 50_890


def test_the_parameters_of_a_cnn_worked_out_by_hand():
    # 28 - 5 + 1 = 24, pooled 12; 12 - 5 + 1 = 8, pooled 4
    blocks = (8 * 25 + 8) + (16 * 8 * 25 + 16)
    assert parameter_count("cnn") == blocks + 16 * 4 * 4 * 10 + 10


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mlp", {"hidden": (20, 1, 30), "dropout": 0.5}),
        *(("cnn", net) for net in CNNS.values()),
        ("cnn", {"channels": (2, 3, 4), "kernel_sizes": (4, 3, 2), "padding": "same"}),
        ("cnn", {"dense": (9, 8, 7), "fast": False, "dropout": 0.1}),
    ],
)
def test_the_parameters_are_counted_as_they_are_built(name, options):
    model = build_model(name, **options, rng=np.random.default_rng(0))
    assert parameter_count(name, **options) == model.parameters.flat.size


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("transformer", {}),
        ("mlp", {"hidden": ()}),
        ("mlp", {"hidden": (1025,)}),
        ("mlp", {"hidden": (64.5,)}),
        ("mlp", {"hidden": ("64",)}),
        ("mlp", {"activation": "swish"}),
        ("mlp", {"initialisation": "normal(-1)"}),
        ("mlp", {"dropout": 1.0}),
        ("mlp", {"dropout": float("nan")}),
        ("cnn", {"kernel_sizes": (21, 5)}),
        ("cnn", {"kernel_sizes": (2.5, 5)}),
        ("cnn", {"channels": (8, None)}),
        ("cnn", {"padding": "full"}),
    ],
)
def test_a_check_refuses_with_the_words_of_building(name, options):
    with pytest.raises(ValueError) as checked:
        check_model(name, **options)
    with pytest.raises(ValueError) as built:
        build_model(name, **options, rng=np.random.default_rng(0))
    assert str(checked.value) == str(built.value)


def test_a_check_builds_nothing(monkeypatch):
    def build(*args, **options):
        raise AssertionError("a network was built")

    monkeypatch.setattr(builders.CNNPlan, "build", build)
    monkeypatch.setattr(builders, "initial_weights", build)
    check_model("cnn", **LARGEST)


def test_the_largest_network_that_the_limits_of_layers_allow_is_below_the_limit_of_size():
    # 128 maps of 14x14 before the first of the dense layers
    widths = [128 * 14 * 14, 1024, 1024, 1024, 10]
    dense = sum(a * b + b for a, b in zip(widths, widths[1:], strict=False))
    assert parameter_count("cnn", **LARGEST) == 128 + 128 + dense < MAX_PARAMETERS
    check_model("cnn", **LARGEST)


def test_one_parameter_more_than_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(builders, "MAX_PARAMETERS", 50_890)
    check_model("mlp", hidden=(64,))
    with pytest.raises(ValueError, match="at most 50,890 parameters, .* would have 51,685"):
        check_model("mlp", hidden=(65,))
    with pytest.raises(ValueError, match="at most 50,890 parameters"):
        build_model("mlp", hidden=(65,), rng=np.random.default_rng(0))
