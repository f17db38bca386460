"""Run a command and draw what it wrote as an SVG of a terminal, for the README.

python tools/terminal_picture.py demo.svg handwrought train --out run
chromium --headless --window-size=830,1700 --screenshot=docs/images/demo.png demo.svg
"""

from __future__ import annotations

import io
import os
import subprocess
import sys

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text


def main() -> None:
    target, *command = sys.argv[1:]
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "80", "TERM": "xterm-256color"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    console = Console(record=True, width=80, file=io.StringIO())
    # A live line is drawn over itself in a terminal: of a recording, it is left out.
    lines = [line for line in done.stdout.splitlines() if " left " not in line]
    console.print(Text.from_ansi("\n".join([f"$ {' '.join(command)}", *lines])))
    # Rich's own frame asks a server for its font; the reader's monospace font does as well.
    before, _, rest = CONSOLE_SVG_FORMAT.partition("    @font-face")
    after = rest[rest.index("    .{unique_id}-matrix") :]
    console.save_svg(target, title="handwrought", code_format=before + after)


if __name__ == "__main__":
    main()
