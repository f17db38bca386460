"""The page and its files: every file that can be had is in a dictionary made when we start."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from posixpath import dirname, normpath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from handwrought import web

__all__ = ["VIEWS", "offered", "routes"]

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PACKAGE = web.FOLDER.parent
_FILES = {
    path.relative_to(_PACKAGE).as_posix(): path
    for folder in (Path(__file__).parents[1], web.FOLDER)
    for path in sorted(folder.rglob("*"))
    if path.suffix in _TYPES
}

_IMPORT = re.compile(r'from "(\.{1,2}/[a-z_./]+\.js)"')

VIEWS = {
    "draw": "Draw",
    "train": "Train",
    "backprop": "Backpropagation",
    "playground": "Playground",
    "evaluate": "Evaluate",
}
"""Each view's name and title, in their order; one is offered once ``NAME/view.js`` is there."""

_STYLES = {
    "web/reading.css": "draw",
    **{f"studio/{view}/view.css": view for view in VIEWS if f"studio/{view}/view.css" in _FILES},
}
"""Style sheets and the view that each is for, in the order in which their rules count."""


def offered(view: str) -> bool:
    """Whether a view is there."""
    return f"studio/{view}/view.js" in _FILES


@cache
def _imported(name: str) -> frozenset[str]:
    """A script and all that it imports."""
    found, waiting = set(), [name]
    while waiting:
        script = waiting.pop()
        found.add(script)
        text = _FILES[script].read_text(encoding="utf-8")
        imported = {normpath(f"{dirname(script)}/{path}") for path in _IMPORT.findall(text)}
        waiting += [each for each in imported if each in _FILES and each not in found]
    return frozenset(found)


async def page(request: Request) -> Response:
    """The one page; what it shows is up to its script."""
    links = "".join(
        f'<li><a href="#{name}">{title}</a></li>' for name, title in VIEWS.items() if offered(name)
    )
    styles = "".join(
        f'<link rel="stylesheet" href="/static/{name}" data-view="{view}">'
        for name, view in _STYLES.items()
    )
    # All scripts that the first view imports, at once and not one after the other.
    scripts = "".join(
        f'<link rel="modulepreload" href="/static/{name}">'
        for name in _FILES
        if name in _imported("studio/draw/view.js")
    )
    html = Path(__file__).with_name("index.html").read_text(encoding="utf-8")
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
