"""The ledger's conditional writes, one by one and many at once."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.errors import TransientError
from cloudtrail_to_slack.state.leases import Claim
from support.app_environment import TABLE, AppEnvironment

_MANY = [f"alert#{number}" for number in range(230)]


class Scene:
    """Ledgers of several functions over one table, on a clock of their own."""

    def __init__(self, app_env: AppEnvironment) -> None:
        app_env.make_table()
        self.app_env = app_env
        self.now = 1_773_480_000.0
        self.left = 30.0

    def ledger(self, dynamodb: Any = None) -> DeduplicationStore:
        """Return the ledger of one more function."""
        clock = Clock(lambda: self.left, now=lambda: self.now)
        return DeduplicationStore(dynamodb or self.app_env.aws("dynamodb"), TABLE, 3600, clock)


@pytest.fixture
def scene(app_env: AppEnvironment) -> Scene:
    """A table, and time."""
    return Scene(app_env)


class _Refusing:
    """A client of DynamoDB that refuses the first calls of an operation."""

    def __init__(self, client: Any, operation: str, error: dict[str, Any], times: int) -> None:
        self._client = client
        self._operation = operation
        self._error = error
        self.left = times

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real: Callable[..., Any] = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            if name == self._operation and self.left:
                self.left -= 1
                raise ClientError(self._error, name)  # type: ignore[arg-type]  # as DynamoDB answers
            return real(**arguments)

        return call


def _error(code: str, **more: Any) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": "refused"}, **more}


def test_one_holds_a_claim_until_it_is_told_or_its_lease_ends(scene: Scene) -> None:
    """While one function holds a claim another does not get it; after the lease it does; told is told."""
    first, second = scene.ledger(), scene.ledger()
    assert (first.claim("a"), second.claim("a"), first.claim("a")) == (
        Claim.ACQUIRED,
        Claim.IN_PROGRESS,
        Claim.ACQUIRED,
    )
    scene.now += 33  # 30 were left when it was claimed
    assert (second.claim("a"), first.claim("a")) == (Claim.ACQUIRED, Claim.IN_PROGRESS)
    second.complete(["a"])
    assert (first.claim("a"), second.claim("a")) == (Claim.COMPLETED, Claim.COMPLETED)
    scene.now += 3601
    assert first.claim("a") is Claim.ACQUIRED


def test_a_lease_has_an_end_however_long_the_invocation(scene: Scene) -> None:
    """The claim of a function that may run for fifteen minutes and dies is taken over after a minute and a half."""
    scene.left = 900
    first, second = scene.ledger(), scene.ledger()
    first.claim("a")
    scene.now += 89
    assert second.claim("a") is Claim.IN_PROGRESS
    scene.now += 2
    assert second.claim("a") is Claim.ACQUIRED


def test_a_claim_given_up_is_free_at_once(scene: Scene) -> None:
    """What is released may be claimed by anyone, and nobody releases what is another's or told."""
    first, second = scene.ledger(), scene.ledger()
    first.claim("a")
    second.release(["a"])
    assert second.claim("a") is Claim.IN_PROGRESS
    first.release(["a"])
    assert second.claim("a") is Claim.ACQUIRED
    second.complete(["a"])
    second.release(["a"])
    assert first.claim("a") is Claim.COMPLETED


def test_many_are_claimed_at_once(scene: Scene) -> None:
    """Of hundreds, those that are told and those that another holds are found out, and all others are ours."""
    first, second = scene.ledger(), scene.ledger()
    first.complete(_MANY[:3])
    first.claim(_MANY[100])
    claims = second.claim_all(_MANY)
    assert list(claims.values()).count(Claim.ACQUIRED) == len(_MANY) - 4
    assert [claims[key] for key in (*_MANY[:3], _MANY[100])] == [Claim.COMPLETED] * 3 + [Claim.IN_PROGRESS]
    second.complete(_MANY[100:])
    assert set(first.claim_all(_MANY[101:]).values()) == {Claim.COMPLETED}


@pytest.mark.parametrize("times", [1, 9])
def test_transactions_that_meet_are_tried_again_and_then_taken_apart(scene: Scene, times: int) -> None:
    """A transaction cancelled because it met another is repeated; when that goes on, each item is written by itself."""
    conflict = _error("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}])
    client = _Refusing(scene.app_env.aws("dynamodb"), "transact_write_items", conflict, times)
    ledger = scene.ledger(client)
    assert set(ledger.claim_all(_MANY[:5]).values()) == {Claim.ACQUIRED}
    client.left = 1
    ledger.complete(_MANY[:5])
    assert set(scene.ledger().claim_all(_MANY[:5]).values()) == {Claim.COMPLETED}


def test_a_throttled_table_is_a_passing_error(scene: Scene) -> None:
    """What passes is said so, for one and for many, whether claimed or told."""
    throttled = _error("ProvisionedThroughputExceededException")
    ways: list[tuple[str, Callable[[DeduplicationStore], object]]] = [
        ("put_item", lambda ledger: ledger.claim("a")),
        ("put_item", lambda ledger: ledger.complete(["a"])),
        ("transact_write_items", lambda ledger: ledger.claim_all(["a", "b"])),
        ("transact_write_items", lambda ledger: ledger.complete(["a", "b"])),
    ]
    for operation, ask in ways:
        ledger = scene.ledger(_Refusing(scene.app_env.aws("dynamodb"), operation, throttled, 1))
        with pytest.raises(TransientError, match="state_table_ProvisionedThroughputExceededException"):
            ask(ledger)


def test_a_table_that_is_gone_grants_everything(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the table every claim is granted, and the log says once that alerts may be repeated."""
    scene.app_env.aws("dynamodb").delete_table(TableName=TABLE)
    ledger = scene.ledger()
    assert set(ledger.claim_all(["a", "b"]).values()) == {Claim.ACQUIRED}
    assert ledger.claim("a") is Claim.ACQUIRED
    ledger.complete(["a", "b"])
    ledger.release(["a"])
    assert ledger.acquire_cooldown("route", 60)
    assert capsys.readouterr().out.count("alerts may be repeated") == 1


def test_giving_up_and_asking_once_never_raise(scene: Scene) -> None:
    """A claim that cannot be released lapses by itself; what cannot be looked up is said once more."""
    throttled = _error("ThrottlingException")
    ledger = scene.ledger(_Refusing(scene.app_env.aws("dynamodb"), "delete_item", throttled, 1))
    ledger.claim("a")
    ledger.release(["a"])
    assert scene.ledger().claim("a") is Claim.IN_PROGRESS
    assert scene.ledger(_Refusing(scene.app_env.aws("dynamodb"), "put_item", throttled, 1)).acquire_cooldown(
        "route", 60
    )


def test_with_the_invocation_nearly_over_nothing_is_released(scene: Scene) -> None:
    """Leases that end by themselves in two seconds are not worth the last second."""
    scene.left = 1.0
    ledger = scene.ledger()
    ledger.claim("a")
    ledger.release(["a"])
    assert scene.ledger().claim("a") is Claim.IN_PROGRESS


def test_once_in_an_hour(scene: Scene) -> None:
    """What was asked for is not granted again within the time, to nobody, unless it is released."""
    first, second = scene.ledger(), scene.ledger()
    assert (
        first.acquire_cooldown("route", 3600),
        first.acquire_cooldown("route", 3600),
        second.acquire_cooldown("route", 3600),
    ) == (
        True,
        False,
        False,
    )
    first.release(["route"])
    assert scene.ledger().acquire_cooldown("route", 3600)
    scene.now += 3601
    assert first.acquire_cooldown("route", 3600)
