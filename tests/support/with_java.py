"""Run a command where Java works, and say what was skipped where it does not.

    python tests/support/with_java.py WHAT COMMAND…

prints in one line that WHAT was skipped and succeeds if there is no Java; or fails, when the environment variable
`REQUIRE_SPARK` is not empty.
"""

import os
import subprocess
import sys


def main(what: str, command: list[str]) -> int:
    """Run the command; return its exit code."""
    try:
        subprocess.run(["java", "-version"], check=True, capture_output=True, timeout=60)  # noqa: S607 (found on the PATH)
    except (OSError, subprocess.SubprocessError):
        is_required = bool(os.environ.get("REQUIRE_SPARK"))
        print(f"{'error' if is_required else 'skipped'}: {what}, because there is no working java on the PATH")
        return int(is_required)
    return subprocess.run(command, check=False).returncode  # noqa: S603 (our own command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
