"""Pictures from elsewhere: files, the clipboard, a drop, the camera."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from labels import book
from simulator.sample import SAMPLES
from tests.conftest import encode
from tests.serving.pages.conftest import NewVisitor
from tests.serving.pages.drawing import THREE, best, draw, open_model

CAT = SAMPLES / "6-cat.jpg"
ELSE = "something else, neither a digit nor shapes"


def sent(page: Page, folder: Path) -> Image.Image:
    """Return the picture that the server was sent."""
    with page.expect_download() as download:
        page.locator("#sent").click()
    download.value.save_as(folder / "sent")
    return Image.open(io.BytesIO((folder / "sent").read_bytes()))


def give(page: Page, event: str, path: Path) -> None:
    """Drop or paste a file, as the browser tells the page of it."""
    page.evaluate(
        """([event, name, text]) => {
            const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name, { type: "image/jpeg" }));
            const options = { bubbles: true, cancelable: true };
            const made = event === "paste"
                ? new ClipboardEvent("paste", { ...options, clipboardData: data })
                : new DragEvent(event, { ...options, dataTransfer: data });
            document.getElementById("stage").dispatchEvent(made);
        }""",
        [event, path.name, base64.b64encode(path.read_bytes()).decode()],
    )


def test_picture_is_uploaded(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    page.get_by_label("Upload").set_input_files(CAT)
    expect(best(page)).to_have_text(ELSE)
    expect(page.get_by_alt_text("The picture that the model is asked about")).to_be_visible()


def test_picture_goes_and_the_drawing_is_back(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    draw(page, THREE)
    page.get_by_label("Upload").set_input_files(CAT)
    expect(best(page)).to_have_text(ELSE)
    page.get_by_role("button", name="Remove the picture").click()
    expect(best(page)).to_have_text("the digit 3")


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_picture_is_dropped_or_pasted(page: Page, site: str, event: str) -> None:
    open_model(page, site, model="demo")
    give(page, event, SAMPLES / "2-digit-8.jpg")
    expect(best(page)).to_have_text("the digit 8")


def test_page_says_where_a_dragged_picture_goes(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    give(page, "dragover", CAT)
    expect(page.get_by_text("Let go, and the model looks")).to_be_visible()


def test_picture_is_taken_by_the_camera(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    page.get_by_role("button", name="Camera").click()
    page.get_by_role("button", name="Take the picture").click()
    expect(page.locator("#shown")).to_be_visible()
    expect(page.locator(".bars li")).to_have_count(12)
    assert page.evaluate("document.getElementById('video').srcObject") is None  # it is off again


def test_photo_that_lies_on_its_side_is_sent_upright(page: Page, site: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned by 90 degrees
    (tmp_path / "photo.jpg").write_bytes(encode(Image.new("RGB", (300, 200), "red"), exif=exif))
    open_model(page, site, model="demo")
    page.get_by_label("Upload").set_input_files(tmp_path / "photo.jpg")
    expect(page.locator(".bars li")).to_have_count(12)
    assert sent(page, tmp_path).size == (200, 300)


def test_what_is_transparent_is_white(page: Page, site: str, tmp_path: Path) -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    (tmp_path / "clear.png").write_bytes(encode(clear, "PNG"))
    open_model(page, site, model="demo")
    page.get_by_label("Upload").set_input_files(tmp_path / "clear.png")
    expect(page.locator(".bars li")).to_have_count(12)
    assert sent(page, tmp_path).convert("RGB").getpixel((20, 20)) == (255, 255, 255)


def test_large_photo_is_sent_small(page: Page, site: str, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(encode(Image.new("RGB", (4000, 2000), "blue")))
    open_model(page, site, model="demo")
    page.get_by_label("Upload").set_input_files(tmp_path / "photo.jpg")
    expect(page.locator(".bars li")).to_have_count(12)
    assert sent(page, tmp_path).size == (1024, 512)


def test_file_that_is_no_picture_is_refused_kindly(page: Page, site: str, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear model,")
    open_model(page, site, model="demo")
    page.get_by_label("Upload").set_input_files(tmp_path / "letter.txt")
    expect(page.get_by_role("alert").first).to_contain_text("This file does not open")
    expect(page.get_by_role("alert").first).to_contain_text("“letter.txt” is no picture")
    draw(page, THREE)
    expect(best(page)).to_have_text("the digit 3")
    expect(page.locator("#trouble")).to_be_hidden()


def test_picture_that_is_refused_keeps_no_answer_to_another(site: str, visit: NewVisitor) -> None:
    page = visit().page
    open_model(page, site, model="demo")
    draw(page, THREE)
    expect(best(page)).to_have_text("the digit 3")
    page.route("**/v1/**", lambda route: route.fulfill(status=400, body='{"error": "too small"}'))
    draw(page, THREE)
    expect(page.locator("#trouble-said")).to_contain_text("too small")
    expect(page.locator("#answer")).to_have_text(book("en", "pages")["script"]["empty"])


def test_camera_that_shows_nothing_yet_takes_no_picture(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    page.evaluate("navigator.mediaDevices.getUserMedia = async () => new MediaStream()")
    page.locator("#camera").click()
    expect(page.locator("#viewfinder")).to_be_visible()
    expect(page.locator("#shoot")).to_be_disabled()
