"""A real browser for tests: Chromium, driven by its chromedriver over plain HTTP (WebDriver)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Debian's packages chromium and chromium-driver have these; others name the browser differently.
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_DRIVER = "chromedriver"
_PATIENCE = 60


def why_no_browser() -> str | None:
    """The reason for skipping a test; None if there is a browser."""
    if not any(map(shutil.which, _BROWSERS)) or shutil.which(_DRIVER) is None:
        return "chromium and chromedriver are not installed (Debian: chromium, chromium-driver)"
    return None


@dataclass(frozen=True)
class Opened:
    """What a page did while it was open.

    Attributes:
        requests: URLs that the page asked for, beside itself.
        errors: errors of scripts, and of the policy that forbids requests.
        screenshot: a PNG of the window.
    """

    requests: list[str]
    errors: list[str]
    screenshot: bytes


@dataclass
class Browser:
    """A window of Chromium."""

    address: str
    session: str = field(default="")

    def open(self, page: Path, *, width: int, dark: bool = False, whole: bool = False) -> Opened:
        """Open a file in a window of this width.

        Args:
            dark: whether the reader prefers dark colours.
            whole: whether the screenshot shows the whole page, or what fits into the window.
        """
        self.reset_logs()
        self.resize(width)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        self._post("url", url=page.as_uri())
        requests = [
            url for url in self._requested() if url != page.as_uri() and not url.startswith("data:")
        ]
        if whole:
            self.resize(width, self.run("return document.documentElement.scrollHeight"))
        screenshot = self.command("Page.captureScreenshot", format="png")["data"]
        # Last: the error of a script reaches the log some time after the page.
        errors = [entry["message"] for entry in self._log("browser")]
        return Opened(requests, errors, base64.b64decode(screenshot))

    def resize(self, width: int, height: int = 900) -> None:
        """Set the size of the window; a narrow one is a phone."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def run(self, script: str) -> Any:
        """The value that the script returns."""
        return self._post("execute/sync", script=script, args=[])

    def wait(self, condition: str) -> None:
        """Wait until the expression is true.

        Raises:
            TimeoutError: it does not become true.
        """
        end = time.monotonic() + _PATIENCE
        while not self.run(f"return !!({condition})"):
            if time.monotonic() > end:
                raise TimeoutError(condition)
            time.sleep(0.05)

    def command(self, name: str, **parameters: object) -> Any:
        """Send a command of the Chrome DevTools Protocol."""
        return self._post("goog/cdp/execute", cmd=name, params=parameters)

    def reset_logs(self) -> None:
        """Forget what was logged before."""
        self._log("performance")
        self._log("browser")

    def _requested(self) -> Iterator[str]:
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                yield message["params"]["request"]["url"]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._post("se/log", type=kind)
        return entries

    def _post(self, path: str, **body: object) -> Any:
        return _post(f"{self.address}/session/{self.session}/{path}", body)


@contextmanager
def started(folder: Path) -> Iterator[Browser]:
    """Start a browser whose profile is in the folder, and end it."""
    driver = subprocess.Popen(
        [_DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        browser = Browser(f"http://127.0.0.1:{_port(driver)}")
        browser.session = _post(f"{browser.address}/session", _wanted(folder))["sessionId"]
        try:
            browser.command("Network.enable")
            # The page for new tabs goes on loading otherwise.
            browser._post("url", url="about:blank")
            yield browser
        finally:
            request = urllib.request.Request(
                f"{browser.address}/session/{browser.session}", method="DELETE"
            )
            urllib.request.urlopen(request, timeout=_PATIENCE).close()
    finally:
        driver.terminate()
        # Not until its output ends: a browser that does not end holds it open, too.
        driver.wait(_PATIENCE)
        if driver.stdout:
            driver.stdout.close()


def _port(driver: subprocess.Popen[str]) -> int:
    """The port of `ChromeDriver was started successfully on port 12345.`"""
    for line in driver.stdout or ():
        if "successfully on port" in line:
            return int(line.strip().rstrip(".").rpartition(" ")[2])
    raise RuntimeError("chromedriver does not say its port")


def _wanted(folder: Path) -> dict[str, Any]:
    arguments = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--hide-scrollbars", "--no-first-run", f"--user-data-dir={folder}",
    ]  # fmt: skip
    return {
        "capabilities": {
            "alwaysMatch": {
                "browserName": "chrome",
                # Without a path chromedriver starts the browser that it was made for.
                "goog:chromeOptions": {"args": arguments},
                "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
            }
        }
    }


def _post(url: str, body: object) -> Any:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
        return json.load(answer)["value"]
