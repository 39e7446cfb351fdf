"""The functions and read-only methods that a rule may call. Pure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.rules.expressions.json_text import json_loads
from cloudtrail_to_slack.rules.expressions.limits import MAX_GLOB_WORK, MAX_PATTERN, MAX_PATTERN_WORK

# Patterns, addresses and globs that come from events are kept for a while; a rule's own are kept with the rule.
_KEPT = 128
_LONGEST_ADDRESS = 64
_LONGEST_SHOWN = 100
# RE2's reasons for refusing a pattern, and how to fix it.
_ADVICE = (
    ("invalid perl operator", "; RE2 has no look-around: combine two tests with and, or and not"),
    (r"invalid escape sequence: \Z", r"; write \z for the end of the text"),
    ("invalid escape sequence", "; RE2 has no back-references, and a backslash only before what it knows"),
    ("repetition size", "; RE2 repeats at most 1,000 times"),
)

Test = Callable[[object], bool]


def _pattern_function(name: str) -> Callable[[str, object], bool]:
    """Return the function `name` of rules, which takes a pattern and a value to match."""

    def function(pattern: str, text: object) -> bool:
        return _kept_test(name, pattern)(text)

    function.__name__ = function.__qualname__ = name
    return function


# Whether a pattern matches anywhere in a string, at its beginning, or all of it; False: it is not a string. A glob has
# `*`, `?` and `[a-z]`, is case-sensitive and matches the whole string.
re_search, re_match, re_fullmatch, glob = map(_pattern_function, ("re_search", "re_match", "re_fullmatch", "glob"))


def ip_in(text: object, *networks: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address in one of the networks.

    Raises:
        ValueError: a network is invalid.
    """
    return _kept_test("ip_in", *networks)(text)


def policy_opens(event: Mapping[str, Any], *keys: str) -> bool:
    """Whether a policy at one of the keys lets in anyone outside of the event's account; see `policies`.

    Raises:
        RuleBudgetError: a policy is longer than a rule may read, or nested too deeply.
    """
    from cloudtrail_to_slack.rules.expressions import policies  # noqa: PLC0415 (only for rules that read policies)

    return policies.policy_opens(event, *keys)


def policy_grants_admin(event: Mapping[str, Any], *keys: str) -> bool:
    """Whether a policy at one of the keys allows nearly everything; see `policies`.

    Raises:
        RuleBudgetError: as above.
    """
    from cloudtrail_to_slack.rules.expressions import policies  # noqa: PLC0415 (likewise)

    return policies.policy_grants_admin(event, *keys)


def pattern_test(how: str, pattern: str) -> Test:
    """Return the test for a pattern; `how` is search, match or fullmatch.

    RE2's time is linear in the text, and its memory small, whatever the pattern.

    Raises:
        TypeError, ValueError: the pattern is invalid.
    """
    _check_pattern(pattern)
    compiled = _compile(pattern)
    matches, size = getattr(compiled, how), max(compiled.programsize, 1)

    def test(text: object) -> bool:
        if not isinstance(text, str):
            return False
        if len(text) * size > MAX_PATTERN_WORK:
            raise RuleBudgetError(f"a pattern of size {size:,} on a text of {len(text):,} characters")
        try:
            return matches(text) is not None
        except UnicodeEncodeError:  # a lone surrogate, which JSON can hold and UTF-8 cannot
            return matches(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")) is not None

    return test


def _glob_test(pattern: str) -> Test:
    import fnmatch  # noqa: PLC0415 (only for rules with globs)
    import re  # noqa: PLC0415 (likewise)

    _check_pattern(pattern)
    matches = re.compile(fnmatch.translate(pattern)).match

    def test(text: object) -> bool:
        if not isinstance(text, str):
            return False
        if len(text) * len(pattern) > MAX_GLOB_WORK:
            raise RuleBudgetError(f"a glob of {len(pattern):,} characters on a text of {len(text):,}")
        return matches(text) is not None

    return test


def _ip_test(*networks: str) -> Test:
    import ipaddress  # noqa: PLC0415 (only for rules with addresses)

    if not networks:
        raise ValueError('needs at least one network, such as "10.0.0.0/8"')
    wanted = []
    for network in networks:
        if not isinstance(network, str):
            raise TypeError(f"a network must be a string, not {type(network).__name__}")
        try:
            wanted.append(ipaddress.ip_network(network))
        except ValueError as error:
            has_host = "host bits" in str(error)
            advice = f'; write "{ipaddress.ip_network(network, strict=False)}"' if has_host else ""
            raise ValueError(f"{network[:_LONGEST_SHOWN]!r} is not a network{advice}") from None

    @functools.lru_cache(_KEPT)
    def is_in(text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        # ::ffff:10.0.0.1 is 10.0.0.1, as seen by a server that speaks IPv6.
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in wanted)

    return lambda text: isinstance(text, str) and len(text) <= _LONGEST_ADDRESS and is_in(text)


# Functions whose test is made once, when the rule is compiled, if the other arguments are constant: the maker of the
# test, and the position of the tested argument, the first or the last.
TEST_MAKERS: Mapping[str, tuple[Callable[..., Test], int]] = {
    "re_search": (functools.partial(pattern_test, "search"), -1),
    "re_match": (functools.partial(pattern_test, "match"), -1),
    "re_fullmatch": (functools.partial(pattern_test, "fullmatch"), -1),
    "glob": (_glob_test, -1),
    "ip_in": (_ip_test, 0),
}

FUNCTIONS: Mapping[str, Any] = {
    function.__name__: function
    for function in (
        len, any, all, str, int, float, bool, min, max, sum, sorted, set, list, tuple, dict, range, enumerate, zip,
        abs, round, isinstance, re_search, re_match, re_fullmatch, glob, ip_in, json_loads,
        policy_opens, policy_grants_admin,
    )
}  # fmt: skip

# Methods that only read. Everything else is refused: `format` reaches attributes, generators reach their frames, and
# what pads (`zfill`, `center`, `expandtabs`) multiplies.
METHODS = frozenset(
    {"capitalize", "casefold", "count", "endswith", "find", "get", "index", "isalnum", "isalpha", "isascii",
     "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper",
     "items", "join", "keys", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind",
     "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title",
     "upper", "values",
     "difference", "intersection", "isdisjoint", "issubset", "issuperset", "union"}
)  # fmt: skip

# Functions that may be used without a call: as key=…, and as the second argument of isinstance.
KEY_FUNCTIONS = frozenset({"len", "str", "int", "float", "abs", "bool"})
TYPES = frozenset({"str", "int", "float", "bool", "list", "tuple", "set", "dict"})


@functools.lru_cache(_KEPT)
def _kept_test(function: str, *arguments: str) -> Test:
    """Return the test of a pattern or networks, which may come from an event."""
    return TEST_MAKERS[function][0](*arguments)


def _check_pattern(pattern: object) -> None:
    if not isinstance(pattern, str):
        raise TypeError(f"a pattern must be a string, not {type(pattern).__name__}")
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"is longer than {MAX_PATTERN:,} characters")


def _compile(pattern: str) -> Any:  # noqa: ANN401 (the package ships no types)
    try:
        # Only for rules with patterns: a cold start without them does not pay.
        import re2  # noqa: PLC0415 (loaded when it is needed)
    except ImportError:
        raise ValueError("needs the package google-re2, which is not installed") from None
    options = re2.Options()
    options.log_errors = False  # it would write them to standard error
    options.never_capture = True  # only whether it matches is needed
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args else "unknown"
        advice = next((advice for said, advice in _ADVICE if said in reason), "")
        raise ValueError(f"is not an RE2 pattern ({reason}){advice}") from None
    except UnicodeEncodeError:
        raise ValueError("is not an RE2 pattern (it has a lone surrogate)") from None
