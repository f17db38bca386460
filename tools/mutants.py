"""Mutation testing of the mathematics and the readers: ``python tools/mutants.py nn storage``.

mutmut changes the code in some thousands of small ways, one at a time, and the tests have to notice.
Each part is worked on in a copy of its own, ``mutants/<part>``, with the tests that are fast enough
to be run thousands of times.  What no test can notice is explained in ``docs/mutants/*.md``, in
tables whose rows name the file, the function and mutmut's numbers: ``| nn/costs.py | Cost.error |
#3, #7-9: ... |``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "mutants"
ASKED = 95.0
"""Per cent of the mutants that the tests must catch."""
CAUGHT = {1, 3, 36, 24, -24, 152, 255, -9, -11}
"""mutmut's exit codes of a failed test, a time that ran out and a process that died."""


@dataclass(frozen=True)
class Part:
    """Files of one folder of the package, and the tests that are to catch what is wrong in them."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    too_slow: tuple[str, ...] = ()


PARTS = {
    "nn": Part(
        files=("nn/*.py",),
        tests=("tests/nn",),
        too_slow=(
            "tests/nn/test_gradients.py::"
            "test_the_gradient_agrees_with_differences_complex_step_equations_and_pytorch",
        ),
    ),
    "data": Part(
        files=tuple(
            f"data/{name}.py" for name in ("idx", "tables", "folders", "digit_files", "collection")
        ),
        tests=("tests/data",),
        too_slow=(
            "tests/data/test_augmentation.py",
            "tests/data/test_downloads.py",
            "tests/data/test_mnist.py",
            "tests/data/test_outliers.py",
            "tests/data/test_letters.py",
            "tests/data/test_pen.py",
            "tests/data/test_views.py",
            "tests/data/test_collection.py::test_about_the_share_asked_for_is_held_out",
            "tests/data/test_collection.py::"
            "test_a_process_killed_while_it_adds_leaves_a_readable_collection",
            "tests/data/test_formats.py::"
            "test_a_mutated_idx_file_is_read_or_refused_but_never_anything_else",
            "tests/data/test_formats.py::test_a_zip_that_lies_about_its_size_is_refused",
            "tests/data/test_what_is_refused.py::test_a_compressed_idx_may_not_unpack_to_too_much",
            "tests/data/test_what_is_refused.py::"
            "test_a_compressed_table_may_not_unpack_to_too_much",
        ),
    ),
    "storage": Part(
        files=("storage/*.py",),
        tests=("tests/storage",),
        too_slow=(
            "tests/storage/test_no_code_in_files.py",
            "tests/storage/test_model_file.py::test_every_flipped_bit_is_noticed",
            "tests/storage/test_model_file.py::test_every_truncation_is_noticed",
        ),
    ),
    "training": Part(
        files=(
            "setting.py",
            *(f"training/{name}.py" for name in ("config", "recipes", "plan")),
            *(f"runs/{name}.py" for name in ("config", "checkpoint", "history")),
        ),
        tests=(
            *(f"tests/training/test_{name}.py" for name in ("config", "recipes", "recipe_files")),
            "tests/training/test_files_of_a_training.py",
        ),
    ),
    "reading": Part(
        files=("reading/pictures.py",),
        tests=("tests/reading/test_pictures.py",),
        too_slow=("tests/reading/test_pictures.py::test_a_small_file_may_not_unpack_to_much",),
    ),
}
Mutant = tuple[str, str, int]
"""File, function and number, as a row of an explanation names them."""


def files_of(part: Part, only: list[str]) -> list[str]:
    """Of the package, such as ``nn/costs.py``; those alone that begin with one of ``only``."""
    package = ROOT / "src/handwrought"
    found = sorted(
        path.relative_to(package).as_posix() for glob in part.files for path in package.glob(glob)
    )
    return [file for file in found if not only or file.startswith(tuple(only))]


def prepare(name: str) -> None:
    """A copy of the code and its tests, and what mutmut is to do there."""
    part, folder = PARTS[name], WORK / name
    for tree in ("src", "tests", "fuzz"):
        shutil.copytree(
            ROOT / tree,
            folder / tree,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
    shutil.copy2(ROOT / "README.md", folder)
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/handwrought/{file}" for file in files_of(part, [])],
        "also_copy": ["fuzz", "README.md"],
        "pytest_add_cli_args": [
            *("-p", "no:cacheprovider"),
            *(f"--deselect={test}" for test in part.too_slow),
        ],
        "pytest_add_cli_args_test_selection": list(part.tests),
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        "\n".join([project, "[tool.mutmut]", *lines, ""]), encoding="utf-8"
    )


def tried(name: str, file: str) -> Iterator[tuple[str, Mutant, int | None]]:
    """mutmut's name of each mutant of a file, ours, and how its tests ended."""
    meta = WORK / name / "mutants/src/handwrought" / f"{file}.meta"
    if meta.exists():
        for key, code in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            function, number = key.rpartition(".")[2].split("__mutmut_")
            function = function.removeprefix("x_").strip("xǁ").replace("ǁ", ".")
            yield key, (file, function, int(number)), code


def run(name: str, files: list[str], jobs: int, again: bool) -> None:
    """mutmut on a part: all mutants of these files, or those alone that were not caught before."""
    if not again:
        shutil.rmtree(WORK / name, ignore_errors=True)
    prepare(name)
    asked: list[str] = []
    if again:
        asked = [key for f in files for key, _, code in tried(name, f) if code not in CAUGHT]
        if not asked:
            return
    elif files != files_of(PARTS[name], []):
        asked = [f"handwrought.{file.removesuffix('.py').replace('/', '.')}.*" for file in files]
    mutmut = shutil.which("mutmut", path=Path(sys.executable).parent)
    if mutmut is None:
        sys.exit("mutmut is not installed: make mutants sets it up, on Linux and macOS")
    one_thread = dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
    )
    done = subprocess.run(
        [mutmut, "run", "--max-children", str(jobs), *asked],
        cwd=WORK / name,
        env={**os.environ, **one_thread},
        check=False,
    )
    if done.returncode:
        sys.exit(f"mutmut ended with {done.returncode} in {WORK / name}")


def explained() -> set[Mutant]:
    """The mutants of which the documentation says why no test can tell them."""
    row = re.compile(r"^\| *`?([\w/]+\.py)`? *\| *`?([\w.]+)`? *\|([^|]*)\|", re.MULTILINE)
    found = set()
    for page in sorted((ROOT / "docs/mutants").glob("*.md")):
        for file, function, what in row.findall(page.read_text(encoding="utf-8")):
            for first, last in re.findall(r"#(\d+)(?:[-–]#?(\d+))?", what):
                numbers = range(int(first), int(last or first) + 1)
                found |= {(file, function, number) for number in numbers}
    return found


def report(files: dict[str, list[str]]) -> int:
    """The table, what is left, and 1 where too few were caught."""
    reasons = explained()
    print(f"\n{'file':28}{'mutants':>9}{'caught':>9}{'explained':>11}{'left':>6}")
    total = caught = with_reason = 0
    left, stale = [], []
    for name, names in files.items():
        for file in names:
            mutants = list(tried(name, file))
            survivors = [(key, which) for key, which, code in mutants if code not in CAUGHT]
            unexplained = [key for key, which in survivors if which not in reasons]
            stale += [which for _, which, code in mutants if code in CAUGHT and which in reasons]
            left += [f"(cd mutants/{name} && mutmut show {key})" for key in unexplained]
            known = len(survivors) - len(unexplained)
            of, got = len(mutants), len(mutants) - len(survivors)
            print(f"{file:28}{of:9}{got:9}{known:11}{len(unexplained):6}")
            total, caught, with_reason = total + of, caught + got, with_reason + known
    print(f"{'':28}{total:9}{caught:9}{with_reason:11}{len(left):6}")
    for command in left:
        print(f"left: {command}")
    for file, function, number in stale:
        print(f"explained, but caught: {file} {function} #{number}")
    share = 100 * caught / max(1, total)
    print(f"{share:.1f} % are caught, of at least {ASKED:g} %")
    return 1 if share < ASKED else 0


def main() -> int:
    asking = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    asking.add_argument("only", nargs="*", help="parts or files, such as nn or storage/lock.py")
    asking.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time")
    asking.add_argument("--again", action="store_true", help="those not caught the last time")
    asking.add_argument("--report", action="store_true", help="the table of the last time alone")
    asked = asking.parse_args()
    files = {name: files_of(part, asked.only) for name, part in PARTS.items()}
    files = {name: chosen for name, chosen in files.items() if chosen}
    if not files:
        asking.error(
            f"no file begins with {' or '.join(asked.only)}: name one of {', '.join(PARTS)}"
        )
    if not asked.report:
        for name, chosen in files.items():
            run(name, chosen, asked.jobs, asked.again)
    return report(files)


if __name__ == "__main__":
    sys.exit(main())
