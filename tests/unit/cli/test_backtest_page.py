"""The report of `backtest` as a page, in a real browser: sorting, filtering, themes, phones, keyboard, and attacks."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack.testing import make_event
from support.browser import Browser, serious_problems
from support.command_line import cloudtrail_to_slack, write

HOSTILE = "</script><img src=https://example.com/x onerror=document.title='owned'>\"'&\u202e\ud800"
RULES = [
    {"id": "created", "title": "A user was created", "expression": "event.get('eventName') == 'CreateUser'"},
    {"id": "deleted", "severity": "critical", "expression": "event.get('eventName') == 'DeleteUser'"},
    {"id": "quiet", "severity": "low", "expression": "event.get('eventName') == 'Never'"},
    {"expression": f"event.get('userAgent', '').startswith({HOSTILE[:-1]!r})", "severity": "high"},
]


def event(number: int, name: str, **fields: object) -> dict[str, Any]:
    """Return an event of its own id and day."""
    record = make_event(name, source="iam", **fields)
    return {**record, "eventID": f"e{number}", "eventTime": f"2026-10-{number:02}T09:24:17Z"}


EVENTS = [
    *(event(number, "CreateUser") for number in range(1, 6)),
    event(7, "DeleteUser"),
    event(8, "DeleteUser", requestParameters={"userName": HOSTILE}),
    event(9, "ListUsers", userAgent=HOSTILE, userIdentity__arn=HOSTILE, eventName=HOSTILE),
]


def page(folder: Path, *events: dict[str, Any]) -> Path:
    """Write the page of these events."""
    config = {"use_default_rules": False, "rules": RULES, "slack": {"default_channel_id": "C1"}, "ignore_rules": ["0"]}
    logs = write(folder, "export.json", json.dumps({"Records": events}))
    ran = cloudtrail_to_slack(
        "backtest", logs, "--config", write(folder, "config.json", json.dumps(config)), "--format", "html"
    )
    assert (ran.code, ran.err) == (0, "")
    return write(folder, "report.html", ran.out)


pytestmark = pytest.mark.long  # a browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of all events."""
    return page(tmp_path_factory.mktemp("page"), *EVENTS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of the page."""
    with Browser() as running:
        yield running


@pytest.fixture
def shown(browser: Browser, report: Path) -> Iterator[Browser]:
    """The page, as a laptop shows it; whatever a test does, nothing is fetched, and there is no error."""
    browser.console.clear()
    browser.resize(1200, 900)
    browser.open("about:blank")
    browser.open(report.as_uri())
    yield browser
    assert browser.run("performance.getEntriesByType('resource').length") == 0
    assert browser.run("document.title") == "Backtest of alerts"
    assert browser.console == []


def column(browser: Browser, number: int) -> list[str]:
    """Return a column of the rows that are shown."""
    rows: list[str] = browser.run(
        "[...document.querySelectorAll('#rules tbody tr')].filter((row) => !row.hidden)"
        f".map((row) => row.cells[{number}].textContent)"
    )
    return rows


def click(browser: Browser, selector: str, text: str) -> None:
    """Click on the element with this text."""
    browser.run(
        f"[...document.querySelectorAll({selector!r})].find((each) => each.textContent.trim() === {text!r}).click()"
    )


def test_the_rules_sort(shown: Browser) -> None:
    """A heading sorts, numbers by value and severities by rank, and once more the other way round; it says which."""
    assert column(shown, 2) == ["5", "2", "1", "0"]
    click(shown, "#rules th button", "severity")
    assert column(shown, 1) == ["critical", "high", "medium", "low"]
    click(shown, "#rules th button", "severity")
    assert column(shown, 1) == ["low", "medium", "high", "critical"]
    click(shown, "#rules th button", "rule")
    assert column(shown, 0)[0] == "created"
    sorts = "[...document.querySelectorAll('th[aria-sort]')].map((th) => [th.textContent, th.ariaSort])"
    assert shown.run(sorts) == [["rule", "ascending"]]


def test_the_rules_filter(shown: Browser) -> None:
    """Words leave the rules that have all of them, with their details, and a screen reader says how many."""
    type_in = "const f = document.getElementById('filter'); f.value = {!r}; f.dispatchEvent(new Event('input'))"
    shown.run(type_in.format("DELE critical"))
    assert column(shown, 0) == ["deleted"]
    assert shown.run("document.getElementById('shown').textContent") == "1 of 4 rules"
    assert shown.run("document.getElementById('shown').role || document.getElementById('shown').getAttribute('role')")
    visible = "[...document.querySelectorAll('details.rule')].filter((each) => !each.hidden).length"
    assert shown.run(visible) == 1
    shown.run(f"{{ {type_in.format('')} }}")
    assert shown.run(visible) == 3


def test_many_rules_that_matched_nothing_wait_for_a_button(tmp_path: Path, browser: Browser) -> None:
    """They are hidden until a button or the filter shows them; without the script they are there."""
    browser.console.clear()
    folder = tmp_path / "packs"
    config = {"detection_packs": ["recommended"], "rules": RULES}
    logs = write(folder, "export.json", json.dumps({"Records": EVENTS}))
    chosen = ("--config", write(folder, "config.json", json.dumps(config)), "--format", "html")
    browser.open(write(folder, "report.html", cloudtrail_to_slack("backtest", logs, *chosen).out).as_uri())
    rows = browser.run("document.querySelectorAll('#rules tbody tr').length")
    matched = len(column(browser, 0))
    assert "0" not in column(browser, 2)
    assert browser.run("document.getElementById('shown').textContent") == f"{matched} of {rows} rules"
    browser.run("document.getElementById('silent').click()")
    assert len(column(browser, 0)) == rows
    browser.run("document.getElementById('silent').click()")
    assert len(column(browser, 0)) == matched
    browser.run(
        "const f = document.getElementById('filter'); f.value = 'account-closed'; f.dispatchEvent(new Event('input'))"
    )
    assert column(browser, 0) == ["impact/account-closed"]
    assert browser.console == []


def test_the_keyboard_is_enough(shown: Browser) -> None:
    """Sorting works by Enter, and a rule's link opens its details."""
    shown.run("document.querySelector('#rules th.count button').focus()")
    shown.press("Enter", 13)
    assert shown.run("document.querySelector('th[aria-sort]').ariaSort") == "descending"
    shown.run("document.querySelector('#rules tbody a[href=\"#rule-2\"]').focus()")
    shown.press("Enter", 13)
    shown.wait(lambda: bool(shown.run("document.getElementById('rule-2').open")))
    # What scrolls sideways can be reached by Tab.
    assert shown.run("[...document.querySelectorAll('.scroll')].every((each) => each.tabIndex === 0)")


_CONTRAST = """
(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = numbers(getComputedStyle(each).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  let least = 21;
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const element of document.querySelectorAll("main *, header *")) {
    const own = [...element.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("svg, [aria-hidden=true]")) continue;
    const pair = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    least = Math.min(least, (pair[0] + 0.05) / (pair[1] + 0.05));
  }
  return least;
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_both_themes_are_legible(shown: Browser, *, dark: bool) -> None:
    """The page is light or dark as the device is, or as chosen, with enough contrast for all text (WCAG 2.2, 1.4.3)."""
    shown.resize(1200, 900, dark=dark)
    background = "getComputedStyle(document.body).backgroundColor"
    device = shown.run(background)
    assert shown.run(_CONTRAST) >= 4.5
    click(shown, "button[data-theme-value]", "Light" if dark else "Dark")
    assert shown.run(background) != device
    assert shown.run(_CONTRAST) >= 4.5
    pressed = "[...document.querySelectorAll('button[aria-pressed=true]')].map((each) => each.textContent)"
    assert shown.run(pressed) == ["Light" if dark else "Dark"]
    click(shown, "button[data-theme-value]", "As the device")
    assert shown.run(background) == device


def test_a_phone_shows_all_of_it(shown: Browser) -> None:
    """At a phone's width nothing but tables scrolls sideways, also with everything open."""
    shown.resize(360, 740)
    shown.run("for (const each of document.querySelectorAll('details')) each.open = true")
    assert shown.run("document.documentElement.scrollWidth <= innerWidth")
    assert shown.run(
        "[...document.querySelectorAll('.card')].every((each) => each.getBoundingClientRect().right <= 361)"
    )


def test_paper_shows_what_is_closed(shown: Browser) -> None:
    """For printing all details are open and no control is shown; afterwards it is as before."""
    count = "document.querySelectorAll('details:not([open])').length"
    closed = shown.run(count)
    shown.run("dispatchEvent(new Event('beforeprint'))")
    assert (closed > 0, shown.run(count)) == (True, 0)
    shown.run("dispatchEvent(new Event('afterprint'))")
    assert shown.run(count) == closed
    assert "@media print{" in shown.run("document.querySelector('style').textContent")


def test_screen_readers_find_names(shown: Browser) -> None:
    """The chart has a description and a table, every table a caption and headings, every control a name."""
    label = shown.run("document.querySelector('svg[role=img]').getAttribute('aria-label')")
    assert label == "Messages per day from 2026-10-01 to 2026-10-09: 16 in all, at most 2"
    checks = {
        "html has a language": "document.documentElement.lang === 'en'",
        "one main and one h1": "document.querySelectorAll('main, h1').length === 2",
        "captions": "[...document.querySelectorAll('table')].every((each) => each.caption)",
        "scopes": "[...document.querySelectorAll('th')].every((each) => each.scope)",
        "controls": "[...document.querySelectorAll('button, summary')].every((each) => each.textContent.trim())",
        "label": "document.getElementById('filter').labels.length === 1",
        "ids once": "(() => { const ids = [...document.querySelectorAll('[id]')].map((each) => each.id);"
        " return ids.length === new Set(ids).size })()",
    }
    assert {name: shown.run(check) for name, check in checks.items()} == dict.fromkeys(checks, True)


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (390, False), (390, True)])
def test_no_one_is_kept_out(shown: Browser, width: int, *, dark: bool) -> None:
    """axe-core finds nothing serious, in both themes, on a laptop and on a phone, with everything open."""
    shown.resize(width, 900, dark=dark)
    shown.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert serious_problems(shown) == []
    shown.resize(1200, 900)


def test_samples_look_as_in_slack(shown: Browser) -> None:
    """Each rule that matched has its noisiest actors and sample messages, at most three."""
    texts = shown.run(
        "[...document.querySelectorAll('details.rule')].map((each) => each.querySelectorAll('article.message').length)"
    )
    assert texts == [3, 2, 1]
    first = shown.run("document.querySelector('#rule-1').textContent")
    assert "A user was created" in first
    assert "arn:aws:iam::111122223333:user/alice" in first
    assert "CreateUser" in first


def test_text_of_events_is_only_displayed(report: Path, shown: Browser) -> None:
    """An event's markup is text, on the page and in its source, which no script but its own can run in."""
    source = report.read_text("utf-8")
    assert "<img" not in source
    assert source.count("<script") == source.count("</script>") == 1
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', source)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "unsafe-inline" not in policy[1].split("script-src")[1]
    assert not re.search(r"<(?!a )[a-z]+ [^<>]*(?:src|href|data|action)=.?https?:", source)
    assert "owned" in shown.run("document.body.textContent")
    assert shown.run("document.images.length") == 0


def test_the_page_says_how_it_predicts(report: Path) -> None:
    """The assumptions stand in one sentence."""
    assert "Predicted: each log file is one invocation, and everything sent is accepted." in report.read_text("utf-8")


def test_a_page_without_alerts(tmp_path: Path, browser: Browser) -> None:
    """Logs in which nothing matched have a page, too."""
    browser.console.clear()
    browser.open(page(tmp_path, event(1, "ListUsers")).as_uri())
    assert "No messages on known days" in browser.run("document.body.textContent")
    assert column(browser, 2) == ["0"] * 4
    assert browser.console == []
