"""The program that Terraform runs when it applies, to build a layer; see request.py. `BUILD` holds the request.

It runs on whatever python3 there is, so it must be readable to any, and must say itself when that one is too old.
"""

import os
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 9):  # noqa: UP036 (see above)
        sys.exit("python3 is {}.{}, and 3.9 or newer is needed".format(*sys.version_info[:2]))
    # Run as a file it finds its package only like this; and the package's folder must hide no standard module.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 (old Pythons)

    from cloudtrail_to_slack_build.request import main

    sys.exit(main(os.environ.get("BUILD", ""), sys.stderr))
