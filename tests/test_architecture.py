"""The arrows of the architecture point down only, and no circle closes."""

import ast

import pytest
from tools.floor_plan import LAZY, SOURCE, home, imports, level

FILES = sorted(SOURCE.rglob("*.py"))


def test_a_module_imports_only_what_lies_below_it():
    upward = [
        f"{path} imports handwrought.{module}"
        for file in FILES
        for path, own in [(file.relative_to(SOURCE).as_posix(), home(file))]
        for module in imports(file)
        for target in [module.split(".")[0]]
        if own not in ("__init__", "__main__", target)
        and level(own) >= level(target)
        and (path, target) not in LAZY
    ]
    assert upward == []


STUDIO = {  # and what each part of it may use
    "app": {"server", "draw", "train", "backprop", "playground", "evaluate"},
    "server": set(),
    "draw": {"server"},
    "train": {"server", "draw"},
    "backprop": {"server", "draw", "train"},
    "playground": {"server"},
    "evaluate": {"server", "train"},
}


@pytest.mark.parametrize("home", STUDIO)
def test_a_view_of_the_studio_uses_only_what_it_may(home):
    folder = SOURCE / "studio" / home
    for file in folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]:
        for module in imports(file):
            package, *inner = module.split(".")
            if package == "studio":
                assert inner[0] in {home, *STUDIO[home]}, f"{file} imports handwrought.{module}"


def test_no_circle_of_imports_closes():
    graph = {}
    for file in FILES:
        name = ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = set(imports(file))
    done, open_ = set(), []

    def visit(name):
        assert name not in open_, f"circle: {' -> '.join([*open_, name])}"
        if name in done or name not in graph:
            return
        open_.append(name)
        for target in graph[name]:
            lazy = name == "nn.network" and target == "storage"
            if not lazy:
                visit(target)
        done.add(open_.pop())

    for name in graph:
        visit(name)
    assert len(done) > 30


READING = {
    *("open", "fdopen", "FileIO", "read_bytes", "read_text", "mmap", "connect"),
    *("fromfile", "memmap", "loadtxt", "genfromtxt", "load", "load_file", "safe_open"),
    *("GzipFile", "BZ2File", "LZMAFile", "ZipFile", "TarFile", "PdfDocument", "truetype"),
}
OPENED_ELSEWHERE = {
    # What is opened already, or lies in memory.
    "data/digit_files.py": {"Image.open(file, formats=('PNG',))"},
    "data/folders.py": {"Image.open(opened, formats=_FORMATS)"},
    "data/idx.py": {"gzip.GzipFile(fileobj=file)"},
    "data/tables.py": {"zipfile.ZipFile(file)", "archive.open(info)"},
    "reading/pdf.py": {"pypdfium2.PdfDocument(content)"},
    "reading/pictures.py": {
        "Image.open(io.BytesIO(content), formats=('TIFF',))", "Image.open(file, formats=_FORMATS)",
        "image.load()",
    },
    "studio/draw/answers.py": {"Image.open(io.BytesIO(picture))"},
    "runs/digits.py": {"np.load(stream, allow_pickle=False)"},
    "studio/server/picture_limits.py": {"Image.open(io.BytesIO(data))"},
    # The package's own files.
    "studio/server/routes.py": {
        "Path(__file__).with_name('index.html').read_text(encoding='utf-8')",
        "_FILES[script].read_text(encoding='utf-8')", "path.read_bytes()",
    },
    "studio/train/training_request.py": {
        "Path(__file__).with_name('controls.toml').read_text(encoding='utf-8')",
    },
    "web/__init__.py": {"(FOLDER / name).read_text(encoding='utf-8')"},
    "exchange/html_page.py": {"(_PAGE / name).read_text(encoding='utf-8')"},
    "report/page.py": {"(files('handwrought.report') / name).read_text(encoding='utf-8')"},
    # Written, or opened after check_regular.
    "data/collection.py": {"index.open('ab+')"},
    "storage/atomic.py": {
        "os.open(temporary, _NEW, 438)", "os.open(folder, os.O_RDONLY | os.O_DIRECTORY)",
    },
    "storage/lock.py": {
        "os.open(self.path, os.O_RDWR | os.O_CREAT, 438)", "os.open(folder / NAME, os.O_RDWR)",
    },
    "runs/history.py": {"os.open(self.path, os.O_WRONLY | os.O_APPEND)"},
    "search/study.py": {
        "self._path.open('ab')",
        "sqlite3.connect(f'{path.absolute().as_uri()}?mode=ro', uri=True)",
    },
    "studio/server/login_page.py": {"os.fdopen(handle, 'w', encoding='utf-8')"},
    "studio/train/run_folder.py": {"os.open(folder / LOG, how, 438)"},
    # No files.
    "studio/playground/routes.py": {
        "kept.open(wish.tab, wish.settings, wish.did, wish.again, wish.points)", "self.open(wish)",
    },
    "studio/server/security.py": {"cookies.load(part.strip())"},
    "studio/server/studio.py": {"self.load()"},
    "studio/train/training_process.py": {
        "io.FileIO(0, closefd=False)", "os.fdopen(os.dup(1), 'wb')",
    },
    "cli/streams.py": {"os.open(os.devnull, os.O_RDWR)"},
    "cli/studio.py": {"webbrowser.open(address)"},
}  # fmt: skip
OURS = {"Collection", "Committee", "Model", "Recognizer"}  # whose open and load come here, too


def readings(file):
    """The calls in a file that may open something to read it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            *owner, name = ast.unparse(node.func).split(".")
            if name in READING and owner not in ([each] for each in OURS):
                yield ast.unparse(node)


def test_files_are_opened_in_one_place_alone():
    others = {}
    for file in FILES:
        path = file.relative_to(SOURCE).as_posix()
        if path != "storage/regular.py" and not path.startswith("kernels/"):
            others[path] = set(readings(file)) - OPENED_ELSEWHERE.get(path, set())
    others = {path: calls for path, calls in others.items() if calls}
    assert not others, "open it by handwrought.storage.regular: a pipe would be waited for"


def test_what_opens_a_file_is_seen(tmp_path):
    (tmp_path / "a.py").write_text("open(p)\nPath(p).read_bytes()\nnp.load(p)\nModel.load(p)\n")
    assert list(readings(tmp_path / "a.py")) == ["open(p)", "Path(p).read_bytes()", "np.load(p)"]
