"""The commands as a user runs them."""

import json
import subprocess
import sys


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


def test_check_passes_below_1e_7():
    done = run("check", "--json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert 0 < report["max_relative_error"] < 1e-7
    assert report["complex_step_max_relative_error"] < 1e-12
    assert min(report["mistakes_caught"].values()) > 1e-3


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
