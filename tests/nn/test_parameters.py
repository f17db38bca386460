"""One vector and its views; the buffers of a batch; a layer with neurons left out."""

import numpy as np
import pytest

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import activation_named
from handwrought.nn.layers import Dense
from handwrought.nn.layers.dense import DenseState
from handwrought.nn.network import Network
from handwrought.nn.parameters import ArraySpec, Parameters
from handwrought.nn.workspace import Workspace

SPECS = Network([2, 3, 1], seed=None).specs


def test_weights_come_first_and_then_biases_layer_by_layer():
    parameters = Parameters(SPECS, np.float64, np.arange(13.0))
    assert parameters.weights.tolist() == list(range(9))
    assert parameters.n_weights == 9
    found = {name: array.tolist() for name, array in parameters.arrays()}
    assert found == {
        "layers[0].weights": [[0, 1], [2, 3], [4, 5]],
        "layers[0].biases": [9, 10, 11],
        "layers[1].weights": [[6, 7, 8]],
        "layers[1].biases": [12],
    }
    assert list(found) == [
        *("layers[0].weights", "layers[0].biases", "layers[1].weights", "layers[1].biases"),
    ]
    assert parameters[1].weights is parameters.layers[1].weights
    assert [share.biases.size for share in parameters] == [3, 1]


def test_zeros_of_the_same_layout_and_a_copy_keep_the_dtype():
    parameters = Parameters(SPECS)
    assert parameters.vector.dtype == np.float32
    parameters.vector[:] = 1
    assert parameters.like().vector.dtype == np.float32
    assert not parameters.like().vector.any()
    copy = parameters.copy()
    assert copy.vector.dtype == np.float32
    assert (copy.vector == 1).all()
    assert not np.shares_memory(copy.vector, parameters.vector)
    assert parameters.copy(np.complex128).vector.dtype == np.complex128


def test_a_vector_that_does_not_fit_is_told():
    with pytest.raises(
        InvalidArgument, match=r"^numbers has shape \(12,\), the layers ask for \(13,\)$"
    ):
        Parameters(SPECS, numbers=np.zeros(12))
    swapped = np.zeros(13, np.dtype(np.float64).newbyteorder())
    words = (
        rf"^numbers has the byte order of another machine \({swapped.dtype.str}\): convert it with "
        r"numbers\.astype\(numbers\.dtype\.newbyteorder\('='\)\)$"
    )
    with pytest.raises(InvalidArgument, match=words):
        Parameters(SPECS, numbers=swapped)


def test_what_decays_comes_first_then_other_parameters_then_state():
    scale = [ArraySpec("scale", (2,), decays=False), ArraySpec("mean", (2,), trained=False)]
    dense = [ArraySpec("weights", (1, 2)), ArraySpec("biases", (1,), decays=False)]
    parameters = Parameters([scale, dense], np.float64, np.arange(7.0))
    assert parameters.weights.tolist() == [0, 1]
    assert parameters.vector.tolist() == [0, 1, 2, 3, 4]
    assert parameters[0].scale.tolist() == [2, 3]
    assert parameters.states[0].mean.tolist() == [5, 6]
    assert [name for name, _ in parameters.arrays()] == [
        *("layers[0].scale", "layers[1].weights", "layers[1].biases"),
    ]
    assert [name for name, _ in parameters.arrays(state=True)][:2] == [
        *("layers[0].scale", "layers[0].mean"),
    ]
    with pytest.raises(AttributeError, match="no attribute 'weights'"):
        _ = parameters[0].weights
    with pytest.raises(AttributeError, match=r"write into scale\[\.\.\.\]"):
        parameters[0].scale = np.ones(2)


def workspace(sizes, capacity, dtype, dropout):
    return Workspace(Network(sizes, seed=None).layers, capacity, dtype, dropout=dropout)


def test_rows_of_a_workspace_are_the_first_of_each_buffer():
    full = workspace([3, 4, 2], 5, np.float32, [True, False])
    views, states = full.rows(2), full.rows(5)
    for name in ("z", "a", "delta", "dC_da", "keep", "kept"):
        view, buffer = getattr(views[0], name), getattr(states[0], name)
        assert buffer.shape == (5, 4)
        assert buffer.dtype == np.float32
        buffer[:] = np.arange(20).reshape(5, 4)
        assert view.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
        assert np.shares_memory(view, buffer)
        buffers = [
            getattr(states[0], other) for other in ("z", "a", "delta", "dC_da", "keep", "kept")
        ]
        assert sum(np.shares_memory(buffer, other) for other in buffers) == 1
    for state in (views[1], states[1]):
        assert state.keep is None
        assert state.kept is None
        assert state.output is state.a
    assert views[0].output is views[0].kept
    with pytest.raises(ValueError, match=r"^a batch of 6 does not fit a workspace for 5$"):
        full.rows(6)


def test_a_mask_begins_by_keeping_all():
    state = workspace([3, 4], 5, np.float64, [True]).rows(5)[0]
    assert (state.keep == 1).all()
    assert not state.kept.any()


def test_rows_are_taken_over_with_their_masks_where_both_have_one():
    rng = np.random.default_rng(0)
    masked, plain = (workspace([3, 4], 5, np.float64, [mask]).rows(5)[0] for mask in (True, False))
    for state in (masked, plain):
        for array in (state.z, state.a, state.keep, state.kept):
            if array is not None:
                array[:] = rng.random((5, 4))
    for source in (masked, plain):
        for mask in (True, False):
            mine = workspace([3, 4], 2, np.float64, [mask]).rows(2)[0]
            mine.take(source, np.array([4, 1]))
            assert np.array_equal(mine.z, source.z[[4, 1]])
            assert np.array_equal(mine.a, source.a[[4, 1]])
            if mask and source is masked:
                assert np.array_equal(mine.keep, source.keep[[4, 1]])
                assert np.array_equal(mine.kept, source.kept[[4, 1]])
            elif mask:
                assert (mine.keep == 1).all()


def test_a_layer_by_hand():
    layer = Dense(2, "relu").placed((2,))
    parameters = Parameters([layer.specs()], np.float64, np.array([1.0, 2, 3, 4, -10, 0.5]))
    layer = layer.with_arrays(parameters[0])
    assert (layer.n_in, layer.n_out) == (2, 2)
    at = Workspace([layer], 2, np.float64).rows(2)[0]
    x = np.array([[1.0, 2], [4, 5]])
    assert layer.forward(x, at).tolist() == [[0, 11.5], [4, 32.5]]
    assert at.z.tolist() == [[-5, 11.5], [4, 32.5]]
    layer.error(np.array([[1.0, 2], [3, 4]]), at)
    assert at.delta.tolist() == [[0, 2], [3, 4]]
    gradient, below = parameters.like(), np.empty((2, 2))
    assert layer.backward(at, gradient[0], x, out=below) is below
    assert gradient[0].biases.tolist() == [3, 6]
    assert gradient[0].weights.tolist() == [[12, 15], [18, 24]]
    assert below.tolist() == [[6, 8], [15, 22]]
    assert layer.backward(at, gradient[0], x, out=None) is None


def test_a_neuron_left_out_neither_speaks_nor_learns():
    layer = Dense(2, activation_named("identity")).placed((2,))
    parameters = Parameters([layer.specs()], np.float64, np.array([1.0, 2, 3, 4, 0, 0]))
    layer = layer.with_arrays(parameters[0])
    a, dC_da, z, delta = np.zeros((4, 1, 2))
    at = DenseState(a, dC_da, z, delta, np.array([[0.0, 2]]), np.zeros((1, 2)))
    assert layer.forward(np.array([[1.0, 1]]), at).tolist() == [[0, 14]]
    assert at.a.tolist() == [[3, 7]]
    layer.error(np.array([[5.0, 5]]), at)
    assert at.delta.tolist() == [[0, 10]]
