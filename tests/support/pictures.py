"""Makes the pictures that the documentation shows, of an alert and of the preview page: `make pictures`."""

import base64
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from cloudtrail_to_slack_cli import samples
from cloudtrail_to_slack_cli.given_rules import GivenRules
from cloudtrail_to_slack_cli.preview.previews import preview
from cloudtrail_to_slack_cli.preview.server import PreviewServer
from support.browser import Browser

_FOLDER = Path(__file__).resolve().parents[2] / "docs"
_EVENTS = ("stop-logging", "root-creates-access-key")
_PICTURES = (
    ("preview-light.png", 1300, 860, False),
    ("preview-dark.png", 1300, 860, True),
    ("preview-phone.png", 390, 860, False),
)


def main() -> None:
    """Take all pictures."""
    picture_alert()
    picture_preview()


def picture_alert() -> None:
    """Run the demo, and take a picture of the alert on AdministratorAccess from its page."""
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        page = Path(folder) / "demo.html"
        command = [sys.executable, "-m", "cloudtrail_to_slack_dev.demo", "--page", str(page)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 (our own demo)
        browser.resize(1060, 1400)
        browser.open(page.as_uri())
        find = "[...document.querySelectorAll('article.message')].find(e => e.innerText.includes('AttachUserPolicy'))"
        browser.run(f"{find}.id = 'shown'")
        (_FOLDER / "alert.png").write_bytes(base64.b64decode(browser.picture("#shown")))


def picture_preview() -> None:
    """Serve the page, and take a picture of it light, dark, and as wide as a phone."""
    config = GivenRules().read()
    previews = [preview(config, name, samples.load(name)) for name in _EVENTS]
    with PreviewServer(lambda: previews, [], 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Browser() as browser:
            browser.open(server.url)
            for name, width, height, dark in _PICTURES:
                browser.resize(width, height, dark=dark)
                (_FOLDER / name).write_bytes(base64.b64decode(browser.picture()))
        server.shutdown()


if __name__ == "__main__":
    main()
