"""The limits of a rule and of its evaluation; docs/rules.md explains them. Pure."""

# Of an expression, when the configuration is loaded.
MAX_EXPRESSION_CHARACTERS = 250_000
MAX_EXPRESSION_NODES = 5_000  # without constants: a list of thousands of names takes no longer than a short one
MAX_EXPRESSION_DEPTH = 150
MAX_FORMAT_WIDTH = 1_000  # width or precision in f"{x:10}" and "%10s"
# Of one evaluation, where the timer reaches it. Beyond these it ends with a RuleBudgetError.
MAX_CPU_SECONDS = 0.5
MAX_MEMORY = 32 * 1024**2  # bytes by which the process may grow

# Of one operation that makes more than it is given, anywhere.
MAX_STRING = 1_000_000  # characters of a string
MAX_ELEMENTS = 100_000  # of a list or a range; and iterations of loops over constants
MAX_WEIGHT = 10_000_000  # of a repeated list: characters, and 8 for every element, shared ones counted every time
MAX_BITS = 1_024  # of an integer
MAX_DIGITS = 1_024  # of a string that becomes an integer in another base; digits to round to
MAX_SEARCH_WORK = 100_000_000  # length of a string times that of a string searched from its end or stripped from it
MAX_PATTERN = 1_000  # characters of a pattern
MAX_PATTERN_WORK = 200_000_000  # size of the compiled pattern times the length of the string
MAX_GLOB_WORK = 50_000_000  # length of the pattern times that of the string
MAX_JSON = 500_000  # characters of a JSON document
