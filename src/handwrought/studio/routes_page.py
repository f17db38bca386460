"""The page and its files: every file that can be had is in a dictionary made when we start."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

__all__ = ["VIEWS", "offered", "routes"]

_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {
    path.relative_to(_STATIC).as_posix(): path
    for path in sorted(_STATIC.rglob("*"))
    if path.suffix in _TYPES
}

_IMPORT = re.compile(r'from "\.{1,2}/(?:parts/)?([a-z_]+)\.js"')

VIEWS = {
    "draw": "Draw",
    "train": "Train",
    "backprop": "Backpropagation",
    "playground": "Playground",
    "evaluate": "Evaluate",
}
"""Each view's name and title, in their order; one is offered once ``views/NAME.js`` is there."""


def offered(view: str) -> bool:
    """Whether a view is there."""
    return f"views/{view}.js" in _FILES


@cache
def _imported(name: str) -> frozenset[str]:
    """A script and all that it imports."""
    found, waiting = set(), [name]
    while waiting:
        script = waiting.pop()
        found.add(script)
        text = _FILES[script].read_text(encoding="utf-8")
        parts = {f"parts/{part}.js" for part in _IMPORT.findall(text)}
        waiting += [part for part in parts if part in _FILES and part not in found]
    return frozenset(found)


async def page(request: Request) -> Response:
    """The one page; what it shows is up to its script."""
    links = "".join(
        f'<li><a href="#{name}">{title}</a></li>' for name, title in VIEWS.items() if offered(name)
    )
    styles = "".join(
        f'<link rel="stylesheet" href="/static/{name}" data-view="{Path(name).stem}">'
        for name in _FILES
        if name.startswith("views/") and name.endswith(".css")
    )
    # All scripts that the first view imports, at once and not one after the other.
    scripts = "".join(
        f'<link rel="modulepreload" href="/static/{name}">'
        for name in _FILES
        if name in _imported("views/draw.js")
    )
    html = (_STATIC / "index.html").read_text(encoding="utf-8")
    html = html.replace("<!-- views -->", links).replace("<!-- styles -->", styles + scripts)
    return Response(html, media_type="text/html")


async def file(request: Request) -> Response:
    """A script, a style sheet or a picture of the page."""
    path = _FILES.get(request.path_params["name"])
    if path is None:
        raise HTTPException(404, "The studio has no such file.")
    return Response(path.read_bytes(), media_type=_TYPES[path.suffix])


async def plotly(request: Request) -> Response:
    """The script that draws charts, from the installed package."""
    spec = find_spec("plotly")
    found = (
        Path(spec.origin).parent / "package_data/plotly.min.js" if spec and spec.origin else None
    )
    if found is None or not found.is_file():
        raise HTTPException(404, "Charts need Plotly: pip install 'handwrought[studio]'")
    headers = {"Cache-Control": "private, max-age=86400"}
    return FileResponse(found, media_type="text/javascript", headers=headers)


routes = [
    Route("/", page),
    Route("/static/{name:path}", file),
    Route("/vendor/plotly.js", plotly),
]
