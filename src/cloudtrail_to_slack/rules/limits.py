"""What one rule, and one evaluation of it, may take. Pure.

No rule that people write comes near: the largest real record we know (3,728 keys, 0.2 million characters) can be
scanned for 20 words and every value compared in lower case. What matters is that there is an end to everything.
"""

# Of an expression, when the configuration is loaded.
MAX_EXPRESSION_CHARACTERS = 250_000
MAX_EXPRESSION_NODES = 5_000  # without constants: a list of thousands of names is no more work than a short one
MAX_EXPRESSION_DEPTH = 150
MAX_FORMAT_WIDTH = 1_000  # width or precision in f"{x:10}" and "%10s"

# Of one evaluation. Beyond these it ends with a RuleBudgetError.
MAX_ITERATIONS = 100_000  # of all its loops together, and elements of one range, list or tuple that it makes
MAX_TEXT = 1_000_000  # characters of one text that it makes by multiplying, joining or replacing
MAX_MADE = 10_000_000  # characters of all texts, and 8 for every element of all collections, that it makes
MAX_WEIGHT = 1_000_000  # characters and elements, however nested, of a value that is compared, sorted, hashed or shown
MAX_BITS = 1_024  # of an integer made by multiplication, power or shift
MAX_INTEGER_DIGITS = 1_024  # of a text that becomes an integer in another base
MAX_SEARCH_WORK = 100_000_000  # length of a text times that of what is searched from its end, or stripped from it
MAX_CPU_SECONDS = 0.5

# Of one call.
MAX_PATTERN = 1_000  # characters of a pattern
MAX_PATTERN_WORK = 200_000_000  # size of the compiled pattern times the length of the text
MAX_GLOB_WORK = 50_000_000  # length of the pattern times that of the text
MAX_JSON = 500_000  # characters of a JSON text
