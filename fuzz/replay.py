"""The branches of our own reader that a corpus reaches: ``python -m fuzz.replay READER FOLDER``."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import coverage

FILES: dict[str, dict[str, tuple[str, ...]]] = {
    "idx images": {"data/idx.py": ("read_idx", "_read"), "data/catalog.py": ("_idx_pair",)},
    "idx labels": {"data/idx.py": ("read_idx", "_read"), "data/tables.py": ("class_labels",)},
    "npz": {"data/tables.py": ("load_npz", "load_npz.pair", "_opened", "_member", "_images",
                               "class_labels")},
    "csv": {"data/tables.py": ("load_csv", "_numbers", "_finite", "_blocks", "_Bounded.readinto",
                               "_is_number", "class_labels")},
    "picture": {"reading/pictures.py": ("_decoded", "_check_size", "_check_memory", "_from_pillow",
                                        "_converted", "_upright", "_from_array", "_flattened")},
    "digit folder": {"data/digit_files.py": ("read_png",),
                     "data/folders.py": ("load_image_folder",)},
    "collection index": {"data/collection.py": ("Collection.records",)},
    "model": {"storage/model_file.py": ("read_header", "read_model", "_network"),
              "storage/container.py": ("Container.of", "_tensor", "opened", "_unique", "_finite"),
              "storage/header.py": ("checked_header", "_of_format_1", "_of_format_2", "layers_of",
                                    "_layer", "_problem", "_preprocessing_problem",
                                    "_digest_problem")},
    "nielsen": {"storage/nielsen.py": ("from_nielsen", "_matrix")},
    "checkpoint": {"runs/checkpoint.py": ("load_checkpoint", "_header"),
                   "training/run.py": ("Run.restore",),
                   "training/resuming.py": ("check_identity", "check_whole", "_counts")},
    "recipe": {"training/recipes.py": ("load_recipe", "_checked")},
    "plan": {"runs/config.py": ("RunConfig.read", "_of", "_check"),
             "runs/old_configs.py": ("upgraded", "_settings"), "training/plan.py": ("flat",),
             "storage/sealed.py": ("unsealed",),
             "training/config.py": ("TrainingConfig.of",), "setting.py": ("check",)},
    "history": {"runs/history.py": ("read_history", "_strict", "_parsed", "_entry", "_report",
                                    "_point"),
                "storage/sealed.py": ("unsealed",)},
}  # fmt: skip
"""The functions that read, in the files of the package where they are."""


def main(name: str, corpus: Path) -> None:
    root = Path(__file__).parents[1] / "src" / "handwrought"
    with tempfile.TemporaryDirectory() as folder:
        watch = coverage.Coverage(
            data_file=None, branch=True, include=[str(root / file) for file in FILES[name]]
        )
        watch.start()
        from fuzz.readers import READERS, try_reader

        for path in corpus.iterdir():
            try_reader(READERS[name], path.read_bytes(), Path(folder) / "read")
        watch.stop()
        watch.json_report(outfile=f"{folder}/report")
        files = json.loads(Path(folder, "report").read_text())["files"]
    reached = of = 0
    for file, functions in FILES[name].items():
        seen = next(found for path, found in files.items() if path.endswith(file))["functions"]
        for function in functions:
            reached += seen[function]["summary"]["covered_branches"]
            of += seen[function]["summary"]["num_branches"]
    print(reached, of)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
