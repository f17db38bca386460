"""The commands as a user runs them."""

import json
import signal
import subprocess
import sys

import pytest

import handwrought as hw


def run(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "handwrought", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        check=False,
    )


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['handwrought', '--help']\n"
        "from handwrought.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'scipy', 'numba', 'starlette', 'PIL'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "explain" in done.stdout


@pytest.mark.slow
def test_check_passes_below_1e_7():
    done = run("check", "--json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert 0 < report["max_relative_error"] < 1e-7
    assert report["complex_step_max_relative_error"] < 1e-12
    assert min(report["mistakes_caught"].values()) > 1e-3


@pytest.mark.slow
def test_train_evaluate_and_explain_work_on_one_model(tmp_path):
    done = run("train", "--epochs", 1, "--out", "run", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    trained = json.loads(done.stdout)
    assert trained["test_accuracy"] > 0.92
    done = run("evaluate", trained["model"], "--json", cwd=tmp_path)
    evaluated = json.loads(done.stdout)
    assert evaluated["accuracy"] == trained["test_accuracy"]
    assert sum(map(sum, evaluated["confusion"])) == 10_000
    explained = json.loads(
        run("explain", "--model", trained["model"], "--json", cwd=tmp_path).stdout
    )
    assert explained["agreeing_digits"] >= 6
    again = run("train", "--epochs", 1, "--out", "run", cwd=tmp_path)
    assert again.returncode == 2
    assert "already holds" in again.stderr


@pytest.mark.slow
def test_wrong_input_gets_one_sentence_and_exit_code_2(tmp_path):
    for arguments in (
        ("evaluate", tmp_path / "none.safetensors"),
        ("train", "--dataset", "nowhere"),
        ("train", "--hidden", "many"),
        ("explain", "--index", "10000"),
    ):
        done = run(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("handwrought: ")
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_ctrl_c_leaves_a_usable_model_and_says_so(tmp_path):
    command = [sys.executable, "-m", "handwrought", "train", "--epochs", "500", "--out", "run"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as training:
        for line in training.stdout:
            if line.startswith("epoch   1"):
                break
        training.send_signal(signal.SIGINT)
        out, err = training.communicate(timeout=60)
    assert training.returncode == 130, err
    assert "saved in run/model.safetensors" in out
    assert "of 500 whole epochs" in out
    net = hw.Network.load(tmp_path / "run" / "model.safetensors")
    assert hw.evaluate(net, hw.load_dataset("mnist").validation).accuracy > 0.9


@pytest.mark.slow
def test_a_cost_that_overflows_ends_with_the_cause_and_a_usable_model(tmp_path):
    done = run(
        "train", "--activation", "relu", "--cost", "softmax", "--learning-rate", "1e20",
        "--epochs", 1, "--out", "run", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert "learning rate (1e+20) is probably too high" in done.stderr
    assert "Traceback" not in done.stderr
    hw.Network.load(tmp_path / "run" / "model.safetensors")


@pytest.mark.slow
def test_plain_output_away_from_a_terminal(tmp_path):
    done = run("train", "--epochs", 1, "--out", "run", cwd=tmp_path)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    assert "validation  9" in done.stdout
    assert "95 % interval" in done.stdout
    assert done.stdout.count(", is ") == 4  # four of the twelve are wrong ones


@pytest.mark.slow
def test_explain_gives_the_librarys_numbers():
    shown = json.loads(run("explain", "--index", 7, "--layer", 2, "--neuron", 3, "--json").stdout)
    data = hw.load_dataset("mnist")
    net = hw.Network([784, 30, 10], seed=0).copy("float64")
    x = data.test.inputs(slice(7, 8), "float64")
    gradient = net.backpropagate(x, data.test.labels[7:8])
    k = shown["source"]
    assert shown["a"]["3"] == pytest.approx(net.feedforward(x)[0])
    assert shown["cost"] == pytest.approx(net.costs(x, data.test.labels[7:8])[0])
    assert shown["BP3"]["value"] == pytest.approx(gradient[0].biases[3])
    assert shown["BP4"]["value"] == pytest.approx(gradient[0].weights[3, k])
    assert shown["weight_before"] == net.layers[0].weights[3, k]
    assert shown["weight_after"] == pytest.approx(
        net.layers[0].weights[3, k] - 3.0 * gradient[0].weights[3, k]
    )
    text = run("explain", "--index", 7, "--layer", 2, "--neuron", 3).stdout
    for equation in ("BP1", "BP2", "BP3", "BP4", "central difference"):
        assert equation in text


def test_info_names_versions_blas_and_folders():
    report = json.loads(run("info", "--json").stdout)
    assert report["handwrought"] == hw.__version__
    assert {"python", "blas", "cache", "mnist"} <= set(report)
    assert "numpy" in report["packages"]
