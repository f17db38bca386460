"""Branch coverage against what it must be: ``python tools/check_coverage.py build/coverage.json``.

The mathematics, the readers of files and the way of a save are covered whole; the rest to 95 %.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

WHOLE = (
    "nn/",
    "storage/",
    *(f"data/{name}.py" for name in ("idx", "tables", "folders", "digit_files", "collection")),
    *(f"training/{name}.py" for name in ("recipes", "plan", "checkpoints", "history")),
    "reading/pictures.py",
)
"""Files and folders of the package of which every line and every branch is tested."""
REST = 95.0


def main(report: Path, whole_alone: bool) -> int:
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    reached = of = failed = 0
    for path, found in sorted(files.items()):
        name = path.split("handwrought/", 1)[-1]
        summary = found["summary"]
        if not name.startswith(WHOLE):
            reached += summary["covered_lines"] + summary["covered_branches"]
            of += summary["num_statements"] + summary["num_branches"]
        elif summary["missing_lines"] or summary["missing_branches"]:
            failed += 1
            branches = [f"{a}->{b}" for a, b in found["missing_branches"]]
            print(f"{name}: lines {found['missing_lines']}, branches {branches}")
    print(f"{failed} files of the parts named that are not covered whole")
    if whole_alone:
        return 1 if failed else 0
    share = 100 * reached / max(1, of)
    print(f"the rest: {share:.1f} % of lines and branches, of at least {REST:g} %")
    return 1 if failed or share < REST else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), "--whole" in sys.argv[2:]))
