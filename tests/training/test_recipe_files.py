"""Recipes to the letter: what is written, what is taken, and the sentence for what is not."""

import pytest

from handwrought.data.augmentation import Augmentation
from handwrought.errors import InvalidArgument
from handwrought.training.config import TrainingConfig
from handwrought.training.recipes import load_recipe, recipe_text, shipped_recipes


def file_of(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_recipe_is_written_line_by_line():
    recipe = TrainingConfig(
        about='the "é"\x7f',
        hidden=(30, 20),
        epochs=3,
        full=True,
        learning_rate=0.5,
        augmentation=Augmentation(shift=2.0, share=0.5),
    )
    text = recipe_text(recipe, "one\n\n  two  ")
    assert text.startswith(
        '# one\n#\n#   two\nabout = "the \\"é\\"\\u007f"\n\n[network]\nhidden = [30, 20]\n'
    )
    assert text.endswith("\n\n[augmentation]\nshift = 2.0\nshare = 0.5\n")
    lines = text.splitlines()
    for line in ("full = true", "epochs = 3", "learning_rate = 0.5", 'schedule = "constant"'):
        assert lines.index("[training]") < lines.index(line) < lines.index("[augmentation]")
    assert "None" not in text
    assert "dataset" not in text
    assert "[augmentation]" not in recipe_text(TrainingConfig())
    assert recipe_text(TrainingConfig(augmentation=Augmentation())).endswith("\n\n[augmentation]\n")


def test_what_a_file_leaves_out_is_as_it_is_by_default(tmp_path):
    assert load_recipe(file_of(tmp_path, "")) == TrainingConfig(recipe="mine")
    assert load_recipe(str(file_of(tmp_path, "[augmentation]"))).augmentation == Augmentation()
    assert load_recipe(file_of(tmp_path, "about = 'é'")).about == "é"


def test_the_names_of_before_are_taken_and_told(tmp_path):
    text = "[training]\nhardest = 0.5\naverage = 0.9\nview = 'strokes'\n"
    with pytest.warns(DeprecationWarning, match=r"mine.toml: \w+ is called \w+ now") as told:
        found = load_recipe(file_of(tmp_path, text))
    assert len(told) == 3
    assert found == TrainingConfig(
        recipe="mine", backprop_fraction=0.5, ema_decay=0.9, representation="strokes"
    )
    with pytest.raises(InvalidArgument, match="both are there"):
        load_recipe(file_of(tmp_path, "[training]\nhardest = 0.5\nbackprop_fraction = 0.5"))


def test_the_shipped_ones_are_known_by_their_names():
    found = shipped_recipes()
    assert list(found) == ["article", "quick", "record-pixels", "record", "shipped"]
    assert all(path.name == f"{name}.toml" and path.is_file() for name, path in found.items())
    assert load_recipe("quick") == load_recipe(found["quick"])


def test_what_lies_at_a_limit_is_taken(tmp_path):
    assert load_recipe(file_of(tmp_path, "#" * 20_000)) == TrainingConfig(recipe="mine")
    largest = (1 << 63) - 1
    assert load_recipe(file_of(tmp_path, f"[training]\nepochs = {largest}")).epochs == largest
    assert load_recipe(file_of(tmp_path, "[network]\nhidden = [1]")).hidden == (1,)
    assert load_recipe(file_of(tmp_path, "[network]\nhidden = []")).hidden == ()


VIEWS = (
    "as-is, upright, width-20, width-16, width-13, width-10, "
    "strokes, strokes-20, strokes-16, strokes-13, strokes-10"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#" * 20_001, "recipe FILE cannot be read: it has more than 20,000 bytes; use article, quick, "
         "record-pixels, record, shipped, or a TOML file's path"),
        (f"[network]\nhidden = [[{1 << 64}]]", "FILE holds a whole number of 65 bits"),
        (f"[training]\nx = {{y = {1 << 64}}}", "FILE holds a whole number of 65 bits"),
        ("about = 3", "FILE: about is 3: it must be a text"),
        ("about = 'x'\n[house]",
         "FILE: [house] is no table of a recipe: use network, training, augmentation"),
        ("network = 3", "FILE: [network] is no table of a recipe: use network, training, augmentation"),
        ("[network]\nlayers = 3",
         "FILE: [network] knows no 'layers': use activation, cost, hidden, initializer"),
        ("[network]\nhidden = [0]", "FILE: hidden is [0]: it must be a whole number of at least 1"),
        ("[network]\nhidden = [1.0]", "FILE: hidden is [1.0]: it must be a whole number of at least 1"),
        ("[network]\nhidden = 'x'", "FILE: hidden is 'x': give a list such as [100, 50]"),
        ("[training]\nrepresentation = 'y'", f"FILE: representation 'y' is unknown: use one of {VIEWS}"),
        ("[training]\nrepresentation = []", "FILE: representation is []: give a name"),
        ("[training]\nfull = 0", "FILE: full is 0: it must be true or false"),
        ("[training]\nseed = 1.0", "FILE: seed is 1.0: it must be a whole number of at least 0"),
        ("[training]\npatience = true", "FILE: patience is True: it must be a whole number of at least 1"),
    ],
)  # fmt: skip
def test_what_is_no_recipe_is_told_in_a_sentence(text, message, tmp_path):
    path = file_of(tmp_path, text)
    with pytest.raises(InvalidArgument) as caught:
        load_recipe(path)
    assert str(caught.value).replace(str(path), "FILE") == message


@pytest.mark.parametrize("text", ["[training", b"\xff", "x = " + "[" * 9999])
def test_what_is_no_toml_is_told_with_the_reason(text, tmp_path):
    path = file_of(tmp_path, text)
    with pytest.raises(InvalidArgument) as caught:
        load_recipe(path)
    start = f"{path} is no TOML file: "
    assert str(caught.value).startswith(start)
    assert len(str(caught.value)) > len(start) + 10


def test_a_recipe_that_is_not_there_is_told_in_a_sentence():
    with pytest.raises(InvalidArgument) as caught:
        load_recipe("soup")
    assert str(caught.value) == (
        "recipe 'soup' is unknown: use article, quick, record-pixels, record, shipped, or a TOML file's path"
    )
