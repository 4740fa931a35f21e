"""A page in a real Chromium, driven by its own driver: as a person meets it, by light, width, paper and keyboard.

What a test asks of the page goes through the browser's debugger, whose questions a page's own
Content-Security-Policy does not concern: the page is looked at with its policy in force, and nothing of it is lifted.
"""

from __future__ import annotations

import os
import shutil
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

from tests.services import pdf_text
from tests.unit.report.reading import browser

DRIVER = shutil.which("chromedriver")
AXE = files("axe_selenium_python") / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW, NARROWEST = 1200, 360, 320
HEIGHT = 900
# By name: the width, what the page is shown on, and the colours that its reader likes.
LOOKS = {
    "light": (WIDE, "screen", "light"),
    "dark": (WIDE, "screen", "dark"),
    "narrow": (NARROW, "screen", "light"),
    "narrow and dark": (NARROW, "screen", "dark"),
    "narrowest": (NARROWEST, "screen", "light"),
    "print": (WIDE, "print", "light"),
    "picture": (1000, "screen", "light"),
    "paper": (794, "print", "light"),  # A4 at 96 dots an inch
    "picture in dark": (1000, "screen", "dark"),
}
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run --disable-dev-shm-usage --hide-scrollbars"
)
RUN_AXE = """
const done = arguments[arguments.length - 1];
// It looks at colours as they are shown, and is not to load style sheets by itself, which a page's policy forbids.
axe.run(document, {resultTypes: ["violations", "incomplete"], preload: false}).then(
  found => done({violations: found.violations, incomplete: found.incomplete, passes: found.passes.length}),
  problem => done({problem: String(problem)}));
"""


class Browser:
    """One window of Chromium."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def look(self, name: str) -> None:
        """See the page from now on in one of LOOKS."""
        width, media, colours = LOOKS[name]
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=HEIGHT, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": colours}]
        self._ask("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, page: Path) -> list[str]:
        """Go to a page; what the console then says, which is nothing where all is well."""
        self.driver.get(page.as_uri())
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def ask(self, script: str, *given: Any) -> Any:
        """What a function body in JavaScript returns."""
        return self.driver.execute_script(script, *given)

    def axe(self) -> dict[str, Any]:
        """What axe-core finds on the page as it is shown now."""
        if not self.ask("return typeof axe === 'object'"):
            self.driver.execute_script(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.driver.execute_async_script(RUN_AXE)
        return found

    def roles(self) -> Counter[str]:
        """What the page is to a screen reader: how often each role occurs."""
        nodes = self._ask("Accessibility.getFullAXTree")["nodes"]
        return Counter(node["role"]["value"] for node in nodes if not node["ignored"])

    @property
    def focused(self) -> Any:
        """The element that has the keyboard."""
        return self.driver.switch_to.active_element

    def press(self, *keys: str) -> None:
        """Keys one after the other."""
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def tab(self, back: bool = False) -> None:
        """On to the next thing that a keyboard reaches, or back to the one before."""
        keys = ActionChains(self.driver, duration=0)
        if back:
            keys.key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
        else:
            keys.send_keys(Keys.TAB).perform()

    def picture(self, height: int) -> bytes:
        """The uppermost part of the page as a PNG."""
        width = int(self.ask("return window.innerWidth"))
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        return b64decode(self._ask("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"])

    def printed(self) -> list[dict[float, str]]:
        """The lines of each sheet when the page is printed; `look` again after it."""
        self._ask("Emulation.setEmulatedMedia", media="", features=[])
        self._ask("Emulation.clearDeviceMetricsOverride")
        made = self._ask("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)
        return pdf_text.pages(b64decode(made["data"]))

    def _ask(self, command: str, **given: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, given)


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A Chromium of its own, with a fresh profile; it is ended at the end. Nothing is fetched from anywhere."""
    os.environ.update(SE_OFFLINE="true", SE_AVOID_STATS="true")
    options = ChromeOptions()
    options.binary_location = browser() or ""
    for one in (*OPTIONS.split(), f"--user-data-dir={profile}"):
        options.add_argument(one)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(executable_path=DRIVER))
    try:
        driver.set_script_timeout(240)  # ends only what hangs: other tests may keep the processors busy
        yield Browser(driver)
    finally:
        driver.quit()
