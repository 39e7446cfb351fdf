"""Run a module as a program that ends with the process that started it, even if that one is killed.

`python -m cloudtrail_to_slack_dev.bound_process MODULE ARGUMENTS…`. Standard input must be a pipe whose other end the
starting process alone holds: it is at its end when that process is.
"""

import os
import runpy
import sys
import threading


def _end_with_standard_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
