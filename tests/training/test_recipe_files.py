"""Recipes to the letter: what is written, what is taken, and the sentence for what is not."""

import pytest

from handwrought.data.augmentation import Augmentation
from handwrought.errors import InvalidArgument
from handwrought.training.recipes import Recipe, load_recipe, recipe_text, shipped_recipes


def file_of(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_recipe_is_written_line_by_line():
    recipe = Recipe(
        "x",
        'the "é"\x7f',
        {"hidden": (30, 20), "initializer": None},
        {"epochs": 3, "full": True, "learning_rate": 0.5},
        Augmentation(shift=2.0, share=0.5),
    )
    assert recipe_text(recipe, "one\n\n  two  ") == (
        "# one\n#\n#   two\n"
        'about = "the \\"é\\"\\u007f"\n'
        "\n[network]\nhidden = [30, 20]\n"
        "\n[training]\nepochs = 3\nfull = true\nlearning_rate = 0.5\n"
        "\n[augmentation]\nshift = 2.0\nshare = 0.5\n"
    )
    assert recipe_text(Recipe("x")) == 'about = ""\n\n[network]\n\n[training]\n'
    assert recipe_text(Recipe("x", augmentation=Augmentation())).endswith("\n\n[augmentation]\n")


def test_what_a_file_leaves_out_is_empty(tmp_path):
    assert load_recipe(file_of(tmp_path, "")) == Recipe("mine", "", {}, {}, None)
    assert load_recipe(str(file_of(tmp_path, "[augmentation]"))).augmentation == Augmentation()
    assert load_recipe(file_of(tmp_path, "about = 'é'")).about == "é"


def test_the_shipped_ones_are_known_by_their_names():
    found = shipped_recipes()
    assert list(found) == ["article", "quick", "record-pixels", "record", "shipped"]
    assert all(path.name == f"{name}.toml" and path.is_file() for name, path in found.items())
    assert load_recipe("quick") == load_recipe(found["quick"])


def test_what_lies_at_a_limit_is_taken(tmp_path):
    assert load_recipe(file_of(tmp_path, "#" * 20_000)).network == {}
    largest = (1 << 64) - 1
    assert load_recipe(file_of(tmp_path, f"[training]\nepochs = {largest}")).training == {
        "epochs": largest
    }
    assert load_recipe(file_of(tmp_path, "[network]\nhidden = [1]")).network == {"hidden": [1]}
    assert load_recipe(file_of(tmp_path, "[network]\nhidden = []")).network == {"hidden": []}


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
        ("about = 3", "FILE: [about] is no table of a recipe: use network, training, augmentation"),
        ("about = 'x'\n[house]",
         "FILE: [house] is no table of a recipe: use network, training, augmentation"),
        ("network = 3", "FILE: [network] is no table of a recipe: use network, training, augmentation"),
        ("[network]\nlayers = 3",
         "FILE: [network] knows no 'layers': use activation, cost, hidden, initializer"),
        ("[network]\nhidden = [0]", "FILE: hidden is [0]: give a list such as [100, 50]"),
        ("[network]\nhidden = [1.0]", "FILE: hidden is [1.0]: give a list such as [100, 50]"),
        ("[network]\nhidden = 'x'", "FILE: hidden is 'x': give a list such as [100, 50]"),
        ("[training]\nview = 'y'", f"FILE: view 'y' is unknown: use one of {VIEWS}"),
        ("[training]\nview = []", f"FILE: view [] is unknown: use one of {VIEWS}"),
        ("[training]\nfull = 0", "FILE: full is 0: it must be true or false"),
        ("[training]\nseed = 1.0", "FILE: seed is 1.0: it must be a whole number"),
        ("[training]\npatience = true", "FILE: patience is True: it must be a whole number"),
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
