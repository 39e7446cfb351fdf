"""Makes the pictures of the preview page that the documentation shows: `make pictures`."""

import base64
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
