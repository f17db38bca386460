"""Class labels of every dtype are the classes they say, or are refused in a sentence."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.dataset import Split, one_hot
from handwrought.errors import DataError, InvalidArgument

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
ABOVE = X[:, 0] > 0
ONE_HOT = np.stack([~ABOVE, ABOVE], axis=1).astype(np.float32)

LABELS = {
    "bool": ABOVE,
    "a list of bool": ABOVE.tolist(),
    "a list of NumPy's bool": list(ABOVE),
    **{f"{t}": ABOVE.astype(t) for t in ("i1", "u1", "i2", ">i2", "u4", "i8", ">i8", "u8")},
    "a list of int": [int(above) for above in ABOVE],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("batch_size", [2, 7, 40])
def test_labels_of_every_kind_of_whole_number_and_booleans_are_the_classes_0_and_1(
    kind, batch_size
):
    split, n = Split(X, LABELS[kind], 2), len(X)
    np.testing.assert_array_equal(split.targets(), ONE_HOT)
    np.testing.assert_array_equal(split[5:9].targets(np.array([1, 3])), ONE_HOT[[6, 8]])
    order = np.random.default_rng(1).permutation(n)[:batch_size]
    np.testing.assert_array_equal(split.reader(batch_size).read(order)[1], ONE_HOT[order])

    # The classes as targets of their own leave nothing to be taken for a class, or for a mask.
    learnt = []
    for examples in (split, Split(X, ONE_HOT, 2)):
        net = hw.Network([4, 8, 2], "tanh", "softmax", seed=0)
        for _ in hw.train(net, examples, epochs=3, batch_size=batch_size, learning_rate=0.1):
            pass
        learnt.append(net)
    assert np.array_equal(*(net.parameters.vector for net in learnt))
    found = hw.evaluate(learnt[0], split)
    assert found.accuracy == (learnt[1].predict(X) == ABOVE).mean()
    assert found.confusion.sum(axis=1).tolist() == [(~ABOVE).sum(), ABOVE.sum()]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (ABOVE.astype(float), "labels has dtype float64: class labels are integers"),
        (ABOVE.astype(object), "labels has dtype object: class labels are integers"),
        (ABOVE.astype(str), "labels has dtype <U5: class labels are integers"),
        (ABOVE.astype(complex), "labels has dtype complex128: class labels are integers"),
        (np.stack([ABOVE, ~ABOVE], axis=1), "targets must be finite floats, and are bool"),
        (ABOVE[:3], "labels has 3 entries but images has 40"),
        (np.True_, "labels has 0 entries but images has 40"),
        (ABOVE - np.int8(1), r"label -1 at index \d+ is out of range: 2 classes"),
        (np.full(40, 2**63, np.uint64), "label 9223372036854775808 at index 0 is out of range"),
    ],
)
def test_labels_that_are_no_classes_are_told(labels, words):
    with pytest.raises(DataError, match=words):
        Split(X, labels, 2)


def test_true_is_out_of_range_where_there_is_one_class():
    with pytest.raises(DataError, match="label 1 at index"):
        Split(X, ABOVE, 1)


def test_a_mask_is_no_label_of_one_hot_rows():
    with pytest.raises(InvalidArgument, match="labels has dtype bool: class labels are integers"):
        one_hot(np.array([True, False]), 2)
