"""Over many shapes, the fast form of convolution and pooling equals the plain one."""

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="property tests need requirements-dev.txt")

from hypothesis import assume, given
from hypothesis import strategies as st

from mnist_core.nn.convolution import PlainConvPool
from mnist_core.nn.fused_convolution import ConvPool
from tests.nn.test_convolution import there_and_back

small = st.integers(1, 5)
side = st.integers(2, 13)


@given(small, small, small, small, side, side, st.integers(1, 9),
       st.sampled_from(["valid", "same"]), st.booleans(), st.integers(0, 99))  # fmt: skip
def test_fast_and_plain_agree(F, C, k_h, k_w, H, W, N, padding, ties, seed):
    assume(padding == "same" or (k_h < H and k_w < W))
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        if ties:  # small whole numbers: many equal values, and no rounding at all
            return rng.integers(-1, 2, shape).astype(np.float32)
        return rng.normal(size=shape).astype(np.float32)

    kernels, biases, x = numbers(F, C, k_h, k_w), numbers(F), numbers(C, H, W, N)
    plain = there_and_back(PlainConvPool(kernels, biases, padding=padding), x)
    dy = np.rint(4 * rng.normal(size=plain["y"].shape)).astype(np.float32)
    plain = there_and_back(PlainConvPool(kernels, biases, padding=padding), x, dy)
    fast = there_and_back(ConvPool(kernels, biases, padding=padding), x, dy)
    for key, expected in plain.items():
        assert fast[key].shape == expected.shape
        if ties:
            assert np.array_equal(fast[key], expected), key
        else:
            scale = max(1.0, float(np.abs(expected).max()))
            np.testing.assert_allclose(fast[key], expected, rtol=0, atol=2e-6 * scale)
