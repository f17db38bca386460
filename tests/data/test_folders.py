"""Folders of pictures: which, in what order, and the sentence for what is none."""

import numpy as np
import pytest
from PIL import Image

from handwrought.data import folders
from handwrought.data.folders import load_image_folder
from handwrought.errors import DataError


def put(path, value=9, size=(4, 3), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)


def refusal(path):
    with pytest.raises(DataError) as caught:
        load_image_folder(path)
    return str(caught.value).replace(str(path), "FOLDER")


def test_numbers_come_in_the_order_of_numbers(tmp_path):
    for name in ("10", "9", "2"):
        put(tmp_path / name / "a.png", int(name))
    images, labels, names = load_image_folder(tmp_path)
    assert names == ("2", "9", "10")
    assert labels.tolist() == [0, 1, 2]
    assert images[:, 0, 0].tolist() == [2, 9, 10]
    assert (images.dtype, images.shape, labels.dtype) == (np.uint8, (3, 3, 4), np.int64)


def test_other_names_come_in_the_order_of_letters(tmp_path):
    for name in ("10", "9", "b"):
        put(tmp_path / name / "a.png")
    assert load_image_folder(tmp_path)[2] == ("10", "9", "b")


def test_files_come_in_the_order_of_their_names_and_hidden_folders_not_at_all(tmp_path):
    for i, name in enumerate(("a/c.PNG", "a/a.bmp", "a/b.pgm", ".cache/a.png", "b/a.gif")):
        put(tmp_path / name, i)
    (tmp_path / "a" / "0.txt").write_text("no picture")
    (tmp_path / "notes.txt").write_text("no folder")
    images, labels, names = load_image_folder(tmp_path)
    assert images[:, 0, 0].tolist() == [1, 2, 0, 4]
    assert labels.tolist() == [0, 0, 0, 1]
    assert names == ("a", "b")


def test_colours_become_grey(tmp_path):
    put(tmp_path / "a" / "a.png", (255, 0, 0), mode="RGB")
    assert load_image_folder(tmp_path)[0].shape == (1, 3, 4)
    assert set(load_image_folder(tmp_path)[0].ravel()) == {76}  # 0.299 of 255


def test_what_is_no_folder_of_pictures_is_told(tmp_path):
    assert (
        refusal(tmp_path) == "FOLDER has no pictures in sub-folders: make one sub-folder per class"
    )
    put(tmp_path / "a" / "a.png")
    put(tmp_path / "b" / "b.png", size=(5, 3))
    assert refusal(tmp_path) == (
        "FOLDER/b/b.png is 5 x 3 pixels, FOLDER/a/a.png is 4 x 3: bring all to the same size"
    )
    put(tmp_path / "a" / "b.png", size=(4, 2))
    assert refusal(tmp_path) == (
        "FOLDER/a/b.png is 4 x 2 pixels, FOLDER/a/a.png is 4 x 3: bring all to the same size"
    )
    (tmp_path / "a" / "b.png").write_bytes(b"none")
    assert refusal(tmp_path) == ("FOLDER/a/b.png is no picture: save it anew as PNG, or delete it")


def test_a_picture_of_the_largest_size_is_read_and_no_larger(tmp_path, monkeypatch):
    put(tmp_path / "a" / "a.png", size=(40, 30))
    monkeypatch.setattr(folders, "_MOST_PIXELS", 1200)
    assert load_image_folder(tmp_path)[0].shape == (1, 30, 40)
    monkeypatch.setattr(folders, "_MOST_PIXELS", 1199)
    assert refusal(tmp_path) == (
        "FOLDER/a/a.png is 40 x 30 pixels: no picture of a data set is so large; make it smaller"
    )
    put(tmp_path / "a" / "a.png", size=(1000, 2))
    assert "is 1,000 x 2 pixels" in refusal(tmp_path)
    put(tmp_path / "a" / "a.png", size=(2, 1000))
    assert "is 2 x 1,000 pixels" in refusal(tmp_path)


def test_a_kind_of_file_that_nobody_asked_for_is_not_read(tmp_path):
    put(tmp_path / "a" / "a.pcx")
    (tmp_path / "a" / "a.pcx").rename(tmp_path / "a" / "b.png")
    assert "b.png is no picture" in refusal(tmp_path)
