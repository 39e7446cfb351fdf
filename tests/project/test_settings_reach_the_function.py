"""What can be set in Terraform reaches the function."""

import re

import pytest

from cloudtrail_to_slack.config.loader import KEYS
from support.module_docs import declared
from support.pages import ROOT

_FILES = {path.name: path.read_text() for path in sorted(ROOT.glob("*.tf"))}
_USES = "".join(text for name, text in _FILES.items() if name not in ("variables.tf", "misplaced_secrets.tf"))


def test_terraform_writes_every_setting() -> None:
    """`local.config` has every key that the function reads, but the separator of rules: Terraform splits them."""
    (config,) = re.findall(r"^  config = \{\n(.*?)^  \}", _FILES["config.tf"], re.MULTILINE | re.DOTALL)
    assert {*re.findall(r"^    (\w+)", config, re.MULTILINE)} == {*KEYS} - {"rules_separator"}


def test_every_variable_is_used() -> None:
    """No variable is declared and then forgotten, except those that are kept for compatibility."""
    without_effect = ["lambda_recreate_missing_package", "lambda_build_in_docker"]
    unused = [name for name in declared(ROOT, "variable") if not re.search(rf"\b(var|given|local)\.{name}\b", _USES)]
    assert unused == without_effect


@pytest.mark.parametrize("variable", re.findall(r"\b\w+_(?:SSM_PARAMETER|SECRET_ARN)\b(?= = )", _FILES["main.tf"]))
def test_the_function_may_read_each_secret_it_is_pointed_to(variable: str) -> None:
    """The role's policy names each parameter and secret that a variable of the function's environment refers to."""
    (reference,) = re.findall(rf"\b{variable} = (local\.given\.\w+)", _FILES["main.tf"])
    (allowed,) = re.findall(r"^  own_references = .*?^  \)\)", _FILES["iam.tf"], re.MULTILINE | re.DOTALL)
    assert reference in allowed
