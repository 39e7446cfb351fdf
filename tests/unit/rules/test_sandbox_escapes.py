"""Attempts to get out of a rule, or to take all there is: none comes through.

Collected from what is publicly known about escaping Python sandboxes. Each is either refused when the rule is compiled,
with an error that points at the place, or, where only the run can show it, stopped by the limits of one evaluation.
"""

import resource
import time
from types import MappingProxyType

import pytest

from cloudtrail_to_slack.errors import ExpressionError, RuleBudgetError
from cloudtrail_to_slack.rules.expressions.compile import compile_expression
from cloudtrail_to_slack.rules.expressions.limits import MAX_EXPRESSION_CHARACTERS
from support.timers import reference_seconds

EVENT = MappingProxyType(
    {
        "eventName": "RunInstances",
        "n": 10**9,
        "m": 50_000,
        "k": 300,
        "big": "a" * 100_000,
        "json": "[" * 100_000,
        "pairs": '{"a": {"b": 1}}',
    }
)

# The attempt, and what the caret is under (the beginning of it).
REFUSED: dict[str, str] = {
    # To the classes, and from there to everything that is loaded.
    "().__class__.__base__.__subclasses__()": ".__subclasses__",
    "''.__class__.__mro__[1]": ".__mro__",
    "[].__class__.__bases__[0]": ".__bases__",
    "{}.__class__": ".__class__",
    "(1).__class__": ".__class__",
    "event.__class__": ".__class__",
    "event.get.__self__": ".__self__",
    "len.__self__": ".__self__",
    "str.__init_subclass__": ".__init_subclass__",
    "True.__class__.__class__": ".__class__",
    "().__doc__.__class__": ".__class__",
    "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen']": ".__subclasses__",
    "[x.__init__.__globals__ for x in [event]]": ".__globals__",
    "''.join.__call__('a')": ".__call__",
    "event.__getitem__('eventName')": ".__getitem__",
    "event.__dict__": ".__dict__",
    "event.items().mapping": ".mapping",
    # Builtins by name.
    "__import__('os').system('id')": ".system",
    "__import__('os')": "__import__",
    "__builtins__": "__builtins__",
    "eval('1')": "eval",
    "exec('1')": "exec",
    "compile('1', '', 'eval')": "compile",
    "open('/etc/passwd').read()": ".read",
    "open('/etc/passwd')": "open",
    "getattr(event, '__class__')": "getattr",
    "setattr(event, 'a', 1)": "setattr",
    "delattr(event, 'a')": "delattr",
    "hasattr(event, '__class__')": "hasattr",
    "type(event)": "type",
    "type('X', (), {})": "type",
    "object()": "object",
    "vars(event)": "vars",
    "dir(event)": "dir",
    "globals()": "globals",
    "locals()": "locals",
    "input()": "input",
    "breakpoint()": "breakpoint",
    "help()": "help",
    "exit()": "exit",
    "memoryview(event)": "memoryview",
    "super()": "super",
    "property(len)": "property",
    "classmethod(len)": "classmethod",
    "print(event)": "print",
    "chr(95) * 2": "chr",
    "iter(event)": "iter",
    "next(x for x in event)": "next",
    "map(len, event)": "map",
    "filter(len, event)": "filter",
    "callable(len)": "callable",
    "os.environ": ".environ",
    "sys.modules": ".modules",
    "builtins.eval": ".eval",
    "__loader__": "__loader__",
    "__spec__": "__spec__",
    "__name__": "__name__",
    "__debug__": "__debug__",
    "_": "_",
    "_budget": "_budget",
    "_test_0(1)": "_test_0",
    # Names in other clothes: the parser makes plain letters of them.
    "ｅval('1')": "ｅval",
    "().__ｃlass__": ".__ｃlass__",
    "ｇｅｔａｔｔｒ(event, 'a')": "ｇｅｔａｔｔｒ",
    "𝓮𝓿𝓪𝓵('1')": "𝓮𝓿𝓪𝓵",
    "﹎﹎import﹎﹎('os')": "﹎﹎import",
    "event.𝒈𝒊_𝒇𝒓𝒂𝒎𝒆": ".𝒈𝒊",
    # str.format and its like reach attributes from inside a text.
    "'{0.__class__.__base__}'.format(event)": ".format",
    "'{a.__class__}'.format_map(event)": ".format_map",
    "str.format('{0.__class__}', event)": ".format",
    "str.join(',', ['a'])": ".join",
    "str.__format__('a', '10')": ".__format__",
    "f'{event.__class__}'": "",
    "f'{event!r:{event.__class__}}'": "",
    "f'{().__class__!r}'": "",
    "f'{eval(chr(49))}'": "",
    "'a'.encode('idna')": ".encode",
    "'a'.translate({97: 'b' * 1000})": ".translate",
    "b'a'.decode('utf-8')": ".decode",
    "b'a'": "b'a'",
    "bytes(10**9)": "bytes",
    "bytearray(10**9)": "bytearray",
    "1j": "1j",
    "...": "...",
    # Frames, code and tracebacks.
    "(x for x in event).gi_frame.f_back.f_globals": ".f_globals",
    "(x for x in event).gi_frame": ".gi_frame",
    "(x for x in event).gi_code": ".gi_code",
    "(x for x in event).gi_yieldfrom": ".gi_yieldfrom",
    "(x for x in event).send(None)": ".send",
    "(x for x in event).throw(len)": ".throw",
    "(x for x in event).close()": ".close",
    "[g.gi_frame.f_back for g in [(x for x in event)]]": ".f_back",
    "(x async for x in event)": "x",
    "event.get.__func__.__code__": ".__code__",
    "(1/0).__traceback__.tb_frame": ".tb_frame",
    "event.cr_frame": ".cr_frame",
    # Binding, suspending and calling what is not a function of ours.
    "(lambda: 1)()": "lambda",
    "[f for f in [lambda: 1]]": "lambda",
    "sorted(event, key=lambda k: k)": "lambda",
    "(x := event)": "x :=",
    "[y for x in event if (y := x)]": "y :=",
    "(yield event)": "yield",
    "[(yield x) for x in event]": "yield",
    "[len for len in event]": "len",
    "[event for event in [1]]": "event",
    "[str(1) for str in [len]]": "str(1)",
    "[1 for event['a'] in event]": "event['a']",
    "[1 for event.a in event]": ".a",
    "[len][0]('a')": "[len][0]",
    "{'f': len}['f']('a')": "{'f': len}['f']",
    "(len if event else str)('a')": "len if",
    "(len or str)('a')": "len or",
    "event.get('a')()": "event.get('a')",
    "[f('a') for f in event]": "f('a')",
    "len": "len",
    "[len]": "len",
    "event.get": ".get",
    "[event.get]": ".get",
    "sorted(event, key=event.get)": ".get",
    "max(event, key=sorted)": "sorted",
    "min(event, key=dict)": "dict",
    "sorted(event, key=''.join)": ".join",
    "isinstance(1, event)": "event",
    "isinstance(*[1, str])": "isinstance(*",
    "isinstance(1, (str, (int, event)))": "(str",
    "isinstance(1, type)": "type",
    "isinstance(1, enumerate)": "enumerate",
    "zip(*[iter(event)] * 3)": "iter",
    "dict(**event)": "**event",
    "dict(__class__=1)": "__class__",
    "event.get(*['a'])": "event.get(",
    "event @ event": "event @",
    # Writing.
    "event.update(a=1)": ".update",
    "event.pop('a')": ".pop",
    "[].append(1)": ".append",
    "{1}.add(2)": ".add",
    "event.copy()": ".copy",
    # Memory and time that can be seen before any event comes.
    "'a' * 10**10": "'a' *",
    "10**10 * 'a'": "10**10 *",
    "'a' * 10**9 * event['k']": "'a' *",
    "[0] * 10**9": "[0] *",
    "(0,) * 10**9": "(0,) *",
    "9**9**9**9": "9**9",
    "2**-1 + 10**5000": "2**-1",
    "1 << 10**9": "1 <<",
    "len(str(10**5000)) > 1": "len(",
    "sum(range(10**12))": "sum(",
    "list(range(10**12))": "list(",
    "sorted(range(10**12))": "sorted(",
    "max(range(10**30))": "max(",
    "all(range(1, 10**12))": "all(",
    "1.5 in range(10**12)": "1.5 in",
    "set(range(10**12))": "set(",
    "[x for x in range(10**9)]": "[x for",
    "[x for x in event for y in range(10**9)]": "range(",
    "any(x < -y for x in range(1000) for y in range(1000))": "any(",
    "[[[0 for x in range(99)] for y in range(99)] for z in range(99)]": "[[[0",
    "{x: y for x in range(999) for y in range(999)}": "{x: y",
    "{(x, y) for x in range(999) for y in range(999)}": "{(x, y)",
    "'%1000000000d' % 1": "'%1000",
    "'%.1000000000f' % 1": "'%.1000",
    "'%*d' % (10**9, 1)": "'%*d'",
    "'%((a))999999999d' % {'(a)': 1}": "'%((a))",
    "('%' + '9' * 9 + 'd') % 1": "",
    "f'{1:1000000000}'": "",
    "f'{1:.1000000000}'": "",
    "f'{1:{10**9}}'": "",
    "'a'.zfill(10**9)": ".zfill",
    "'a'.center(10**9)": ".center",
    "'a'.ljust(10**9)": ".ljust",
    "'a'.rjust(10**9)": ".rjust",
    "'\\t'.expandtabs(10**9)": ".expandtabs",
    "('a' * 1000000).replace('a', 'b' * 1000000)": "",
    "('a' * 1000).join(['a'] * 10000)": "",
    "int('9' * 5000, 16)": "int(",
    "round(1, -10**9)": "round(",
    "json_loads('[' * 1000000)": "json_loads(",
    "re_search('(?:a{1000}){1000}', 'a')": "'(?:a{1000}",
    "re_search('(?=a)', 'a')": "'(?=a)'",
    "re_search(r'(a)\\1', 'a')": "r'(a)",
    # Too much to read.
    "9" * 5000: "9",
    "[" + "1," * MAX_EXPRESSION_CHARACTERS + "]": "",
    " or ".join(["event.get('a')"] * 5000): "",
    "event" + "['a']" * 160: "",
    "-" * 200 + "1": "",
}
REFUSED_ANYWHERE = (
    "(" * 5000 + ")" * 5000, "[" * 5000 + "]" * 5000, "-" * 100_000 + "1", "not " * 50_000 + "1",
    "1+" * 100_000 + "1", "1+" * 5000 + "1", "event" + "['a']" * 5000, "import os", "x = 1", "True; True",
    "del event", "@len", "class X: pass", "def f(): pass",
    "a\x00b", "'\ud800'", "`id`", "exec 'x'", "print event", "\x0c\x00", "#", "(event", "event)", "*event",
    "for x in event: x", "with open('x'): 1", "raise 1", "assert 0", "global x", "match event: 1", "type X = int",
)  # fmt: skip

# Only the run shows these, for they depend on the event.
STOPPED = (
    "'a' * event['n'] == ''",
    "event['n'] * 'a' == ''",
    "[0] * event['n'] == []",
    "[[0] * 1000 for x in range(event['m'])] == []",
    "event['n'] ** event['n'] == 1",
    "1 << event['n'] == 1",
    "2 ** event['k'] ** 2 == 1",
    "[x * x * x * x * x for x in [event['n'] ** 10]] == []",
    "sum(range(event['n'])) == 1",
    "list(range(event['n'])) == []",
    "1.5 in range(event['n'])",
    "any(x < -y for x in range(event['m']) for y in range(event['m']))",
    "any(False for x in range(event['m']) for y in range(event['k']) for z in range(event['k']))",
    "[[y for y in range(event['k'])] for x in range(event['m'])] == []",
    "{x: y for x in range(event['m']) for y in range(event['m'])} == {}",
    "{(x, y) for x in range(event['m']) for y in range(event['m'])} == set()",
    "event['big'].replace('a', event['big']) == ''",
    "event['big'].join([event['big']] * 100) == ''",
    "','.join(event['big'] for x in range(event['m'])) == ''",
    "[x.upper() for x in [event['big']] for y in range(event['m'])] == []",
    "[x[1:] for x in [event['big']] for y in range(event['m'])] == []",
    "[x.split('a') for x in [event['big']] for y in range(event['m'])] == []",
    "[f'{x}{x}' for x in [event['big']] for y in range(event['m'])] == []",
    "[str(x) for x in [event['n'] ** 30] for y in range(event['m'] * 2 - 9) for z in range(event['k'])] == []",
    "[list(event) for x in range(event['m']) for y in range(2) for z in range(event['k'])] == []",
    "('%' + str(event['n']) + 'd') % 1 == ''",
    "('%(big)s' * 1000) % event == ''",
    "('%s' * 100) % tuple([event['big']] * 100) == ''",
    "round(event['n'], -event['n']) == 1",
    "int(event['big'], 16) == 1",
    "json_loads(event['json']) is None",
    "json_loads(event['big'] * 10) is None",
    "[json_loads('[' + '[],' * 1000 + '0]') for x in range(event['m'])] == []",
    # A small thing a thousand times in a small thing a thousand times: little memory, and endless to look at.
    "str([[[0] * 1000] * 1000] * event['k']) == ''",
    'f"{[[[0] * 1000] * 1000] * event[\'k\']}" == ""',
    "[[[0] * 1000] * 1000] * event['k'] == [[[0] * 1000] * 1000] * event['k']",
    "sorted([[[0] * 1000] * 1000] * event['k']) == []",
    "max([[[0] * 1000] * 1000] * event['k']) == []",
    "max([[0] * 1000] * event['m'], [[0] * 1000] * event['m']) == []",
    "[[[0] * 1000] * 1000] * event['k'] in [[[0] * 1000] * 1000] * event['k']",
    "{(((0,) * 1000,) * 1000,) * event['k']} == {1}",
    "{(((0,) * 1000,) * 1000,) * event['k']: 1} == {}",
    "{'a': 1}.get((((0,) * 1000,) * 1000,) * event['k']) == 1",
    "event.get((((0,) * 1000,) * 1000,) * event['k']) == 1",
    "event[(((0,) * 1000,) * 1000,) * event['k']] == 1",
    "set([(((0,) * 1000,) * 1000,) * event['k']]) == 1",
    "dict([((((0,) * 1000,) * 1000,) * event['k'], 1)]) == 1",
    "{1}.union([(((0,) * 1000,) * 1000,) * event['k']]) == 1",
    "([[[0] * 1000] * 1000] * event['k']).index([[1] * event['k']]) == 1",
    "([[[0] * 1000] * 1000] * event['k']).count([[1] * event['k']]) == 1",
    "sum([[0] * 1000 for x in range(event['m'])], []) == []",
    "sum([[0] * 1000] * event['m'], []) == []",
    "len(list(zip(*[[0] * 1000] * event['m'] * 2))) == 1",
    "[{**{str(x): x}} for x in range(event['m']) for y in range(9)] == []",
    # Slow although small: equal hashes, equal beginnings, searching from the end.
    "len({x * (2**61 - 1) for x in range(event['m'])}) == 1",
    "len(set([x * (2**61 - 1) for x in range(event['m'])])) == 1",
    "len({1}.union([x * (2**61 - 1) for x in range(event['m'])])) == 1",
    "len(dict([(x * (2**61 - 1), 1) for x in range(event['m'])])) == 1",
    "len(event.keys() | [x * (2**61 - 1) for x in range(event['m'])]) == 1",
    "sorted([x for a in [event['big'] + 'b', event['big'] + 'c'] for x in [a] * event['m']][::7]) == []",
    "event['big'] + 'b' in [event['big'] + 'c'] * event['m']",
    "(event['big'] * 5).rfind('b' + event['big']) == 1",
    "(event['big'] * 5).rsplit('b' + event['big']) == 1",
    "(event['big'] * 5).strip('b' * event['m']) == 1",
    "(event['big'] * 5).strip(('b' * event['m']).strip('c')) == 1",
    "re_search('(?:a?){500}' + event['eventName'], event['big'] * 10)",
    "glob('*' + '?' * event['k'] + event['eventName'], event['big'] * 10)",
    "any(re_search('(a|aa)+b', event['big']) for x in range(event['m']) for y in range(event['k']))",
    "any(x in event['big'] for y in range(event['m']) for z in range(event['k']) for x in [event['big'] + 'b'])",
    "any(" + " or ".join(["x.upper() == '' or x.isupper()"] * 300) + " for x in [event['big'] * 9] * 100)",
    "any(event['big'] + 'c' in x for x in [event['big'] * 2] for y in range(event['m']))",
)


def pointed_at(text: str, error: ExpressionError) -> str:
    """What the error points at, and everything after it in that line."""
    assert error.place is not None
    return text.strip().split("\n")[error.place.line - 1][error.place.column :]


@pytest.mark.parametrize(("attempt", "place"), REFUSED.items(), ids=[text[:50] for text in REFUSED])
def test_refused(attempt: str, place: str) -> None:
    """An attempt that shows in the expression is refused before any event comes, and the error points at it."""
    began = time.thread_time()
    with pytest.raises(ExpressionError) as caught:
        compile_expression(attempt)
    assert str(caught.value)
    if len(attempt) < MAX_EXPRESSION_CHARACTERS:
        assert pointed_at(attempt, caught.value).startswith(place)
    assert time.thread_time() - began < 100 * reference_seconds()


@pytest.mark.parametrize("attempt", REFUSED_ANYWHERE, ids=[repr(text[:30]) for text in REFUSED_ANYWHERE])
def test_no_expression_at_all(attempt: str) -> None:
    """What Python itself cannot read as one expression is refused by the one error, however long or deep it is."""
    with pytest.raises(ExpressionError):
        compile_expression(attempt)


@pytest.mark.long_cases
@pytest.mark.parametrize("attempt", STOPPED, ids=[text[:50] for text in STOPPED])
def test_stopped(attempt: str) -> None:
    """An attempt that only the run can show is stopped by the limits, in little time and little memory."""
    evaluate = compile_expression(attempt)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    with pytest.raises(RuleBudgetError) as caught:
        evaluate(EVENT)
    took = time.thread_time() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert str(caught.value)
    assert took < 100 * reference_seconds(), "generous: one operation in C may take a second"
    assert grown < 100_000, "in KB"


HARMLESS = {
    "re_search('(a+)+$', event['big'] + 'b')": False,
    "re_search('(a|aa)+$', event['big'] + 'b')": False,
    "re_search('(.*)*x', event['big'])": False,
    "re_fullmatch('(?:a|b|ab)*c', event['big'])": False,
    "re_search(r'(x+x+)+y', 'x' * 1000)": False,
    "glob('*a*a*a*a*a*a*a*b', event['big'])": False,
    "json_loads(event['pairs'])['a']['b'] == 1": True,
    "len(range(100)) == 100": True,
    "event['big'] + event['big'] == [y for x in [event['big'] * 10] for y in [x + x]]": False,
    "[z for x in [event['big']] for y in [x + x] for z in [y + y + y + y + y + y]] == []": False,
    "[*[0] * event['m'], *[0] * event['m'], *[0] * event['m']] == []": False,
}


@pytest.mark.parametrize(("expression", "result"), HARMLESS.items())
def test_harmless(expression: str, result: object) -> None:
    """What would hang other engines just has a result here."""
    began = time.thread_time()
    assert compile_expression(expression)(EVENT) is result
    assert time.thread_time() - began < 100 * reference_seconds()


def test_there_are_enough_attempts() -> None:
    """At least 80 different attempts stand above, of each kind a good many."""
    assert len(REFUSED) >= 80
    assert len(set(STOPPED)) == len(STOPPED) >= 40
