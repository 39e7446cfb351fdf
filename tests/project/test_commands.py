"""What the documentation says about the project's commands is what the Makefile does."""

import os
import re
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_README = (_ROOT / "README.md").read_text()
_MAKEFILE = (_ROOT / "Makefile").read_text()
_TARGETS = set(re.findall(r"^([a-z0-9-]+):", _MAKEFILE, re.MULTILINE))


def _steps(target: str) -> list[str]:
    """Return the commands that `make` would run for a target, without those that set up the environment."""
    done = subprocess.run(  # noqa: S603 (make, of our own Makefile)
        ["make", "--dry-run", "--assume-old=.venv/.ready", "--assume-old=build/checkov/.ready", target],  # noqa: S607
        cwd=_ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.replace("\\\n", " ").splitlines()


def _position(steps: list[str], part: str) -> int:
    (position,) = (number for number, step in enumerate(steps) if part in step)
    return position


@pytest.mark.parametrize(
    "path", ["README.md", ".ci/run", *sorted(str(p.relative_to(_ROOT)) for p in _ROOT.glob("docs/**/*.md"))]
)
def test_every_command_that_is_named_exists(path: str) -> None:
    """Each `make …` of the documentation and of CI is a target of the Makefile."""
    text = (_ROOT / path).read_text()
    lines = re.findall(r"(?:`|^)make ([a-z0-9][a-z0-9 -]*)", text, re.MULTILINE)
    assert {name for line in lines for name in line.split()} <= _TARGETS


def test_python_comes_first() -> None:
    """`make test` runs ruff, mypy and the Python tests before the first command that needs Terraform."""
    steps = _steps("test")
    order = [_position(steps, part) for part in ("ruff check", "mypy", "pytest", "terraform fmt")]
    assert order == sorted(order)


def test_the_quick_tests_need_no_providers() -> None:
    """`make test` asks Terraform for its formatting alone, through the program that skips what cannot run."""
    (step,) = (step for step in _steps("test") if "terraform" in step and "--ignore" not in step and "echo" not in step)
    assert "with_terraform.py 'terraform fmt' terraform fmt" in step


def test_everything_includes_the_quick_tests_and_coverage() -> None:
    """`make test-all` runs all that `make test` runs, then the rest; coverage has its limit in pyproject.toml."""
    quick, everything = _steps("test"), _steps("test-all")
    assert everything[: len(quick)] == quick
    rest = "\n".join(everything[len(quick) :])
    for part in (
        "--cov ",
        "tests/simulation",
        "-m simulation 2000 --seed 1",
        "tests/terraform.sh",
        "pytest e2e",
        "checkov",
    ):
        assert part in rest
    assert re.search(r"^fail_under = 95$", (_ROOT / "pyproject.toml").read_text(), re.MULTILINE)


def test_no_test_is_left_out() -> None:
    """The Python tests that `make test` ignores are those that take Terraform, and `make terraform` runs them."""
    (step,) = (step for step in _steps("pytest") if "pytest" in step)
    ignored = {path for path in re.findall(r"--ignore=(\S+)", step) if path != "tests/simulation"}
    users = {
        str(path.relative_to(_ROOT))
        for path in _ROOT.glob("tests/**/test_*.py")
        if re.search("^from support.terraform import", path.read_text(), re.MULTILINE)
    }
    assert users
    assert ignored == users
    assert users <= set(_steps("terraform")[-1].split())


def test_everything_with_providers_can_be_skipped() -> None:
    """Each step that installs providers goes through the program that says what it skips."""
    for target in ("terraform", "e2e"):
        (step,) = (step for step in _steps(target) if "terraform.sh" in step or "pytest e2e" in step)
        assert "with_terraform.py --providers" in step


def test_ci_insists_on_terraform() -> None:
    """CI makes a failure of what is skipped elsewhere, and runs everything."""
    script = (_ROOT / ".ci" / "run").read_text()
    assert script.index("export REQUIRE_TERRAFORM=1") < script.index("make test test-all")
