"""Take the pictures in docs/images from the running product, so that they never lie.

`make screenshots`; needs Debian's chromium and fonts: apt-get install chromium fonts-noto-cjk
fonts-noto-color-emoji.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from launch import programs
from launch.supervisor import ROOT, free_port

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
WIDE, PHONE = (1440, 960), (390, 844)
_PATIENCE = 60_000  # milliseconds
# A three, in percent of the drawing board from left and top.
_THREE = (
    (33, 26), (41, 20), (52, 19), (62, 24), (65, 34), (61, 44), (48, 49), (62, 55), (68, 66),
    (63, 78), (52, 83), (40, 81), (31, 74),
)  # fmt: skip
# The models of a fresh checkout, and nothing fetched meanwhile: the same pictures on every machine.
_DEMO = """
import pathlib, sys
from simulator import demo
demo.FOLDER, demo.PAGE_PORT = pathlib.Path(sys.argv[1]), 0
demo.main()
"""


def main() -> int:
    """Start everything, chat, take pictures, end everything."""
    IMAGES.mkdir(exist_ok=True)
    with running_demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        warm_up(browser, address)
        for name, take in PICTURES.items():
            take(browser, address).screenshot(path=IMAGES / name)
            sys.stdout.write(f"  ✓ docs/images/{name}\n")
        with running_models() as server:
            for name, take in PAGES.items():
                take(browser, server).screenshot(path=IMAGES / name, full_page=True)
                sys.stdout.write(f"  ✓ docs/images/{name}\n")
        browser.close()
    return 0


@contextlib.contextmanager
def running_demo() -> Iterator[str]:
    """Give the address of the page of a demo, a program of its own."""
    environment = {**os.environ, "KERAS_WEIGHTS_URL": "http://127.0.0.1:9", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", _DEMO, folder],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        said = demo.stdout or ()
        words = (word for line in said for word in line.split())
        try:
            yield next(word for word in words if word.startswith("http://127.0.0.1:"))
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()


@contextlib.contextmanager
def running_models() -> Iterator[str]:
    """Give the address of a model server with the demo's classifier."""
    with tempfile.TemporaryDirectory() as folder:
        config, port = Path(folder) / "models.config", free_port()
        config.write_text(programs.model_config({"demo": programs.MODELS / "demo"}))
        server = programs.model_server(port, config, "demo", Path(folder) / "serving.log")
        server.start()
        try:
            while not server.ready():
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.end()


def draw_three(browser: Browser, server: str) -> Page:
    """Draw a three on the model server's page and wait for what it says."""
    page = browser.new_page(viewport={"width": 1080, "height": 1300}, locale="en-US")
    page.goto(f"{server}/ui/try?model=demo")
    page.wait_for_selector("#sketch")
    board = page.locator("#sketch").bounding_box()
    assert board  # noqa: S101  # it is on the page
    scale = board["width"] / 100
    for number, (x, y) in enumerate(_THREE):
        page.mouse.move(board["x"] + scale * x, board["y"] + scale * y, steps=6)
        if number == 0:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_selector(".bars li")
    page.wait_for_timeout(800)
    return page


def warm_up(browser: Browser, address: str) -> None:
    """Have everything asked once: the first request of a day is slower than all others."""
    page = visit(browser, f"{address}?lang=zh&scene=nine")
    wait_for_answers(page, 10)
    page.context.close()


def visit(
    browser: Browser, address: str, size: tuple[int, int] = WIDE, *, dark: bool = False
) -> Page:
    """Open the page in a window of that size."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2 if size is PHONE else 1.5,
        color_scheme="dark" if dark else "light",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    return page


def wait_for_answers(page: Page, number: int, outcome: str = "sent") -> None:
    """Wait until the account has said so many things, and how the last came about is drawn."""
    said = page.locator(".theirs:not(.typing) .bubble")
    expect(said).to_have_count(number, timeout=_PATIENCE)
    expect(page.locator(".typing")).to_have_count(0, timeout=_PATIENCE)
    expect(page.locator(f".end.{outcome}")).to_be_visible()
    page.wait_for_timeout(1500)  # the account of all messages follows within a second
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")


def _chat(language: str, answers: int) -> Callable[[Browser, str], Page]:
    def take(browser: Browser, address: str) -> Page:
        page = visit(browser, f"{address}?lang={language}&scene=shapes")
        wait_for_answers(page, answers)
        return page

    return take


def _phone(browser: Browser, address: str) -> Page:
    page = visit(browser, f"{address}?lang=zh&scene=shapes", PHONE)
    wait_for_answers(page, 3)
    return page


def _broken(browser: Browser, address: str) -> Page:
    """Lose the model server, and see how a picture fares."""
    page = visit(browser, f"{address}?lang=en&scene=serving", dark=True)
    wait_for_answers(page, 3, "apologised")
    return page


PICTURES: Mapping[str, Callable[[Browser, str], Page]] = {
    "chat.png": _chat("en", 4),
    "chat.zh.png": _chat("zh", 3),
    "chat-phone.png": _phone,
    "break.png": _broken,
}
PAGES: Mapping[str, Callable[[Browser, str], Page]] = {  # of the model server
    "try.png": draw_three,
}

if __name__ == "__main__":
    sys.exit(main())
