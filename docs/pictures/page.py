"""Make page.png and kiosk.png: `beep web` in Chromium, 4 s after the closest approach of the Dallas pass.

Run it as `python docs/pictures/page.py`, with the extras `web` and `test`.
"""

import shutil
import threading
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from beep.scenario.presets import preset
from beep.scenario.scenario import Scenario
from beep.web.server import PageServer

HERE = Path(__file__).parent
HEARD_S = 32.0  # until the waterfall is full
COLOURS = 255


def picture(chromium: Any, name: str, scenario: Scenario, **options: Any) -> None:
    server = PageServer(scenario, port=0, kiosk=name == "kiosk")
    thread = threading.Thread(target=server.serve)
    thread.start()
    page = chromium.new_context(locale="en-GB", **options).new_page()
    page.goto(server.url)
    time.sleep(3)
    page.evaluate(f"sputnik.sound.seek(sputnik.sound.heard().pass.tca_s + 4 - {HEARD_S})")
    time.sleep(HEARD_S)
    page.screenshot(path=HERE / f"{name}.png")
    server.stop()
    thread.join()
    image = (
        Image.open(HERE / f"{name}.png")
        .convert("RGB")
        .quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    )
    image.save(HERE / f"{name}.png", optimize=True)


with sync_playwright() as playwright:
    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
    size = {"width": 1366, "height": 768}
    picture(browser, "page", Scenario(station="dallas", start="1957-10-07T05:00Z"), viewport=size, color_scheme="dark")
    picture(browser, "kiosk", preset("dallas"), viewport=size, color_scheme="light")
    browser.close()
