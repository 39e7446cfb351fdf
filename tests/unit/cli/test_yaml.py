"""What YAML can mean beyond what rule files need: aliases without end, merges, other encodings; and what is no file."""

import os
from pathlib import Path

import pytest

from support.command_line import cloudtrail_to_slack, write

BOMB = "\n".join(f"x-{n}: &a{n} {'{'}<<: [{', '.join([f'*a{n - 1}'] * 9)}]{'}'}" for n in range(1, 10))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"rules:\n  - id: caf\xe9", "2: is not UTF-8; save it as UTF-8"),
        (b"rules: []\n---\nrules: []", "2:1: is not YAML: expected a single document in the stream, but found another"),
        (b"rules: &a [[*a]]", "1:8: has an alias that contains itself"),
        (b"rules:\n  - &a {<<: *a}", "2:5: has an alias that contains itself"),
        (f"x-0: &a0 {{a: 1}}\n{BOMB}\nrules: [*a9]".encode(), "has more than 500,000 values; each use of an alias"),
        (BOMB.replace("<<: ", "a: ").replace("*a0", "1").encode(), "has more than 500,000 values"),
    ],
    ids=["latin", "documents", "circle", "merged circle", "merges of merges", "aliases of aliases"],
)
def test_what_yaml_cannot_or_must_not_mean_is_said_at_once(tmp_path: Path, text: bytes, problem: str) -> None:
    """A few lines that mean more than fits into memory, or never end, are refused, as what is no YAML is."""
    path = tmp_path / "rules.yaml"
    path.write_bytes(text)
    ran = cloudtrail_to_slack("check", path)
    assert ran.code == 3
    assert f"{path}:{problem}" in ran.err.replace(": has more", ":has more")


def test_a_key_may_replace_a_merged_one_only_below_it(tmp_path: Path) -> None:
    """A rule may take another's keys and write some anew; above the merge Terraform would take the other's."""
    rule = "rules:\n  - &r\n    id: a\n    expression: event.get('eventName') == 'DeleteVpc'\n"
    below = f"{rule}  - <<: *r\n    id: b\n    expression: event.get('eventName') == 'CreateVpc'\n"
    assert "CT002" not in cloudtrail_to_slack("check", write(tmp_path, "rules.yaml", below)).out
    above = f"{rule}  - id: b\n    <<: *r\n"
    ran = cloudtrail_to_slack("check", write(tmp_path, "rules.yaml", above))
    assert "rules.yaml:6:5: CT002 has the key 'id' twice" in ran.out


def test_pipes_in_a_folder_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is searched for files; what might never end is passed over."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.yaml")
    write(tmp_path, "rules.yaml", "rules:\n  - id: a\n    expression: event.get('eventName') == 'X1'\n")
    assert "(1 rule in 1 file)" in cloudtrail_to_slack("check").out
