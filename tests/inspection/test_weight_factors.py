"""The factors of one weight's gradient multiply to the number that the network computed."""

import numpy as np
import pytest

from mnist_core.inspection.backpropagation import backpropagate
from mnist_core.inspection.stations import stations
from mnist_core.inspection.weight_factors import factors_of
from mnist_core.nn.layers import Dense
from tests.inspection.test_backpropagation import ALL, LABEL, MLPS
from tests.inspection.test_trace import IMAGE, some_mlp


@pytest.mark.parametrize("name", [*MLPS, "CNN", "readable CNN"])
def test_the_product_of_a_weights_factors_is_its_gradient(name):
    model = ALL[name]
    step = backpropagate(model, IMAGE, LABEL)
    rng = np.random.default_rng(3)
    for number, layer in enumerate(model.layers):
        if not isinstance(layer, Dense):
            continue
        for _ in range(20):
            row, column = rng.integers(layer.W.shape[0]), rng.integers(layer.W.shape[1])
            factors = factors_of(step, number, row, column)
            gradient = step.gradients[f"{number}.W"][row, column]
            assert factors.product == pytest.approx(gradient, rel=1e-12, abs=1e-300)
            assert factors.delta * factors.input == pytest.approx(gradient, rel=1e-12, abs=1e-300)
            assert factors.weight == layer.W[row, column]


def test_the_factors_of_a_weight_by_hand():
    step = backpropagate(some_mlp(hidden=(8,), activation="tanh"), IMAGE, LABEL)
    of = {station.name: station.value for station in stations(step)}
    pixel = int(np.flatnonzero(IMAGE)[50])
    factors = factors_of(step, 0, 5, pixel)
    W2 = step.model.parameters.named()["2.W"]
    assert factors.terms is not None
    np.testing.assert_allclose(factors.terms, W2[:, 5] * (of["y_hat"] - step.one_hot)[:, 0])
    assert factors.slope == pytest.approx(1 - of["f1"][5, 0] ** 2)
    assert factors.input == IMAGE.ravel()[pixel] / 255
    last = factors_of(step, 2, LABEL, 5)
    assert last.terms is None and last.slope is None
    assert last.delta == pytest.approx(of["y_hat"][LABEL, 0] - 1)
    assert last.input == of["f1"][5, 0]


@pytest.mark.parametrize("place", [(1, 0, 0), (3, 0, 0), (0, 12, 0), (0, 0, 784), (-1, 0, 0)])
def test_a_weight_that_there_is_not_has_no_factors(place):
    with pytest.raises(ValueError, match="not Dense|no weight|there is no"):
        factors_of(backpropagate(some_mlp(hidden=(12,)), IMAGE, LABEL), *place)
