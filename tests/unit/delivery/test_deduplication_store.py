"""The deduplication store's conditional writes, one by one and many at once."""

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

    def store(self, dynamodb: Any = None) -> DeduplicationStore:
        """Return the deduplication store of one more function."""
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


def test_one_holds_a_claim_until_it_is_delivered_or_its_lease_ends(scene: Scene) -> None:
    """While one function holds a claim another does not get it; after the lease it does; what is delivered stays so."""
    first, second = scene.store(), scene.store()
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
    first, second = scene.store(), scene.store()
    first.claim("a")
    scene.now += 89
    assert second.claim("a") is Claim.IN_PROGRESS
    scene.now += 2
    assert second.claim("a") is Claim.ACQUIRED


def test_a_claim_given_up_is_free_at_once(scene: Scene) -> None:
    """What is released may be claimed by anyone, and no one releases what is another's or delivered."""
    first, second = scene.store(), scene.store()
    first.claim("a")
    second.release(["a"])
    assert second.claim("a") is Claim.IN_PROGRESS
    first.release(["a"])
    assert second.claim("a") is Claim.ACQUIRED
    second.complete(["a"])
    second.release(["a"])
    assert first.claim("a") is Claim.COMPLETED


def test_many_are_claimed_at_once(scene: Scene) -> None:
    """Of hundreds, those that are delivered and those that another holds are found out, and all others are ours."""
    first, second = scene.store(), scene.store()
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
    store = scene.store(client)
    assert set(store.claim_all(_MANY[:5]).values()) == {Claim.ACQUIRED}
    client.left = 1
    store.complete(_MANY[:5])
    assert set(scene.store().claim_all(_MANY[:5]).values()) == {Claim.COMPLETED}


def test_a_throttled_table_is_a_passing_error(scene: Scene) -> None:
    """A transient error is raised as such, for one and for many, when claiming and when completing."""
    throttled = _error("ProvisionedThroughputExceededException")
    ways: list[tuple[str, Callable[[DeduplicationStore], object]]] = [
        ("put_item", lambda store: store.claim("a")),
        ("put_item", lambda store: store.complete(["a"])),
        ("transact_write_items", lambda store: store.claim_all(["a", "b"])),
        ("transact_write_items", lambda store: store.complete(["a", "b"])),
    ]
    for operation, ask in ways:
        store = scene.store(_Refusing(scene.app_env.aws("dynamodb"), operation, throttled, 1))
        with pytest.raises(TransientError, match="state_table_ProvisionedThroughputExceededException"):
            ask(store)


def test_a_table_that_is_gone_grants_everything(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the table every claim is granted, and the log says once that alerts may be repeated."""
    scene.app_env.aws("dynamodb").delete_table(TableName=TABLE)
    store = scene.store()
    assert set(store.claim_all(["a", "b"]).values()) == {Claim.ACQUIRED}
    assert store.claim("a") is Claim.ACQUIRED
    store.complete(["a", "b"])
    store.release(["a"])
    assert store.acquire_cooldown("route", 60)
    assert capsys.readouterr().out.count("alerts may be repeated") == 1


def test_giving_up_and_asking_once_never_raise(scene: Scene) -> None:
    """A claim that cannot be released lapses by itself; what cannot be looked up is said once more."""
    throttled = _error("ThrottlingException")
    store = scene.store(_Refusing(scene.app_env.aws("dynamodb"), "delete_item", throttled, 1))
    store.claim("a")
    store.release(["a"])
    assert scene.store().claim("a") is Claim.IN_PROGRESS
    assert scene.store(_Refusing(scene.app_env.aws("dynamodb"), "put_item", throttled, 1)).acquire_cooldown("route", 60)


def test_with_the_invocation_nearly_over_nothing_is_released(scene: Scene) -> None:
    """Leases that end by themselves in two seconds are not worth the last second."""
    scene.left = 1.0
    store = scene.store()
    store.claim("a")
    store.release(["a"])
    assert scene.store().claim("a") is Claim.IN_PROGRESS


def test_once_in_an_hour(scene: Scene) -> None:
    """What was asked for is not granted again within the time, to any function, unless it is released."""
    first, second = scene.store(), scene.store()
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
    assert scene.store().acquire_cooldown("route", 3600)
    scene.now += 3601
    assert first.acquire_cooldown("route", 3600)
