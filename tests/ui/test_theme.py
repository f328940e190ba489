"""Colours of networks that can be compared: told apart by all eyes, and seen on both backgrounds.
How colour-blind eyes see them: Machado, Oliveira and Fernandes (2009), at full severity.
"""

import itertools
import re
import tomllib

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.arrays import Array
from mnist_core.nn.builders import build_mlp
from mnist_core.nn.network import Sequential
from mnist_core.paths import MODELS_FOLDER
from mnist_core.runs.local import LocalPool
from mnist_core.training.config import TrainConfig
from tests.ui.test_evaluate_page import few as few
from tests.ui.test_evaluate_page import opened
from ui import theme

NETWORKS = {
    "MLP": theme.MLP,
    "CNN": theme.CNN,
    "your run": theme.OWN,
    "your best": theme.BEST,
    "your taught MLP": theme.TAUGHT,
    "loaded": theme.LOADED[0],
    "loaded next": theme.LOADED[1],
}
EYES = {
    "most": np.eye(3),
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = XYZ.sum(axis=1)
CONFIG = tomllib.loads((MODELS_FOLDER.parents[1] / ".streamlit/config.toml").read_text())
BACKGROUNDS = [CONFIG["theme"][name]["backgroundColor"] for name in ("light", "dark")]
LEAST = 15  # in CIELAB, where 2 to 3 are just seen by two areas side by side


def linear(colour: str) -> Array:
    part = np.array(theme.rgb(colour)) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(colour: str, eyes: str) -> Array:
    share = XYZ @ np.clip(np.asarray(EYES[eyes]) @ linear(colour), 0, 1) / WHITE
    root = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    x, y, z = root.tolist()
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(one: str, other: str, eyes: str) -> float:
    return float(np.linalg.norm(lab(one, eyes) - lab(other, eyes)))


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("eyes", EYES)
def test_no_two_networks_look_alike(eyes: str) -> None:
    for one, other in itertools.combinations(NETWORKS, 2):
        assert difference(NETWORKS[one], NETWORKS[other], eyes) > LEAST, (one, other)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_is_seen_in_both_themes_and_not_taken_for_a_measure(network: str) -> None:
    assert all(contrast(NETWORKS[network], background) >= 3 for background in BACKGROUNDS)
    for measure in (theme.TRAINING, theme.VALIDATION):
        assert difference(NETWORKS[network], measure, "most") > LEAST


@pytest.mark.parametrize("eyes", EYES)
def test_no_two_runs_over_each_other_look_alike(eyes: str) -> None:
    for one, other in itertools.combinations(theme.RUNS, 2):
        assert difference(one, other, eyes) > LEAST, (one, other)


@pytest.mark.parametrize("colour", theme.RUNS)
def test_a_run_over_others_is_seen_in_both_themes(colour: str) -> None:
    assert all(contrast(colour, background) >= 3 for background in BACKGROUNDS)


def dots(app: AppTest) -> list[str]:
    """The colours of the networks that the page judges."""
    words = " ".join(one.proto.body for one in app.get("html"))  # pyright: ignore[reportAttributeAccessIssue]
    return re.findall(r"color:(#\w+)\">●", words)


@pytest.mark.usefixtures("few")
def test_a_run_and_the_best_network_have_colours_of_their_own(pool: LocalPool) -> None:
    handle = pool.start(TrainConfig(hidden=(8,), epochs=2, train_size=200, batch_size=50))
    handle.wait_for(lambda view: view.ended, timeout=60)
    app = opened(run=handle.id, network="run", against="best")
    assert dots(app) == [theme.OWN, theme.BEST]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("first", "second"), [(0, 1), (0, 2), (3, 1)])
def test_any_two_loaded_networks_have_different_colours(first: int, second: int) -> None:
    networks: list[Sequential] = [
        build_mlp(hidden=(4,), rng=np.random.default_rng(seed)) for seed in range(4)
    ]
    app = opened(*networks, network=f"loaded_{first}", against=f"loaded_{second}")
    one, other = dots(app)
    assert one != other and {one, other} == set(theme.LOADED)
