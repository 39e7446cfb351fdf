"""From the text of an expression to its syntax tree. Pure.

Readable to Python 3.9 too, which may be all there is where Terraform asks for the event patterns of the rules.
"""

from __future__ import annotations

import ast


def parse(text: str) -> ast.Expression:
    """Parse an expression, which may go over several lines as if it stood in parentheses.

    Positions in the tree are those in the text without the white space around it.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is no Python expression.
    """
    text = text.strip()
    try:
        return ast.parse(text, "<rule>", mode="eval")
    except SyntaxError as error:
        if "\n" not in text and "\r" not in text:
            raise
        return _parse_lines(text, error)


def _parse_lines(text: str, first_error: SyntaxError) -> ast.Expression:
    """Parse an expression in parentheses.

    Raises:
        SyntaxError: it is none there either.
    """
    try:
        tree = ast.parse(f"(\n{text}\n)", "<rule>", mode="eval")
    except SyntaxError as error:
        last_line = len(text.splitlines()) + 1
        if error.lineno is None or not 1 < error.lineno <= last_line:
            raise first_error from None
        error.lineno -= 1
        raise error from None
    if tree.body.lineno == 1:  # the text closes our parenthesis itself: `a) or (b`
        raise first_error
    ast.increment_lineno(tree, -1)
    return tree
