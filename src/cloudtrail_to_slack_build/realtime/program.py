"""The program of Terraform's `data "external"` that tells the event patterns of the rules in force; see answer.py.

It runs on whatever python3 there is, so it must be readable to any, and must say itself when that one is too old.
"""

import os
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 9):  # noqa: UP036 (see above)
        sys.exit("python3 is {}.{}, and 3.9 or newer is needed".format(*sys.version_info[:2]))
    # Run as a file it finds its package only like this; and the package's folder must hide no standard module.
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 (old Pythons)
    sys.path[0] = source

    from cloudtrail_to_slack_build.realtime.answer import main

    sys.exit(main(sys.stdin, sys.stdout, sys.stderr))
