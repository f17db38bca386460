"""Where the first weights come from."""

import numpy as np

import handwrought as hw


def test_without_a_seed_all_weights_are_0_and_can_be_filled_in():
    net = hw.Network([784, 30, 10], seed=None)
    assert not net.parameters.vector.any()
    net.parameters.vector[:] = hw.Network([784, 30, 10], seed=3).parameters.vector
    other = hw.Network([784, 30, 10], seed=3)
    x = np.full((1, 784), 0.5, np.float32)
    np.testing.assert_array_equal(net.feedforward(x), other.feedforward(x))
