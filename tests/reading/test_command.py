"""``handwrought read``: files of all kinds in, text or JSON out."""

import builtins
import io
import json

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from typer.testing import CliRunner

from handwrought.cli import app
from handwrought.errors import DataError, MissingExtra
from handwrought.reading.pictures import picture
from handwrought.reading.recognizer import Recognizer

from .pages import canvas, character_errors, lines, on_desk, page, paper, validation, written


def run(*arguments, **more):
    return CliRunner().invoke(app, ["read", *map(str, arguments)], **more)


def test_the_command_reads_files_folders_and_standard_input(tmp_path):
    pixels, text = page(0, rows=1, columns=4)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    done = run(tmp_path / "a.png")
    assert (done.exit_code, done.stdout) == (0, text + "\n")
    done = run("-", input=(tmp_path / "a.png").read_bytes())
    assert done.stdout == text + "\n"
    done = run(tmp_path, "--json")
    (found,) = json.loads(done.stdout)
    assert found["file"].endswith("a.png")
    assert found["text"] == text
    assert found["lines"] == [text]
    assert "".join(str(each["digit"]) for each in found["digits"]) == text
    first = found["digits"][0]
    assert 0.5 < first["confidence"] <= 1
    assert len(first["box"]) == 4
    assert first["line"] == 0
    assert first["refused"] is False
    assert first["alternatives"][0] == [first["digit"], first["confidence"]]


def test_the_command_reads_on_after_a_file_that_is_no_picture(tmp_path):
    pixels, text = page(0, rows=1, columns=4)
    Image.fromarray(pixels).save(tmp_path / "b.png")
    (tmp_path / "a.png").write_text("no")
    done = run(tmp_path / "a.png", tmp_path / "none.png", tmp_path / "b.png")
    assert done.exit_code == 1
    assert text in done.stdout
    assert "a.png is no picture" in done.stderr
    assert "none.png cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_draws_what_it_read(tmp_path):
    pixels, _ = page(0, rows=1, columns=4)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    done = run(tmp_path / "a.png", "--annotate", tmp_path / "out.png")
    assert done.exit_code == 0
    drawn = np.asarray(Image.open(tmp_path / "out.png")).astype(int)
    assert np.array(drawn.shape[:2]) % pixels.shape == pytest.approx(0)
    coloured = np.ptp(drawn, axis=2) > 60
    assert coloured.sum() > 200


def test_one_digit_by_itself(tmp_path):
    split = validation()
    ink = canvas(split.images[0])
    Image.fromarray((255 * (1 - ink)).astype(np.uint8)).save(tmp_path / "a.png")
    done = run(tmp_path / "a.png", "--digits", 1)
    assert done.stdout == f"{split.labels[0]}\n"


def pdf(path, *texts_of_seeds, form="PDF"):
    """A PDF or TIFF of scanned pages; returns what they say."""
    images, texts = [], []
    for seed in texts_of_seeds:
        pixels, text = page(seed, rows=2, columns=4)
        images.append(Image.fromarray(pixels).convert("RGB"))
        texts.append(text)
    images[0].save(path, form, save_all=True, append_images=images[1:])
    return texts


@pytest.mark.slow
def test_every_page_of_a_pdf_is_read(tmp_path):
    texts = pdf(tmp_path / "form.pdf", 1, 2)
    done = run(tmp_path / "form.pdf")
    assert done.exit_code == 0
    for i, line in enumerate(done.stdout.splitlines()):
        assert line == f"{tmp_path / 'form.pdf'}, page {i + 1}\t{texts[i].replace(chr(10), ' / ')}"
    assert len(done.stdout.splitlines()) == 2
    found = json.loads(run(tmp_path / "form.pdf", "--json").stdout)
    assert [each["text"] for each in found] == texts
    assert run("-", input=(tmp_path / "form.pdf").read_bytes()).stdout == (
        f"standard input, page 1\t{texts[0].replace(chr(10), ' / ')}\n"
        f"standard input, page 2\t{texts[1].replace(chr(10), ' / ')}\n"
    )


def test_every_page_of_a_scanner_s_tiff_is_read(tmp_path):
    file = tmp_path / "scan.tif"
    texts = pdf(file, 1, 2, form="TIFF")
    found = json.loads(run(file, "--json").stdout)
    assert [each["file"] for each in found] == [f"{file}, page 1", f"{file}, page 2"]
    assert [each["text"] for each in found] == texts


def test_no_drawing_is_made_of_several_pages(tmp_path):
    pdf(tmp_path / "scan.tif", 1, 2, form="TIFF")
    pdf(tmp_path / "scan.pdf", 1, 2)
    for name, words in (("scan.tif", "has 2 pages"), ("scan.pdf", "a PDF was given")):
        done = run(tmp_path / name, "--annotate", tmp_path / "out.png")
        assert words in str(done.exception)
        assert not (tmp_path / "out.png").exists()
    done = run(tmp_path / "scan.tif", tmp_path / "scan.pdf", "--annotate", tmp_path / "out.png")
    assert "2 files were given" in str(done.exception)


def test_a_damaged_page_of_a_tiff_gets_a_sentence_and_those_before_it_are_read(tmp_path):
    file = tmp_path / "scan.tif"
    texts = pdf(file, 1, 2, form="TIFF")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 3 // 4])
    done = run(file, "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert found[0]["text"] == texts[0]
    assert "damaged or cut short" in found[-1]["error"]
    assert "Traceback" not in done.stderr


def test_the_library_says_how_a_pdf_is_read(tmp_path):
    pdf(tmp_path / "form.pdf", 1)
    with pytest.raises(DataError, match=r"form.pdf is a PDF: .*handwrought.reading.pdf.pages"):
        Recognizer.load().read(tmp_path / "form.pdf")


def test_a_damaged_pdf_gets_a_sentence_and_the_rest_is_read(tmp_path):
    (text,) = pdf(tmp_path / "b.pdf", 1)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\nand then nothing of use")
    done = run(tmp_path / "a.pdf", tmp_path / "b.pdf", "--json")
    assert done.exit_code == 1
    assert done.stderr.strip() == (
        f"handwrought: {tmp_path / 'a.pdf'} is damaged and cannot be opened: save it anew"
    )
    found = json.loads(done.stdout)
    assert found[0]["error"].startswith(str(tmp_path / "a.pdf"))
    assert found[0]["digits"] == []
    assert found[1]["text"] == text


def test_a_locked_pdf_gets_a_sentence(monkeypatch):
    from handwrought.reading import pdf as module

    def refuse(content):
        raise pypdfium2.PdfiumError("Failed to load document (PDFium: Incorrect password error).")

    monkeypatch.setattr(pypdfium2, "PdfDocument", refuse)
    with pytest.raises(DataError, match=r"form.pdf is locked by a password"):
        next(module.pages(b"%PDF-", "form.pdf"))


def test_without_the_extra_a_pdf_gets_a_sentence_that_names_it(monkeypatch):
    from handwrought.reading import pdf as module

    real = builtins.__import__

    def without(name, *rest):
        if name == "pypdfium2":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"reading form.pdf needs .*handwrought\[pdf\]"):
        next(module.pages(b"%PDF-", "form.pdf"))


def test_a_picture_is_not_overwritten_by_its_annotation(tmp_path):
    pixels, _ = page(0, rows=1, columns=4)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    done = run(tmp_path / "a.png", "--annotate", tmp_path / "a.png")
    assert done.exit_code != 0
    assert "would overwrite" in str(done.exception)
    assert (tmp_path / "a.png").read_bytes() == before


@pytest.mark.slow
def test_boxes_are_in_the_pixels_of_a_large_photograph(tmp_path):
    pixels, text = page(0, rows=1, columns=4)
    large = Image.fromarray(pixels).resize((pixels.shape[1] * 8, pixels.shape[0] * 8))
    large.save(tmp_path / "large.png")
    assert max(large.size) > 1600
    small = Recognizer.load().read(pixels)
    found = Recognizer.load().read(tmp_path / "large.png")
    assert found.text == small.text == text
    for one, other in zip(small.digits, found.digits, strict=True):
        assert np.allclose(np.multiply(one.box, 8), other.box, atol=24)
    assert Recognizer.load().read(np.asarray(large)).digits[0].box == pytest.approx(
        found.digits[0].box, abs=24
    )


def test_a_large_photograph_turned_by_its_camera_is_read_upright(tmp_path):
    pixels, text = page(0, rows=1, columns=4)
    large = Image.fromarray(pixels).resize((pixels.shape[1] * 8, pixels.shape[0] * 8))
    turned = large.transpose(Image.Transpose.ROTATE_90)
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert Recognizer.load().read(tmp_path / "turned.jpg").text == text
    assert picture(tmp_path / "turned.jpg").shape[1] > picture(tmp_path / "turned.jpg").shape[0]


def test_the_desk_around_a_sheet_is_no_digit():
    ink, text = lines(3, rows=2, columns=5)
    found = Recognizer.load().read(on_desk(written(ink, paper(ink.shape, 3)), 3))
    assert [len(line) for line in found.lines] == [5, 5]
    assert character_errors(found.text, text) <= 0.1


def test_a_page_without_digits_has_an_empty_text(tmp_path):
    Image.new("RGB", (400, 300), (250, 248, 240)).save(tmp_path / "blank.png")
    done = run(tmp_path / "blank.png", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)[0]["text"] == ""
    assert json.loads(done.stdout)[0]["digits"] == []
    assert run(tmp_path / "blank.png").stdout == "\n"


def test_fifty_megapixels_are_read(tmp_path):
    pixels, text = page(0, rows=2, columns=6)
    large = Image.fromarray(pixels).resize((8660, 5774))
    out = io.BytesIO()
    large.save(out, "JPEG", quality=80)
    assert Recognizer.load().read(out.getvalue()).text == text
