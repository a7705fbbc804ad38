"""Photograph the report of a run in Chromium, as a reader's screen shows it.

python benchmarks/screenshots.py reports/quickstart docs/images
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

# Name of the picture, width and height of the window, colour scheme, page, and what is scrolled to.
SHOTS = [
    ("report_desktop", 1280, 900, "light", "medicine.html", "h1"),
    ("report_charts_dark", 1280, 900, "dark", "medicine.html", "#charts"),
    ("report_explorer", 1280, 1100, "light", "medicine.html", "#answers"),
    ("report_phone", 500, 950, "light", "medicine.html", "h1"),
    ("report_phone_dark", 500, 950, "dark", "medicine.html", "#answers"),
]


def main(run: Path, out: Path) -> None:
    """Take every picture.

    Args:
        run: folder of the run.
        out: folder for the pictures.
    """
    os.environ["SE_OFFLINE"], os.environ["SE_AVOID_STATS"] = "true", "true"
    from selenium import webdriver

    out.mkdir(parents=True, exist_ok=True)
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    for name, width, height, scheme, page, place in SHOTS:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        browser.get((run / page).resolve().as_uri() + "#show=to-wrong")
        time.sleep(1.5)
        browser.execute_script("document.querySelector(arguments[0]).scrollIntoView()", place)
        time.sleep(0.3)
        browser.save_screenshot(str(out / f"{name}.png"))
    browser.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
