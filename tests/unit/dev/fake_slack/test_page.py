"""The page that shows the channels."""

import re
from html.parser import HTMLParser
from typing import Any

import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk import WebClient

from cloudtrail_to_slack_dev.fake_slack import Attachment, FakeSlack, Section, render_page


def page_of(fake: FakeSlack, title: str = "Demo", text: str = "What happens.") -> str:
    """Return a page with one section for each channel, in which all of its messages are shown."""
    return render_page(fake, title=title, text=text, sections=[section_of(fake, each.id) for each in fake.channels()])


def section_of(fake: FakeSlack, channel: str, *, first: int = 0, last: int | None = None) -> Section:
    """Return a section with the messages of a channel, from the `first` one on, up to the `last`."""
    messages = [message for thread in fake.threads(channel) for message in (thread.root, *thread.replies)]
    posted = sorted((message.channel, message.ts) for message in messages)[first:last]
    return Section(channel, "About it.", posted)


ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>"
EVERY_BLOCK: list[dict[str, Any]] = [
    {"type": "header", "text": {"type": "plain_text", "text": ":lock: Header"}},
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*Section*"},
        "fields": [{"type": "mrkdwn", "text": "left"}, {"type": "plain_text", "text": "right"}],
        "accessory": {"type": "image", "image_url": "https://img.example/a.png", "alt_text": "picture"},
    },
    {"type": "divider"},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "`context`"}]},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://open.example/"},
            {"type": "button", "text": {"type": "plain_text", "text": "Mute"}, "style": "danger", "action_id": "mute"},
        ],
    },
    {"type": "image", "image_url": "https://img.example/b.png", "alt_text": "photo"},
    {"type": "markdown", "text": "**markdown**"},
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "styled", "style": {"bold": True, "code": True}},
                    {"type": "link", "url": "https://rich.example/"},
                    {"type": "link", "url": "javascript:alert(1)", "text": "unsafe"},
                    {"type": "emoji", "name": "warning"},
                    {"type": "user", "user_id": "U1"},
                    {"type": "broadcast", "range": "channel"},
                    {"type": "date", "timestamp": 0, "format": "{date_num}", "fallback": "then"},
                    {"type": "color", "value": "#fff"},
                ],
            },
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "item"}]}],
            },
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "{\n  1\n}"}]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "quoted"}]},
        ],
    },
]


class _Page(HTMLParser):
    """Fails on unbalanced tags; collects tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((name, value or "") for name, value in attrs)
        if tag not in ("br", "hr", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all_of(self, attribute: str) -> list[str]:
        return [value for name, value in self.attributes if name == attribute]


def test_every_kind_of_block_is_shown(fake: FakeSlack, client: WebClient) -> None:
    """Each block that the fake takes leaves its text, links and mentions on the page."""
    client.chat_postMessage(channel="C1", text="fallback", blocks=EVERY_BLOCK)
    page = _Page(page_of(fake))
    for shown in (
        *("🔒 Header", "Section", "left", "right", "picture", "context", "Open", "Mute", "photo", "**markdown**"),
        *("styled", "unsafe", "⚠️", "@U1", "@channel", "1970-01-01", "[color]", "item", "{\n  1\n}", "quoted"),
    ):
        assert shown in page.text
    assert "fallback" not in page.text
    assert [link for link in page.all_of("href") if not link.startswith("#")] == [
        "https://open.example/",
        "https://rich.example/",
    ]
    assert [name for name in page.all_of("class") if "mention" in name] == ["mention", "mention mention-all"]


def test_the_page_is_self_contained(fake: FakeSlack, client: WebClient) -> None:
    """The page has no script and nothing to load, whatever was posted."""
    client.chat_postMessage(channel="C1", text=ATTACK, blocks=EVERY_BLOCK, username=ATTACK, icon_emoji=ATTACK)
    fake.add_channel(ATTACK, ATTACK)
    shown = section_of(fake, "C1")
    section = Section(ATTACK, ATTACK, shown.posted, [Attachment(ATTACK, ATTACK)])
    html = render_page(fake, title=ATTACK, text=ATTACK, sections=[section])
    page = _Page(html)
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert page.all_of("src") == []
    assert not re.search(r"url\(|@import", html)


def test_threads_show_their_replies(fake: FakeSlack, client: WebClient) -> None:
    """Replies are folded away under their root with their number; an update is marked as edited."""
    root = client.chat_postMessage(channel="C1", text="the root")["ts"]
    client.chat_postMessage(channel="C1", text="next root")
    for number in (1, 2):
        client.chat_postMessage(channel="C1", text=f"reply {number}", thread_ts=root)
    client.chat_update(channel="C1", ts=root, text="changed root")
    page = _Page(page_of(fake))
    positions = [
        page.text.index(part) for part in ("changed root", "(edited)", "2 replies", "reply 1", "reply 2", "next root")
    ]
    assert positions == sorted(positions)
    assert "replies" in page.all_of("class")


def test_replies_to_another_section_lead_to_their_thread(fake: FakeSlack, client: WebClient) -> None:
    """A section shows a reply whose thread begins before it as a link to the thread, and every reply once."""
    root = client.chat_postMessage(channel="C1", text="a &lt;root&gt;")["ts"]
    client.chat_postMessage(channel="C1", text="first reply", thread_ts=root)
    for text in ("second reply", "third reply"):
        client.chat_postMessage(channel="C1", text=text, thread_ts=root)
    sections = [section_of(fake, "C1", last=2), section_of(fake, "C1", first=2)]
    page = _Page(render_page(fake, title="Demo", text="", sections=sections))
    assert page.text.count("third reply") == 1
    assert "2 replies in #alerts, in the thread of a <root>…" in page.text
    assert f"#message-C1-{root}" in page.all_of("href")


def test_sections_are_listed_and_linked(fake: FakeSlack, client: WebClient) -> None:
    """Every section has its number, title and text, and a link that leads to it; messages name their channel."""
    fake.add_channel("C2", "quiet")
    client.chat_postMessage(channel="C1", text="hello", username="Guard", icon_emoji=":lock:")
    sections = [
        Section("First", "It begins.", section_of(fake, "C1").posted, [Attachment("subject", "a < b")]),
        Section("Second", "It ends.", []),
    ]
    page = _Page(render_page(fake, title="Demo", text="A story.", sections=sections))
    assert [link.removeprefix("#") for link in page.all_of("href")] == ["section-1", "section-2"]
    assert {link.removeprefix("#") for link in page.all_of("href")} <= set(page.all_of("id"))
    for shown in ("A story.", "It begins.", "It ends.", "#alerts", "No message.", "Guard", "🔒", "subject", "a < b"):
        assert shown in page.text


def test_attachments_are_folded_away(fake: FakeSlack) -> None:
    """What SNS received is closed until a reader opens it, and so are threads."""
    attachments = [Attachment(f"subject {number}", "{}") for number in range(3)]
    page = _Page(render_page(fake, title="Demo", text="", sections=[Section("One", "", [], attachments)]))
    assert "SNS received 3 messages" in page.text
    assert page.tags.count("details") == 5  # all of it, three in it, and the contents
    assert [name for name, _ in page.attributes].count("open") == 1  # the contents


def test_the_page_is_light_or_dark_as_its_reader_wants(fake: FakeSlack) -> None:
    """The style knows both, and every color that it uses has a value in both."""
    html = page_of(fake)
    light, dark = re.findall(r":root\{([^}]*)\}", html)
    names = [set(re.findall(r"(--[\w-]+):", each)) for each in (light, dark)]
    assert names[0] == names[1] >= set(re.findall(r"var\((--[\w-]+)\)", html))
    assert "@media (prefers-color-scheme:dark)" in html


def test_text_is_shown_as_the_sender_asked(fake: FakeSlack, client: WebClient) -> None:
    """A string is mrkdwn unless the sender turned that off."""
    client.chat_postMessage(channel="C1", text="*bold*")
    client.chat_postMessage(channel="C1", text="*not bold*", mrkdwn=False)
    page = _Page(page_of(fake))
    assert page.tags.count("strong") == 1
    assert "*not bold*" in page.text


def test_days_are_named() -> None:
    """The page names the days on which messages were posted, and each message has its time, in UTC."""
    seconds = iter([1_730_159_999.0, 1_730_160_000.0, 1_730_160_001.0])
    with FakeSlack(clock=lambda: next(seconds)) as fake:
        webhook = fake.add_webhook("C1")
        for text in "abc":
            requests.post(webhook, json={"text": text}, timeout=5)
        text = _Page(page_of(fake)).text
    assert text.count("Monday, October 28, 2024 and Tuesday, October 29, 2024") == 1
    assert "23:59" in text


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1).filter(str.strip))  # slack_sdk warns about blank texts
def test_any_text_gives_a_balanced_page(fake: FakeSlack, client: WebClient, text: str) -> None:
    """Whatever text arrives, the page is balanced and can be written as UTF-8."""
    fake.clear()
    client.chat_postMessage(channel="C1", text=text)
    page = page_of(fake, text, text)
    _Page(page)
    page.encode()
