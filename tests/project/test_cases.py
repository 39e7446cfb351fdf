"""Which cases of a test `make test` leaves to `make test-all`."""

import pytest

from support.cases import mark_long_cases

_CASES = range(5)


@pytest.mark.parametrize("case", _CASES)
def test_five_cases(case: int) -> None:
    """It has more cases than are kept of tests whose cases take long."""
    assert case in _CASES


@pytest.mark.parametrize(
    ("fixtures", "marker", "long"),
    [(["moto_server", "tmp_path"], "", [1, 2, 3]), (["tmp_path"], "long_cases", [1, 2, 3]), (["tmp_path"], "", [])],
)
def test_the_first_and_the_last_case_are_kept(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, fixtures: list[str], marker: str, long: list[int]
) -> None:
    """With a server or the marker the cases in between are long, each test for itself; others stay as they are."""
    function: pytest.Function = request.node
    items = [
        pytest.Function.from_parent(
            function.parent, name=f"{name}[{number}]", originalname=name, callobj=test_five_cases
        )
        for name in ("test_one", "test_two")
        for number in range(5)
    ]
    for item in items:
        monkeypatch.setattr(item, "fixturenames", fixtures)
        if marker:
            item.add_marker(marker)
    mark_long_cases(items)
    marked = [item.name for item in items if item.get_closest_marker("long")]
    assert marked == [f"{name}[{number}]" for name in ("test_one", "test_two") for number in long]
