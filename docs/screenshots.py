"""Take the pictures in docs/images from the running product, so that they never lie.

`make screenshots`; needs Debian's chromium.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from simulator.demo import Demo
from simulator.house import say

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
# Percent of the drawing board, from left and top.
ACROSS = (33, 41, 52, 62, 65, 61, 48, 62, 68, 63, 52, 40, 31)
DOWN = (26, 20, 19, 24, 34, 44, 49, 55, 66, 78, 83, 81, 74)
SENT = ("1-digit-3", "5-shapes", "6-cat")


def main() -> int:
    """Start everything, chat, take pictures, end everything."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder), say)
        try:
            demo.house.open()
            take(f"http://127.0.0.1:{demo.ports['simulator']}/")
            take_try(f"http://127.0.0.1:{demo.ports['serving']}/ui/try?model=demo")
        finally:
            demo.close()
    return 0


def take(url: str) -> None:
    """Chat on the page at that address and keep what it looks like."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1120, "height": 850}, device_scale_factor=1.5)
        page.goto(url)
        wait_for_answers(page, 1)  # the greeting
        for number, name in enumerate(SENT, start=2):
            page.click(f'[data-sample="{name}.jpg"]')
            wait_for_answers(page, number)
        page.wait_for_selector("tr.total")
        page.mouse.move(0, 0)
        page.wait_for_timeout(800)
        page.screenshot(path=IMAGES / "chat.png")
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=IMAGES / "chat-phone.png")
        browser.close()


def take_try(url: str) -> None:
    """Draw a 3 on the model server's page and keep what it says."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1080, "height": 1300}, locale="en-US")
        page.goto(url)
        board = page.locator("#sketch").bounding_box()
        assert board  # noqa: S101  # it is on the page
        scale = board["width"] / 100
        for number, (x, y) in enumerate(zip(ACROSS, DOWN, strict=True)):
            page.mouse.move(board["x"] + scale * x, board["y"] + scale * y, steps=6)
            if number == 0:
                page.mouse.down()
        page.mouse.up()
        page.wait_for_selector(".bars li")
        page.wait_for_timeout(800)
        page.screenshot(path=IMAGES / "try.png", full_page=True)
        browser.close()


def wait_for_answers(page: Page, number: int) -> None:
    """Wait until the account has said so many things."""
    page.wait_for_function(f"document.querySelectorAll('.theirs .bubble').length >= {number}")


if __name__ == "__main__":
    sys.exit(main())
