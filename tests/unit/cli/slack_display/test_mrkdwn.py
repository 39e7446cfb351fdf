"""The mrkdwn renderer."""

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtrail_to_slack_cli.slack_display.mrkdwn import render_link, render_mrkdwn, render_plain

PIECES = st.sampled_from(
    [
        *"<>&|*_~`:!@#^\n \t\x00\ud800\U000f0000\U000fffff'\"",
        *("```", "&lt;", "&gt;", "&amp;", "&amp;lt;", ">>>", "<script", "</pre>", "<!channel>", "<@U1>", ":x:"),
        *("<https://a.example|b>", "https://a.example/?b=1&c=2", "<javascript:alert(1)|x>", "word"),
        *('<!date^0^{time}^https://a.example/"|f>', "<!date^99999999999^{date}|f>", "<!subteam^S1|@x>", "<#C1|y>"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=25).map("".join)


class _Balance(HTMLParser):
    """Fails on a tag that closes what is not open; collects tags and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links.extend(value or "" for name, value in attrs if name == "href")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(fragment: str) -> _Balance:
    """The fragment as a parser sees it; fails when it is not balanced."""
    balance = _Balance()
    balance.feed(fragment)
    balance.close()
    assert balance.open == []
    return balance


@given(text=TEXTS, verbatim=st.booleans())
def test_no_text_yields_markup_of_its_own(text: str, *, verbatim: bool) -> None:
    """Whatever the text, the output is balanced, of known tags, with links that can be followed safely."""
    fragment = render_mrkdwn(text, verbatim=verbatim)
    found = parsed(fragment)
    assert "<script" not in fragment.lower()
    assert set(found.tags) <= {"a", "blockquote", "br", "code", "em", "pre", "s", "span", "strong", "time"}
    assert all(link.lower().startswith(("http://", "https://", "mailto:", "tel:")) for link in found.links)
    fragment.encode()


@given(text=TEXTS)
def test_escaped_text_pings_and_links_nothing(text: str) -> None:
    """A string whose &, < and > were escaped shows no mention and, verbatim, no link."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    found = parsed(render_mrkdwn(escaped, verbatim=True))
    assert not {"span", "a", "time"} & set(found.tags)


@given(text=TEXTS)
def test_plain_text_has_no_markup(text: str) -> None:
    """A plain_text shows no tags but line breaks."""
    assert set(parsed(render_plain(text)).tags) <= {"br"}


@given(text=st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="*_~`<>&:/")))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Text without any of mrkdwn's characters is shown as written."""
    assert parsed(render_mrkdwn(text)).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*b* _i_ ~s~ `c`", "<strong>b</strong> <em>i</em> <s>s</s> <code>c</code>"),
        ("*b _bi_ `c`*", "<strong>b <em>bi</em> <code>c</code></strong>"),
        ("snake_case_name 2*3*4 * no *", "snake_case_name 2*3*4 * no *"),
        ("*a\nb*", "*a<br>b*"),
        ("`*c* :x: _d_`", "<code>*c* :x: _d_</code>"),
        ("a\n```\n*x*\n  y\n```\nb", "a<pre>*x*\n  y</pre>b"),
        ("```unclosed", "```unclosed"),
        ("> q\n&gt; r\ns", "<blockquote>q<br>r</blockquote>s"),
        ("a\n>>> b\nc", "a<blockquote>b<br>c</blockquote>"),
        ("a\n\nb", "a<br><br>b"),
        (":rotating_light: :no_such_code: 10:30:45", "🚨 :no_such_code: 10:30:45"),
        ("&amp;lt; &lt;b&gt; &quot;", "&amp;lt; &lt;b&gt; &amp;quot;"),
        ("a < b > c & d", "a &lt; b &gt; c &amp; d"),
        ("<unknown>", "&lt;unknown&gt;"),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("", ""),
    ],
)
def test_formatting(text: str, expected: str) -> None:
    """Formatting follows Slack's rules, and none of it applies inside code."""
    assert render_mrkdwn(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!channel>", '<span class="mention mention-all">@channel</span>'),
        ("<!here|here>", '<span class="mention mention-all">@here</span>'),
        ("<@U024BE7LH>", '<span class="mention">@U024BE7LH</span>'),
        ("<@U024BE7LH|ann>", '<span class="mention">@ann</span>'),
        ("<!subteam^S012|@sec>", '<span class="mention">@sec</span>'),
        ("`<!channel>`", '<code><span class="mention mention-all">@channel</span></code>'),
        ("```<!here>```", '<pre><span class="mention mention-all">@here</span></pre>'),
        ("&lt;!channel&gt; @channel", "&lt;!channel&gt; @channel"),
        ("<#C1|general>", '<span class="channel-link">#general</span>'),
    ],
)
def test_mentions(text: str, expected: str) -> None:
    """What would notify someone is shown as a mention, even inside code; escaped text is not."""
    assert render_mrkdwn(text) == expected


def test_links() -> None:
    """A link shows its label; its URL cannot leave the attribute."""
    found = parsed(render_mrkdwn('<https://a.example/?b="c&amp;d=1|*l*> <mailto:a@b.example> <tel:1|call>'))
    assert found.links == ['https://a.example/?b="c&d=1', "mailto:a@b.example", "tel:1"]
    assert found.text == "*l* a@b.example call"


def test_a_link_that_cannot_be_followed_safely_is_its_label() -> None:
    """A URL of a scheme such as javascript gives no link."""
    assert render_link("javascript:alert(1)", "x") == "x"


def test_bare_urls_become_links_unless_verbatim() -> None:
    """A bare URL is a link without its trailing punctuation; verbatim text leaves it alone."""
    text = "see https://a.example/x_y_z?b=1&amp;c=2."
    found = parsed(render_mrkdwn(text))
    assert found.links == ["https://a.example/x_y_z?b=1&c=2"]
    assert found.text == html.unescape(text)
    assert parsed(render_mrkdwn(text, verbatim=True)).links == []


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{date_num} {time_secs}", "2014-02-18 6:39:42 AM"),
        ("{date_short} at {time}", "Feb 18, 2014 at 6:39 AM"),
        ("{date_long}", "Tuesday, February 18th, 2014"),
        ("{date_pretty} {unknown}", "February 18th, 2014 {unknown}"),
    ],
)
def test_dates_are_shown_in_utc(template: str, expected: str) -> None:
    """A date is shown in UTC by the template."""
    assert parsed(render_mrkdwn(f"<!date^1392705582^{template}|fallback>")).text == expected


def test_an_impossible_date_shows_its_fallback() -> None:
    """A timestamp that no calendar holds shows the fallback."""
    assert render_mrkdwn("<!date^999999999999^{date}|*then*>") == "*then*"


def test_a_date_can_be_a_link() -> None:
    """A date with a URL is a link."""
    found = parsed(render_mrkdwn("<!date^1392705582^{time}^https://a.example/|f>"))
    assert (found.links, found.text) == (["https://a.example/"], "6:39 AM")


@pytest.mark.parametrize(
    "text", ["*" * 20_000, "_a" * 20_000, "`" * 20_000, "<" * 20_000, "<!here>" * 20_000, "https://" * 5_000]
)
def test_hostile_lengths(text: str) -> None:
    """Long runs of special characters neither exhaust the stack nor lose the balance."""
    parsed(render_mrkdwn(text))


def test_plain_text_decodes_entities_and_emoji() -> None:
    """A plain_text shows &amp; as & and short codes as emoji, unless asked not to."""
    assert render_plain("a &amp; *b* :x:\nc") == "a &amp; *b* ❌<br>c"
    assert render_plain(":x:", emoji=False) == ":x:"
