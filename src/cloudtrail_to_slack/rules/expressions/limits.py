"""What one rule, and one evaluation of it, may take; docs/rules.md explains it. Pure.

No rule that people write comes near: the largest real record we know (3,728 keys, 0.2 million characters) can be
scanned for 20 words and every value compared in lower case. What matters is that there is an end to everything.
"""

from __future__ import annotations

# Of an expression, when the configuration is loaded.
MAX_EXPRESSION_CHARACTERS = 250_000
MAX_EXPRESSION_NODES = 5_000  # without constants: a list of thousands of names is no more work than a short one
MAX_EXPRESSION_DEPTH = 150
MAX_FORMAT_WIDTH = 1_000  # width or precision in f"{x:10}" and "%10s"

# Of one evaluation. Beyond these it ends with a RuleBudgetError.
MAX_CPU_SECONDS = 0.5  # give or take a tick, and in the main thread
MAX_ITERATIONS = 100_000  # of all its loops together, and elements of one collection that it makes
MAX_MADE = 10_000_000  # characters of all strings, and 8 for every element of all collections, that it makes
MAX_TEXT = 1_000_000  # characters of one string that it makes by multiplying, joining, replacing or formatting
MAX_BITS = 1_024  # of an integer made by multiplication, power or shift
MAX_DIGITS = 1_024  # of a string that becomes an integer in another base; digits to round to
MAX_SEARCH_WORK = 100_000_000  # length of a string times that of what is searched from its end, or stripped from it
MAX_ALL_PATTERN_WORK = 500_000_000  # as MAX_PATTERN_WORK, of all patterns and globs together

# Of one call.
MAX_PATTERN = 1_000  # characters of a pattern
MAX_PATTERN_WORK = 200_000_000  # size of the compiled pattern times the length of the string
MAX_GLOB_WORK = 50_000_000  # length of the pattern times that of the string
MAX_JSON = 500_000  # characters of a JSON document
