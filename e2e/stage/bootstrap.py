"""Replaces Lambda's Python runtime: run by the function's own Python, it calls the handler once.

Arguments: the handler, the folders that take the place of /var/task, /opt and /var/runtime, and the file to write the
answer to. The event comes from standard input; standard output is the function's log.
"""

import importlib
import json
import os
import sys
import uuid

HANDLER, TASK, LAYERS, RUNTIME, ANSWER = sys.argv[1:]


class Context:
    """Lambda's context object."""

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]

    def get_remaining_time_in_millis(self) -> int:
        """Return a time left that lets no test fail for a slow machine."""
        return 60_000


def _call() -> None:
    # The order of Lambda: the function's code, its layers, then what the runtime brings.
    sys.path[:0] = [TASK, os.path.join(LAYERS, "python"), RUNTIME]  # noqa: PTH118 (nothing is imported before its time)
    os.chdir(TASK)
    module, _, name = HANDLER.rpartition(".")
    answer = getattr(importlib.import_module(module), name)(json.load(sys.stdin), Context())
    with open(ANSWER, "w") as file:  # noqa: PTH123 (likewise)
        json.dump(answer, file)


_call()
