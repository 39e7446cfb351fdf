"""The program of Terraform's `data "external"` that checks rules and derives event patterns; see answer.py.

It runs on whatever python3 there is, so it must be readable to any, and must say itself when that one is too old.
"""

import json
import os
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 9):  # noqa: UP036 (see above)
        reason = "python3 is {}.{}, and 3.9 or newer is needed".format(*sys.version_info[:2])
        sys.stdout.write(json.dumps({"unchecked": reason}))
        sys.exit(0)
    # Run as a file it finds its package only like this; and the package's folder must hide no standard module.
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 (old Pythons)
    sys.path[0] = source
    sys.dont_write_bytecode = True  # the module's folder may be read-only, and its files are packaged

    from cloudtrail_to_slack_build.plan.answer import main

    sys.exit(main(sys.stdin, sys.stdout))
