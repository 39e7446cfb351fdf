"""A headless Chromium, driven by its own protocol over a pipe: no driver and no port are needed."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from types import TracebackType
from typing import Any, Self

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SECONDS = 60


def find_browser() -> str:
    """Return the path of a Chromium; without one the test is skipped, or fails where REQUIRE_CHROMIUM is set."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        problem = "there is no Chromium, with which the page is tested"
        if os.environ.get("REQUIRE_CHROMIUM"):
            pytest.fail(problem)
        pytest.skip(problem)
    return path


class Browser:
    """One page of a browser. `console` has what it logged as an error, its own and the page's."""

    def __init__(self) -> None:
        self.console: list[str] = []
        self._number = 0
        self._buffer = b""
        self._folder = tempfile.mkdtemp(prefix="chromium-")
        read_end, self._to = os.pipe()
        self._from, write_end = os.pipe()
        options = (
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--remote-debugging-pipe", f"--user-data-dir={self._folder}", "about:blank",
        )  # fmt: skip
        self._process = subprocess.Popen(  # noqa: S603 (the browser)
            ["/bin/bash", "-c", f'exec "$0" "$@" 3<&{read_end} 4>&{write_end}', find_browser(), *options],
            pass_fds=(read_end, write_end), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(read_end)
        os.close(write_end)
        targets = self._call("Target.getTargets")["targetInfos"]
        target = next(each["targetId"] for each in targets if each["type"] == "page")
        self._session: str | None = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(_SECONDS)
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._folder, ignore_errors=True)

    def open(self, url: str) -> None:
        """Load a page, and wait for it."""
        self._call("Page.navigate", url=url)
        self.wait(lambda: self.run("location.href") == url and self.run("document.readyState") == "complete")

    def run(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, None while another page is being loaded."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if answer is None:
            return None
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press a key."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """Be a device of that size, whose owner prefers a light or a dark page."""
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[feature])

    def picture(self, selector: str | None = None) -> str:
        """Return what the page looks like, or one element of it at twice the size, as PNG in base64."""
        clip = {}
        if selector:
            element = f"document.querySelector({json.dumps(selector)})"
            self.run(f"{element}.scrollIntoView({{behavior: 'instant'}})")
            x, y, width, height = self.run(
                f"(b => [b.x + scrollX, b.y + scrollY, b.width, b.height])({element}.getBoundingClientRect())"
            )
            clip = {"clip": {"x": x, "y": y, "width": width, "height": height, "scale": 2}}
        return str(self._call("Page.captureScreenshot", format="png", **clip)["data"])

    def wait(self, is_done: Callable[[], bool]) -> None:
        """Wait until something is so."""
        until = time.monotonic() + _SECONDS
        while not is_done():
            assert time.monotonic() < until, "waited in vain"

    def _call(self, method: str, **parameters: object) -> Any:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            self._note(answer)
            if answer.get("id") == self._number:
                is_gone = "context" in str(answer.get("error", "")) or "navigated" in str(answer.get("error", ""))
                assert is_gone or "error" not in answer, answer
                return answer.get("result")

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            piece = os.read(self._from, 1024 * 1024)
            assert piece, "the browser has ended"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.console.append(event["params"]["entry"]["text"])
        if event.get("method") == "Runtime.exceptionThrown":
            self.console.append(str(event["params"]["exceptionDetails"]))


def serious_problems(browser: Browser) -> list[str]:
    """Return what axe-core finds on the page that is serious or critical."""
    browser.run(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
    found = browser.run(
        "axe.run().then((result) => result.violations.filter((each) => /serious|critical/.test(each.impact))"
        ".map((each) => each.id + ': ' + each.nodes.slice(0, 3).map((node) => node.html).join(' ')))"
    )
    return [str(each) for each in found]
