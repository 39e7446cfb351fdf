"""What rules can call and Python lacks in one expression."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.errors import ExpressionError, RuleBudgetError
from cloudtrail_to_slack.rules.expressions import functions
from cloudtrail_to_slack.rules.expressions.compile import compile_expression
from cloudtrail_to_slack.rules.expressions.functions import glob, ip_in, re_fullmatch, re_match, re_search
from cloudtrail_to_slack.rules.expressions.json_text import json_loads
from support.strategies import hostile_text

EVENT = {"name": "svc-Backup", "ip": "10.1.2.3", "pattern": "^svc", "net": "10.0.0.0/8", "bad": "(", "n": 5, "no": None}
NO_TEXTS = (None, 5, 1.5, True, ["a"], {"a": 1})


def value(expression: str) -> object:
    """What `expression` gives for the event."""
    return compile_expression(expression)(EVENT)


PATTERNS = {
    "re_search('Back', event.get('name'))": True,
    "re_search('back', event.get('name'))": False,
    "re_search('(?i)back', event.get('name'))": True,
    "re_match('Back', event.get('name'))": False,
    "re_match('svc', event.get('name'))": True,
    "re_fullmatch('svc', event.get('name'))": False,
    "re_fullmatch(r'svc-\\w+', event.get('name'))": True,
    "re_search('a$', 'a\\n')": False,
    "re_search(r'\\pL', 'é')": True,
    "re_search('^.$', '😀')": True,
    "re_search(event['pattern'], event['name'])": True,
    "any(re_search('^svc', value) for value in event.values())": True,
    "any(re_search(p, event.get('name')) for p in ('x', 'Back'))": True,
    "glob('svc-*', event.get('name'))": True,
    "glob('SVC-*', event.get('name'))": False,
    "glob('svc', event.get('name'))": False,
    "glob('*-[A-C]ac?up', event.get('name'))": True,
    "glob('a*b', 'a\\nb')": True,
    "glob(event['pattern'], event['name'])": False,
}


@pytest.mark.parametrize(("expression", "result"), PATTERNS.items())
def test_patterns(expression: str, result: bool) -> None:  # noqa: FBT001 (what is expected)
    """A pattern that matches gives True, one that does not False, and nothing else."""
    assert value(expression) is result


@pytest.mark.parametrize("test", [re_search, re_match, re_fullmatch, glob])
@pytest.mark.parametrize("text", NO_TEXTS)
def test_no_text_matches_no_pattern(test: object, text: object) -> None:
    """What is not text, a missing field above all, matches nothing and raises nothing."""
    assert callable(test)
    assert test("", text) is False


@pytest.mark.parametrize("text", NO_TEXTS)
def test_no_text_is_in_no_network_and_no_json(text: object) -> None:
    """What is not text is neither an address nor JSON."""
    assert ip_in(text, "0.0.0.0/0", "::/0") is False
    assert json_loads(text) is None


def test_half_a_surrogate_pair() -> None:
    """A string that cannot be written as UTF-8 is matched anyway."""
    assert re_search("a.b", "a\ud83db") is True
    assert re_search("^a$", "a\ud83d") is False


REFUSED_CONSTANTS = {
    "re_search('(', event['name'])": ("missing ): (", "'('"),
    "re_match('a{1001}', event['name'])": ("RE2 repeats at most 1,000 times", "'a{1001}'"),
    "re_fullmatch('(?!a)', event['name'])": ("RE2 has no look-around", "'(?!a)'"),
    r"re_search(r'(.)\1', event['name'])": ("RE2 has no back-references", r"r'(.)\1'"),
    r"re_search(r'a\Z', event['name'])": (r"write \z for the end of the text", r"r'a\Z'"),
    "re_search(5, event['name'])": ("a pattern must be a string, not int", "5"),
    "glob(None, event['name'])": ("a pattern must be a string, not NoneType", "None"),
    f"glob('{'a' * 1001}', event['name'])": ("is longer than 1,000 characters", "'aaa"),
    f"re_search('{'a' * 1001}', event['name'])": ("is longer than 1,000 characters", "'aaa"),
    "ip_in(event['ip'], '10.0.0.0/33')": ("'10.0.0.0/33' is not a network", "'10.0.0.0/33'"),
    "ip_in(event['ip'], '10.0.0.0/8', '10.0.0.1/8')": ('write "10.0.0.0/8"', "'10.0.0.1/8'"),
    "ip_in(event['ip'], event['net'], 'x')": ("'x' is not a network", "'x'"),
    "ip_in(event['ip'], 8)": ("a network must be a string, not int", "8"),
    "re_search('a')": ("write re_search(pattern, text)", "re_search('a')"),
    "re_search('a', 'b', 'c')": ("write re_search(pattern, text)", "re_search("),
    "re_search(pattern='a', text='b')": ("write re_search(pattern, text)", "re_search("),
    "ip_in(event['ip'])": ('write ip_in(text, "10.0.0.0/8", …)', "ip_in("),
    "glob('a')": ("write glob(pattern, text)", "glob("),
    "json_loads()": ("write json_loads(text)", "json_loads("),
}


@pytest.mark.parametrize(("expression", "message"), REFUSED_CONSTANTS.items())
def test_what_a_rule_holds_itself_is_checked_at_once(expression: str, message: tuple[str, str]) -> None:
    """A pattern or network that cannot be used is refused with the rule that holds it, before any event comes."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(expression)
    assert message[0] in str(caught.value)
    assert caught.value.place is not None
    assert expression[caught.value.place.column :].startswith(message[1])


@pytest.mark.parametrize(
    "expression", ["re_search(event['bad'], 'a')", "ip_in('10.0.0.1', event['name'])", "ip_in('x', event['name'])"]
)
def test_what_an_event_brings_is_checked_when_it_comes(expression: str) -> None:
    """A pattern or network from the event that cannot be used is an error of the rule."""
    with pytest.raises(ValueError, match="is no"):
        value(expression)


def test_missing_pattern() -> None:
    """A pattern that the event does not have is an error of the rule, and no pattern that matches everything."""
    with pytest.raises(TypeError, match="a pattern must be a string, not NoneType"):
        value("re_search(event.get('missing'), 'a')")


ADDRESSES = {
    ("10.1.2.3", "10.0.0.0/8"): True,
    ("10.1.2.3", "10.1.2.3"): True,
    ("11.1.2.3", "10.0.0.0/8"): False,
    ("11.1.2.3", "10.0.0.0/8", "11.0.0.0/8"): True,
    ("2001:db8::1", "2001:db8::/32"): True,
    ("2001:db8::1", "10.0.0.0/8"): False,
    ("::ffff:10.1.2.3", "10.0.0.0/8"): True,
    ("::ffff:10.1.2.3", "::/0"): False,
    ("0.0.0.0", "0.0.0.0/0"): True,
    ("AWS Internal", "0.0.0.0/0"): False,
    ("config.amazonaws.com", "0.0.0.0/0"): False,
    ("", "0.0.0.0/0"): False,
    ("010.1.2.3", "0.0.0.0/0"): False,
    ("10.1.2.3/32", "10.0.0.0/8"): False,
    (" 10.1.2.3", "10.0.0.0/8"): False,
    ("1" * 5000, "::/0"): False,
}


@pytest.mark.parametrize(("arguments", "result"), ADDRESSES.items())
def test_addresses(arguments: tuple[str, ...], result: bool) -> None:  # noqa: FBT001 (what is expected)
    """An address is in the networks that hold it, of its own version; what is not an address is in none."""
    assert ip_in(*arguments) is result


def test_networks_of_all_kinds() -> None:
    """Networks may be the rule's own, the event's, or unpacked from a list."""
    assert value("ip_in(event.get('ip'), '10.0.0.0/8')") is True
    assert value("ip_in(event.get('ip'), event['net'])") is True
    assert value("ip_in(event.get('ip'), *['192.0.2.0/24', '10.0.0.0/8'])") is True
    assert value("ip_in(event.get('ip'), *[n for n in ('192.0.2.0/24', event['net'])])") is True


@pytest.mark.parametrize(
    ("text", "result"),
    [("[1]", [1]), ("{}", {}), ('"a"', "a"), ("null", None), ("", None), ("{", None), ("[1,]", None)],
)
def test_json(text: str, result: object) -> None:
    """JSON is read; a string that is not JSON gives None: an attacker's broken policy must not make the rule fail."""
    assert json_loads(text) == result


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, " " * 500_001])
def test_json_without_end(text: str) -> None:
    """A JSON text that is too long or too deep ends the evaluation."""
    with pytest.raises(RuleBudgetError, match=r"^json_loads of "):
        json_loads(text)


@pytest.mark.parametrize("test", [re_search, glob])
def test_long_texts(test: object) -> None:
    """A pattern on a string that would take long ends the evaluation before it begins."""
    assert callable(test)
    with pytest.raises(RuleBudgetError):
        test("(?:a?){900}" if test is re_search else "?" * 900, "a" * 1_000_000)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where RE2 is not installed a rule with a pattern is refused, and every other rule works."""
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(ExpressionError, match="needs the package google-re2, which is not installed"):
        compile_expression("re_search('only here', event.get('name'))")
    assert value("glob('svc*', event.get('name'))") is True


@settings(deadline=None, max_examples=100)
@given(pattern=hostile_text(60), text=hostile_text(200))
def test_any_pattern_and_text(pattern: str, text: str) -> None:
    """Any pattern is either refused as one, or gives True or False on any text."""
    for how in ("search", "match", "fullmatch"):
        try:
            result = functions.pattern_test(how, pattern)(text)
        except ValueError as error:
            assert "RE2" in str(error) or "longer" in str(error)
        else:
            assert result in (True, False)
    if len(pattern) <= 1000:
        assert glob(pattern, text) in (True, False)
        assert glob("*", text) is True


@settings(deadline=None)
@given(text=st.one_of(hostile_text(60), st.ip_addresses().map(str)))
def test_any_address(text: str) -> None:
    """Any text is in the network of everything, or in none."""
    everywhere = ip_in(text, "0.0.0.0/0", "::/0")
    assert everywhere in (True, False)
    assert not ip_in(text, "192.0.2.1/32") or text.endswith("192.0.2.1")
