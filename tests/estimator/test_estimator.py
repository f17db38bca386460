"""What the estimators take, what they give, and what they have beyond scikit-learn's."""

import pickle
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.estimator import MLPClassifier, MLPRegressor
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
IRIS, NAMES = load_iris(return_X_y=True)
SCALED = StandardScaler().fit_transform(IRIS)


def classifier(**settings):
    return MLPClassifier(**{"hidden_layer_sizes": 8, "random_state": 0, "max_iter": 15, **settings})


def same(a, b):
    return all(map(np.array_equal, [*a.coefs_, *a.intercepts_], [*b.coefs_, *b.intercepts_]))


# --- at home in scikit-learn ---------------------------------------------------------------------


def test_it_works_in_a_pipeline_a_search_and_a_calibration():
    pipe = make_pipeline(StandardScaler(), classifier(solver="lbfgs", max_iter=50))
    assert cross_val_score(pipe, IRIS, NAMES, cv=3).mean() > 0.9
    search = GridSearchCV(pipe, {"mlpclassifier__hidden_layer_sizes": [3, (4, 3)]}, cv=3)
    assert search.fit(IRIS, NAMES).best_score_ > 0.9
    calibrated = CalibratedClassifierCV(pipe, cv=3).fit(IRIS, NAMES)
    assert calibrated.score(IRIS, NAMES) > 0.9


def test_a_pickle_predicts_and_goes_on_like_the_estimator_itself():
    one = classifier(dropout=0.2).partial_fit(SCALED, NAMES, classes=[0, 1, 2])
    other = pickle.loads(pickle.dumps(one))  # noqa: S301
    assert np.array_equal(one.predict_proba(SCALED), other.predict_proba(SCALED))
    assert same(one.partial_fit(SCALED, NAMES), other.partial_fit(SCALED, NAMES))


def test_a_clone_is_unfitted_and_asks_for_the_same():
    one = classifier(activation=["gelu"], dropout=[0.1], class_weight={0: 2.0}).fit(SCALED, NAMES)
    other = clone(one)
    assert not hasattr(other, "coefs_")
    assert other.get_params() == one.get_params()
    assert same(one, other.fit(SCALED, NAMES))


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_give_names_and_the_results_of_arrays(frame):
    columns = ["a", "b", "c", "d"]
    table = frame(dict(zip(columns, SCALED.T, strict=True)))
    fitted = classifier().fit(table, NAMES)
    assert list(fitted.feature_names_in_) == columns
    assert same(fitted, classifier().fit(SCALED, NAMES))
    assert np.array_equal(fitted.predict(table), classifier().fit(SCALED, NAMES).predict(SCALED))
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame(dict(zip("wxyz", SCALED.T, strict=True))))


def test_the_page_in_a_notebook_shows_the_network():
    assert "parameters)" not in classifier()._repr_html_()
    page = classifier().fit(SCALED, NAMES)._repr_html_()
    assert "4 → 8 relu → 3 softmax (67 parameters)" in page


# --- data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs", "adamw", "rmsprop"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_sparse_rows_give_the_bits_of_dense_ones(solver, shuffle):
    thin = np.where(np.abs(SCALED) > 0.5, SCALED, 0)
    settings = {"solver": solver, "shuffle": shuffle, "batch_size": 40, "max_iter": 5}
    dense = classifier(**settings).fit(thin, NAMES)
    for container in (sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix):
        fitted = classifier(**settings).fit(container(thin), NAMES)
        assert same(dense, fitted)
        assert np.array_equal(dense.predict_proba(thin), fitted.predict_proba(container(thin)))


def test_sparse_rows_are_never_made_dense_as_a_whole():
    wide = sparse.random(400, 20_000, density=1e-4, format="csr", random_state=0)
    biggest = 0

    def toarray(self, out=None, **kwargs):
        nonlocal biggest
        biggest = max(biggest, self.shape[0])
        return original(self, out=out, **kwargs)

    original = type(wide).toarray
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(wide), "toarray", toarray)
        fitted = classifier(hidden_layer_sizes=(), max_iter=1, batch_size=20)
        fitted.fit(wide, np.arange(400) % 2).predict(wide)
    assert 0 < biggest <= 2**21 // 20_000 < 400


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_float32_stays_float32_and_bytes_become_it(solver):
    pixels = (IRIS * 10).astype(np.uint8)
    for data, dtype in ((SCALED, np.float64), (SCALED.astype(np.float32), np.float32)):
        fitted = classifier(solver=solver).fit(data, NAMES)
        assert {array.dtype for array in fitted.coefs_ + fitted.intercepts_} == {np.dtype(dtype)}
        assert fitted.predict_proba(data).dtype == dtype
    from_bytes = classifier(solver=solver).fit(pixels, NAMES)
    assert same(from_bytes, classifier(solver=solver).fit(pixels.astype(np.float32), NAMES))
    assert from_bytes.coefs_[0].shape == (4, 8)
    assert from_bytes.coefs_[0].flags.c_contiguous


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
def test_several_labels_at_once(container):
    features, labels = make_multilabel_classification(60, 10, random_state=0)
    fitted = classifier(hidden_layer_sizes=30, solver="lbfgs", max_iter=300)
    fitted.fit(features, container(labels))
    predicted = fitted.predict(features)
    assert sparse.issparse(predicted) == sparse.issparse(container(labels))
    predicted = predicted.toarray() if sparse.issparse(predicted) else predicted
    assert (predicted == labels).mean() > 0.95
    assert np.array_equal(fitted.predict_proba(features) > 0.5, predicted == 1)
    assert fitted.out_activation_ == "logistic"


def test_several_numbers_at_once():
    targets = np.column_stack([SCALED[:, 0] ** 2, SCALED[:, 1]])
    fitted = MLPRegressor(hidden_layer_sizes=20, solver="lbfgs", random_state=0, max_iter=500)
    assert fitted.fit(SCALED, targets).score(SCALED, targets) > 0.98
    assert fitted.predict(SCALED).shape == (150, 2)


def test_words_are_classes_too_and_a_single_class_is_always_right():
    words = np.array(["setosa", "versicolor", "virginica"])[NAMES]
    fitted = classifier(max_iter=100, learning_rate_init=0.02).fit(SCALED, words)
    assert fitted.score(SCALED, words) > 0.9
    alone = classifier().fit(SCALED, np.repeat("one", 150))
    assert set(alone.predict(SCALED)) == {"one"}
    assert (alone.predict_proba(SCALED) == 1).all()
    assert alone.predict_proba(SCALED).shape == (150, 1)


def test_counts_below_zero_are_refused_by_the_poisson_loss():
    with pytest.raises(InvalidArgument, match="at least 0"):
        MLPRegressor("poisson").fit(SCALED, NAMES - 1)


# --- weights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_weights_are_repeated_rows_and_zero_is_no_row(solver, kind):
    counts = np.random.default_rng(0).integers(0, 4, 60)
    rows = np.random.default_rng(1).permutation(150)[:60]
    settings = {"hidden_layer_sizes": 6, "activation": "tanh", "solver": solver, "alpha": 0.1,
                "max_iter": 20, "random_state": 0}  # fmt: skip
    weighted = kind(**settings).fit(SCALED[rows], NAMES[rows], sample_weight=counts)
    repeated = kind(**settings).fit(SCALED[rows].repeat(counts, 0), NAMES[rows].repeat(counts))
    for a, b in zip(weighted.coefs_, repeated.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)
    assert weighted.loss_ == pytest.approx(repeated.loss_)
    if solver != "lbfgs":
        extra = {"classes": [0, 1, 2]} if kind is MLPClassifier else {}
        weighted = kind(**settings).partial_fit(SCALED[rows], NAMES[rows], counts, **extra)
        repeated = kind(**settings).partial_fit(
            SCALED[rows].repeat(counts, 0), NAMES[rows].repeat(counts), **extra
        )
        np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-9)


def test_a_weight_counts_in_batches_of_one_too():
    data, y = np.ones((40, 1)), np.arange(40) % 2
    settings = {"hidden_layer_sizes": (), "batch_size": 1, "solver": "sgd", "max_iter": 40}
    fitted = classifier(**settings, learning_rate_init=0.01, momentum=0.0, alpha=0.0)
    fitted.fit(data, y, sample_weight=np.where(y == 1, 9.0, 1.0))
    assert fitted.predict_proba(data[:1])[0, 1] == pytest.approx(0.9, abs=0.05)


def test_balanced_classes_are_weighted_by_their_rarity():
    rare = np.concatenate([np.arange(50), np.arange(50, 60)])
    counts = np.where(NAMES[rare] == 0, 60 / (2 * 50), 60 / (2 * 10))
    one = classifier(class_weight="balanced").fit(SCALED[rare], NAMES[rare])
    assert same(one, classifier().fit(SCALED[rare], NAMES[rare], sample_weight=counts))
    named = classifier(class_weight={0: 0.6, 1: 3.0}).fit(SCALED[rare], NAMES[rare])
    np.testing.assert_allclose(named.coefs_[0], one.coefs_[0], rtol=1e-9)


def test_balanced_labels_are_weighted_as_scikit_learn_weights_them():
    features, labels = make_multilabel_classification(60, 10, random_state=0)
    weights = compute_sample_weight("balanced", labels)
    one = classifier(class_weight="balanced").fit(features, labels)
    other = classifier().fit(features, labels, sample_weight=weights)
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-9)


# --- beyond scikit-learn -----------------------------------------------------------------------------


def test_each_layer_has_its_activation_by_our_names_and_theirs():
    fitted = classifier(
        hidden_layer_sizes=(6, 5, 4), activation=["logistic", "leaky_relu", "silu"], max_iter=100
    ).fit(SCALED, NAMES)
    assert fitted.hidden_activations_ == ["sigmoid", "leaky-relu", "silu"]
    network = fitted.to_network()
    np.testing.assert_allclose(network.feedforward(SCALED), fitted.predict_proba(SCALED))
    for name in ("gelu", "leaky-relu", "sigmoid", "softmax"):
        assert np.isfinite(classifier(activation=name).fit(SCALED, NAMES).loss_)


def test_dropout_changes_the_training_and_not_the_prediction():
    with_it = classifier(dropout=0.5).fit(SCALED, NAMES)
    assert not same(with_it, classifier().fit(SCALED, NAMES))
    assert same(with_it, classifier(dropout=[0.5]).fit(SCALED, NAMES))
    assert np.array_equal(with_it.predict_proba(SCALED), with_it.predict_proba(SCALED))


def test_early_stopping_on_a_set_of_ones_own():
    train, own = np.arange(0, 150, 2), np.arange(1, 150, 2)
    fitted = classifier(early_stopping=True, max_iter=300, learning_rate_init=0.05)
    fitted.fit(SCALED[train], NAMES[train], validation_data=(SCALED[own], NAMES[own]))
    assert fitted.t_ == 75 * fitted.n_iter_  # nothing was set aside
    assert len(fitted.validation_loss_curve_) == len(fitted.validation_scores_) == fitted.n_iter_
    assert fitted.score(SCALED[own], NAMES[own]) == max(fitted.validation_scores_)
    with pytest.raises(InvalidArgument, match="validation_data must be"):
        fitted.fit(SCALED, NAMES, validation_data=SCALED)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_validation_curve_is_the_loss_on_that_set(solver):
    fitted = classifier(solver=solver)
    fitted.fit(SCALED, NAMES, validation_data=(SCALED[:50], NAMES[:50], np.arange(50.0)))
    chance = fitted.predict_proba(SCALED[:50])[:, 0]
    expected = np.average(-np.log(chance), weights=np.arange(50.0))
    assert fitted.validation_loss_curve_[-1] == pytest.approx(expected)
    assert len(fitted.validation_loss_curve_) == len(fitted.loss_curve_)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_callbacks_see_each_iteration_and_may_end_the_fit(solver):
    seen = []
    fitted = classifier(solver=solver, callbacks=[seen.append, lambda r: r.iteration == 4])
    fitted.fit(SCALED, NAMES)
    assert [report.iteration for report in seen] == [1, 2, 3, 4]
    assert [report.loss for report in seen] == fitted.loss_curve_
    assert seen[0].network.sizes == (4, 8, 3)
    assert fitted.n_iter_ == 4


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scikit_learns_own_callbacks_see_each_iteration(solver):
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    monitor = callback.ScoringMonitor(scoring="accuracy")
    fitted = classifier(solver=solver).set_callbacks(monitor)
    fitted.fit(SCALED, NAMES)
    rows = monitor.get_logs().data
    scores = [row["accuracy"] for row in rows if row["task_name"] == "iteration"]
    assert len([score for score in scores if score is not None]) >= fitted.n_iter_
    assert scores[fitted.n_iter_ - 1] == fitted.score(SCALED, NAMES)


def test_in_a_notebook_the_bar_is_written_to_standard_error_too(capsys, monkeypatch):
    # What rich looks for there: with it a bar becomes a widget, or a warning that asks for one.
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    classifier(max_iter=5, progress=True).fit(SCALED, NAMES)
    out, err = capsys.readouterr()
    assert out == ""
    assert "5/5" in err


def test_progress_goes_to_standard_error_and_verbose_to_standard_output(capsys):
    classifier(progress=True, verbose=True, max_iter=3).fit(SCALED, NAMES)
    out, err = capsys.readouterr()
    assert out.count("Iteration ") == 3
    assert "3/3" in err


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"dropout": 0.3}, {"early_stopping": True}, {"solver": "sgd"}]
)
def test_an_interrupted_fit_goes_on_from_its_checkpoint_to_the_same_bits(tmp_path, settings):
    whole = classifier(**settings, batch_size=32).fit(SCALED, NAMES)

    def killed(report):
        if report.iteration == 6:
            raise MemoryError

    kept = {**settings, "batch_size": 32, "checkpoint": tmp_path / "fit.safetensors"}
    with pytest.raises(MemoryError):
        classifier(**kept, callbacks=[killed]).fit(SCALED, NAMES)
    seen = []
    resumed = classifier(**kept, callbacks=[seen.append]).fit(SCALED, NAMES)
    assert seen[0].iteration == 6
    assert same(whole, resumed)
    assert whole.loss_curve_ == resumed.loss_curve_
    assert whole.validation_scores_ == resumed.validation_scores_
    seen.clear()
    classifier(**kept, callbacks=[seen.append]).fit(SCALED, NAMES)  # finished: begun anew
    assert seen[0].iteration == 1


def test_a_fit_that_goes_on_elsewhere_says_so(tmp_path):
    path = tmp_path / "fit.safetensors"

    def killed(report):
        if report.iteration == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        classifier(checkpoint=path, callbacks=[killed]).fit(SCALED, NAMES)
    state = load_checkpoint(path)
    save_checkpoint(replace(state, versions={**state.versions, "numpy": "0.9"}), path)
    with pytest.warns(UserWarning, match=r"It goes on where NumPy was 0\.9 and is"):
        classifier(checkpoint=path).fit(SCALED, NAMES)


def test_a_checkpoint_of_another_fit_is_not_gone_on_from(tmp_path):
    path = tmp_path / "fit.safetensors"

    def killed(report):
        if report.iteration == 2:
            raise MemoryError

    with pytest.raises(MemoryError):
        classifier(checkpoint=path, callbacks=[killed]).fit(SCALED, NAMES)
    with pytest.raises(InvalidArgument, match="whose alpha was"):
        classifier(checkpoint=path, alpha=1.0).fit(SCALED, NAMES)
    with pytest.raises(InvalidArgument, match="whose data was"):
        classifier(checkpoint=path).fit(SCALED + 1, NAMES)
    path.write_bytes(b"not one")
    with pytest.raises(ModelFileError):
        classifier(checkpoint=path).fit(SCALED, NAMES)


def test_interrupting_from_the_keyboard_keeps_what_was_learnt():
    def interrupt(report):
        raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted"):
        fitted = classifier(callbacks=[interrupt]).fit(SCALED, NAMES)
    assert fitted.n_iter_ == 1
    assert fitted.predict(SCALED).shape == (150,)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"alpha": -1}, "alpha is -1"),
        ({"solver": "newton"}, "use one of sgd, adam"),
        ({"activation": "relo"}, "activation is 'relo'"),
        ({"activation": ["relu", "relu"]}, "names 2 layers"),
        ({"hidden_layer_sizes": (3, 0)}, "must be > 0"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"dropout": 0.1, "solver": "lbfgs"}, "lbfgs"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"max_iter": 2.5}, "max_iter is 2.5"),
        ({"n_iter_no_change": 0}, "n_iter_no_change is 0"),
        ({"shuffle": "yes"}, "use True or False"),
        ({"verbose": "yes"}, "verbose is 'yes'"),
        ({"callbacks": ["print"]}, "cannot be called"),
        ({"checkpoint": 3}, "give a path"),
        ({"checkpoint": "x", "solver": "lbfgs"}, "stochastic"),
        ({"checkpoint": "x", "random_state": None}, "random_state"),
        ({"class_weight": "fair"}, "class_weight is 'fair'"),
        ({"class_weight": {7: 1.0}}, "no class of y"),
        ({"class_weight": {1: -1.0}}, "at least 0"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_remedy(settings, words):
    with pytest.raises(InvalidArgument, match=words):
        classifier(**settings).fit(SCALED, NAMES)


def test_wrong_data_is_named_too():
    fitted = classifier(warm_start=True).fit(SCALED, NAMES)
    with pytest.raises(InvalidArgument, match="less than nothing"):
        classifier().fit(SCALED, NAMES, sample_weight=np.full(150, -1.0))
    with pytest.raises(InvalidArgument, match="several classes each"):
        classifier().fit(SCALED, np.column_stack([NAMES, NAMES]))
    with pytest.raises(InvalidArgument, match="ask for"):
        fitted.set_params(hidden_layer_sizes=3).fit(SCALED, NAMES)
    with pytest.raises(InvalidArgument, match="first call"):
        classifier().partial_fit(SCALED, NAMES)
    with pytest.raises(InvalidArgument, match="all data at once"):
        classifier(class_weight="balanced").partial_fit(SCALED, NAMES, classes=[0, 1, 2])
    features, labels = make_multilabel_classification(20, random_state=0)
    with pytest.raises(InvalidArgument, match="exclude each other"):
        classifier(class_weight={0: 2.0}).fit(features, labels)
    with pytest.warns(UserWarning, match="taken as 150"):
        classifier(batch_size=500).fit(SCALED, NAMES)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    import importlib

    import handwrought.estimator as package
    from handwrought.errors import MissingExtra

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with warnings.catch_warnings(), pytest.raises(MissingExtra, match=r"handwrought\[sklearn\]"):
        importlib.reload(package)
