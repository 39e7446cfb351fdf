"""The command `preview`: what alerts will look like, in the terminal, as Block Kit and as a page."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote
from urllib.request import Request, urlopen

import pytest

from cloudtrail_to_slack.testing import Ruleset, make_event, render_slack
from cloudtrail_to_slack_cli import samples
from cloudtrail_to_slack_cli.commands.preview import _previews
from cloudtrail_to_slack_cli.given_rules import GivenRules
from cloudtrail_to_slack_cli.preview.page import render_page
from cloudtrail_to_slack_cli.preview.server import PreviewServer
from support.browser import Browser, serious_problems
from support.command_line import cloudtrail_to_slack, write
from support.pages import ROOT

RULE = "rules:\n  - id: own\n    title: {title}\n    expression: event['eventName'] == 'DeleteTrail'\n"


def test_the_text_is_that_of_the_message(tmp_path: Path) -> None:
    """Each event's message is shown as text, below its name and channel."""
    config = write(tmp_path, "config.json", json.dumps({"slack": {"default_channel_id": "C0DEFAULT"}}))
    ran = cloudtrail_to_slack("preview", "stop-logging", "root-creates-access-key", "--config", config)
    assert (ran.code, ran.err) == (0, "")
    assert "EventBridge" not in ran.out  # from which hardly any event comes
    assert ran.out.startswith(
        "stop-logging -> C0DEFAULT\n🔴 CRITICAL · CloudTrail logging switched off\nStopLogging by "
    )
    assert (
        "\n\nroot-creates-access-key -> C0DEFAULT\n🔴 CRITICAL · Root user activity\nCreateAccessKey by Root user — ✅ "
        in ran.out
    )
    assert "  aws cloudtrail start-logging" in ran.out.replace("aws cloudtrail", "  aws cloudtrail")


def test_events_that_do_not_alert_say_why(tmp_path: Path) -> None:
    """An ignored event is shown with the ignore rule, one without a match with that; if none alerts, the code is 1."""
    rules = write(tmp_path, "r.yaml", "ignore_rules:\n  - {id: i, expression: 'True', reason: a drill}\n")
    ran = cloudtrail_to_slack("preview", "stop-logging", "describe-vpcs", "--rule-file", rules)
    assert ran.code == 1
    assert "not sent, because i ignores it: a drill" in ran.out
    assert "🔴 CRITICAL · CloudTrail logging switched off\nStopLogging" in ran.out
    assert ran.out.endswith("describe-vpcs\nnot sent, because no rule matches\n")


def test_block_kit_is_what_the_function_sends() -> None:
    """--format blocks prints the very blocks, and a link that opens them in the Block Kit Builder."""
    ran = cloudtrail_to_slack("preview", "stop-logging", "--format", "blocks")
    document = json.loads(ran.out)
    message = render_slack(Ruleset.defaults(None), samples.load("stop-logging"))
    assert (document["text"], document["blocks"]) == (message["text"], message["blocks"])
    address, _, fragment = document["block_kit_builder"].partition("#")
    assert address == "https://app.slack.com/block-kit-builder/"
    assert json.loads(unquote(fragment)) == {"blocks": message["blocks"]}
    nothing = json.loads(cloudtrail_to_slack("preview", "describe-vpcs", "--format", "blocks").out)
    assert (nothing["blocks"], nothing["block_kit_builder"]) == ([], None)


def test_what_the_configuration_adds(tmp_path: Path) -> None:
    """Account names, the mention of a route, what a threshold waits for, and the bot's thread are as in an alert."""
    event = make_event(
        "DeleteTrail", recipientAccountId="111122223333", requestParameters={"name": "t", "why": "x" * 300}
    )
    path = write(tmp_path, "e.json", json.dumps(event))
    threshold = {"count": 3, "minutes": 10, "by": ["awsRegion", "eventName"], "distinct": "eventID"}
    config = {
        "slack": {
            "default_channel_id": "C0DEFAULT",
            "routes": [{"accounts": ["111122223333"], "slack_channel_id": "C0ROUTE00", "mention": "S0123456789"}],
        },
        "account_names": {"111122223333": "payments-prod"},
        "rules": [{"id": "own", "expression": "True", "threshold": threshold, "severity": "critical"}],
        "use_default_rules": False,
    }
    arguments = (path, "--config", write(tmp_path, "config.json", json.dumps(config)))
    text = cloudtrail_to_slack("preview", *arguments).out
    waits = "own alerts only after 3 different eventID within 10 minutes, counted by awsRegion and eventName"
    assert text.startswith(f"{path} -> C0ROUTE00\n{waits}\n")
    assert "payments-prod (111122223333)" in text
    before, _, thread = text.partition("\nIn its thread\n")
    assert "xxx" not in before
    assert "xxx" in thread
    shown = json.loads(cloudtrail_to_slack("preview", *arguments, "--format", "blocks").out)
    assert "<!subteam^S0123456789>" in json.dumps(shown["blocks"])
    assert "xxx" not in json.dumps(shown["blocks"])
    assert "xxx" in json.dumps(shown["blocks_in_thread"])
    assert shown["note"] == waits
    explained = cloudtrail_to_slack("explain", *arguments)
    assert f"  it alerts: own\n  {waits}\n" in explained.out
    assert "payments-prod (111122223333)" in explained.out


def test_the_page_shows_the_thread(tmp_path: Path) -> None:
    """A bot's details are a reply on the page; a webhook's are at the end of the message."""
    event = write(tmp_path, "e.json", json.dumps(make_event("DeleteTrail", requestParameters={"why": "x" * 300})))
    config = write(tmp_path, "config.json", json.dumps({"slack": {"default_channel_id": "C0DEFAULT"}}))
    for given, threads in ((GivenRules(config=str(config)), 1), (GivenRules(), 0)):
        page = render_page(_previews(given, [str(event)]), "1", "nonce")
        assert page.count('<div class="reply-list">') == threads
        assert "x" * 300 in page


def test_hostile_events_reach_no_terminal(tmp_path: Path) -> None:
    """Control characters of an event are shown as escapes."""
    event = write(tmp_path, "e.json", json.dumps(make_event("DeleteTrail", userAgent="\x1b[31m\u202e")))
    ran = cloudtrail_to_slack("preview", event)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out


def test_wrong_usage_is_explained(tmp_path: Path) -> None:
    """A missing event, standard input for a page, and a port that is taken are errors of one sentence."""
    assert cloudtrail_to_slack("preview").code == 2
    assert cloudtrail_to_slack("preview", tmp_path / "missing.json").code == 3
    assert "standard input can be read once" in cloudtrail_to_slack("preview", "-", "--serve", stdin="{}").err
    with PreviewServer(list, [], 0) as server:
        ran = cloudtrail_to_slack("preview", "stop-logging", "--serve", "--port", server.server_port)
    assert ran.code == 2
    assert "choose one with --port" in ran.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a rule file, a configuration with two channels, and two events."""
    write(tmp_path, "event.json", json.dumps(make_event("DeleteTrail", userAgent="<script>alert(1)</script>")))
    write(tmp_path, "other.json", json.dumps(make_event("StopLogging", recipientAccountId="444455556666")))
    write(tmp_path, "rules.yaml", RULE.format(title="First title"))
    routes = [{"accounts": ["444455556666"], "slack_channel_id": "C0OTHER"}]
    write(tmp_path, "config.json", json.dumps({"slack": {"default_channel_id": "C0DEFAULT", "routes": routes}}))
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[PreviewServer]:
    """The page of that folder, served."""
    given = GivenRules(config=str(folder / "config.json"), rule_files=[str(folder / "rules.yaml")])
    events = [str(folder / "event.json"), str(folder / "other.json")]
    watched = [*events, str(folder / "rules.yaml"), str(folder / "config.json")]
    with PreviewServer(lambda: _previews(given, events), watched, 0) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.05,))
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def get(server: PreviewServer, path: str, **headers: str) -> tuple[int, str, str]:
    """Return the status, the content and the content security policy of an answer."""
    request = Request(f"http://127.0.0.1:{server.server_port}{path}", headers=headers)
    try:
        with urlopen(request, timeout=20) as answer:  # noqa: S310 (likewise)
            return answer.status, answer.read().decode(), answer.headers["Content-Security-Policy"]
    except HTTPError as error:
        with error:
            return error.code, error.read().decode(), ""


def test_the_page_shows_every_channel(server: PreviewServer) -> None:
    """The page has the messages by channel with each event beside, runs its own script alone, and escapes the rest."""
    status, page, policy = get(server, "/")
    assert status == 200
    assert page.index("<h2>C0DEFAULT</h2>") < page.index("First title") < page.index("<h2>C0OTHER</h2>")
    assert "<script>alert" not in page
    assert page.count("<script") == 1
    nonce = page.split('<script nonce="')[1].split('"')[0]
    assert f"script-src 'nonce-{nonce}'" in policy
    assert "default-src 'none'" in policy
    assert f'<script nonce="{nonce}"' not in get(server, "/")[1]


def test_only_this_machine_is_answered(server: PreviewServer) -> None:
    """A name of another site that leads to this machine, and any other path, get nothing."""
    assert get(server, "/", Host="evil.example:80")[0] == 403
    assert get(server, "/version", Host="evil.example")[0] == 403
    assert get(server, "/etc/passwd")[0] == 404
    assert get(server, "/", Host=f"localhost:{server.server_port}")[0] == 200
    assert server.server_address[0] == "127.0.0.1"


def test_a_mistake_is_shown_on_the_page(server: PreviewServer, folder: Path) -> None:
    """A rule that cannot be used is shown with its mistake, and the page stays there for the next try."""
    version = get(server, "/version")[1]
    write(folder, "rules.yaml", "rules:\n  - event.get(\n")
    assert get(server, "/version")[1] != version
    page = get(server, "/")[1]
    assert "This cannot be shown" in page
    assert "is not a Python expression" in page
    (folder / "event.json").unlink()
    assert "This cannot be shown" in get(server, "/")[1]


@pytest.mark.long
def test_the_page_in_a_browser(server: PreviewServer, folder: Path) -> None:
    """In Chromium it reloads on a change, has both themes and a phone's width, works by keyboard, and is accessible."""
    with Browser() as browser:
        browser.resize(1300, 900)
        browser.open(server.url)
        assert browser.run("document.querySelectorAll('article.message').length") == 2
        background = "getComputedStyle(document.querySelector('.section-of-page')).backgroundColor"
        light = browser.run(background)
        browser.resize(1300, 900, dark=True)
        dark = browser.run(background)
        assert (light, dark) == ("rgb(255, 255, 255)", "rgb(26, 29, 33)")
        # By keyboard: the second button is "Light", on a device that prefers dark pages.
        for _ in range(2):
            browser.press("Tab", 9)
        assert browser.run("document.activeElement.textContent") == "Light"
        browser.press("Enter", 13)
        assert browser.run("document.activeElement.getAttribute('aria-pressed')") == "true"
        assert browser.run(background) == light
        write(folder, "rules.yaml", RULE.format(title="Second title"))
        browser.wait(lambda: "Second title" in str(browser.run("document.body?.textContent")))
        assert browser.run(background) == light  # what was chosen stays
        browser.resize(390, 800)
        assert browser.run("document.documentElement.scrollWidth <= innerWidth")
        browser.resize(1300, 900)
        browser.run("document.querySelector('button[data-value=phone]').click()")
        assert browser.run("document.querySelector('article.message').offsetWidth") <= 390
        unnamed = (
            "[...document.querySelectorAll('button, a, summary')].filter((each) => !each.textContent.trim()).length"
        )
        assert browser.run(unnamed) == 0
        assert browser.run("document.querySelectorAll('h1').length") == 1
        assert browser.run("document.documentElement.lang") == "en"
        for name in ("light", "dark"):
            browser.run(f"document.querySelector('button[data-value={name}]').click()")
            assert serious_problems(browser) == []
        assert browser.console == []


def test_the_package_has_all_that_the_page_needs() -> None:
    """The page loads nothing: no address of another site is in it but those of links."""
    for path in (ROOT / "src" / "cloudtrail_to_slack_cli" / "preview").glob("*.py"):
        text = path.read_text()
        assert "http://" not in text.replace("http://localhost", "")
        assert "src=" not in text
