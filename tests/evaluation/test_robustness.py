import threading
from itertools import islice

import numpy as np
import pytest

from mnist_core.data.mnist import Split
from mnist_core.evaluation import robustness as module
from mnist_core.evaluation.distortions import DISTORTIONS, TILE, distorted
from mnist_core.evaluation.robustness import robustness
from mnist_core.nn.builders import build_mlp

N = 2 * TILE + 50  # three tiles


class GivenUp(Exception):
    pass


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", TILE)


@pytest.fixture(scope="module")
def split(mnist):
    return mnist.test[:N]


@pytest.fixture(scope="module")
def networks():
    return {
        name: build_mlp(hidden=(8,), rng=np.random.default_rng(seed))
        for seed, name in enumerate(("one", "two"))
    }


def test_counts_are_those_of_the_networks_on_the_distorted_images(networks, split):
    points = list(robustness(networks, split, kinds=("noise", "rotation"), seed=5))
    expected = [
        (kind, strength)
        for kind in ("noise", "rotation")
        for strength in DISTORTIONS[kind].strengths
    ]
    assert [(point.kind, point.strength) for point in points] == expected
    for point in points:
        images = distorted(split.images, point.kind, point.strength, seed=5)
        for name, network in networks.items():
            right = int((network.predict(images) == split.labels).sum())
            assert point.right[name] == right
            assert point.accuracy(name) == right / N


def test_one_thread_and_three_count_the_same(networks, split):
    one, three = (list(robustness(networks, split, threads=threads)) for threads in (1, 3))
    assert one == three
    assert len(one) == 8 * 9


def test_points_that_are_known_already_are_left_out(networks, split):
    points = list(robustness(networks, split, kinds=("shift", "blur")))
    assert list(robustness(networks, split, kinds=("shift", "blur"), done=7)) == points[7:]


def test_the_unchanged_images_are_shown_once(networks, split):
    tiles = []
    list(robustness(networks, split, threads=1, before_tile=lambda: tiles.append(0)))
    assert len(tiles) == 3 * (1 + 8 * 8)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_before_tile_raises_ends_it_and_leaves_no_thread(networks, split, threads):
    before = set(threading.enumerate())
    tiles = []

    def give_up_in_the_first_distorted_point():
        tiles.append(0)
        if len(tiles) > 3:
            raise GivenUp

    points = robustness(
        networks, split, threads=threads, before_tile=give_up_in_the_first_distorted_point
    )
    assert next(points).strength == 0
    with pytest.raises(GivenUp):
        next(points)
    assert set(threading.enumerate()) <= before
    assert len(tiles) <= 6  # none of a later point
    assert list(points) == []


def test_between_points_no_thread_is_at_work(networks, split):
    before = set(threading.enumerate())
    tiles = []
    points = robustness(networks, split, before_tile=lambda: tiles.append(0))
    assert [point.strength for point in islice(points, 3)] == [0, 1, 2]
    assert set(threading.enumerate()) <= before
    points.close()
    assert len(tiles) == 3 * 3


def test_of_no_images_the_accuracy_is_unknown(networks):
    nothing = Split(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))
    point = next(robustness(networks, nothing))
    assert point.right == {"one": 0, "two": 0}
    assert np.isnan(point.accuracy("one"))


def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are(networks, split):
    with pytest.raises(ValueError, match="no distortion 'melting', only shift, rotation"):
        next(robustness(networks, split, kinds=("melting",)))
