"""The demo's log files happen when the demo runs."""

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from cloudtrail_to_slack_dev.demo.samples import LogFile, move, read_log_files
from cloudtrail_to_slack_dev.demo.story import STORY

_MOMENTS = [
    datetime(2026, 3, 14, 9, 43, 58, tzinfo=UTC),
    datetime(2027, 1, 1, 0, 10, 30, 999_999, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC),
]


def _content(file: LogFile) -> Any:
    return json.loads(gzip.decompress(file.body))


def _times(file: LogFile) -> list[datetime]:
    return [datetime.fromisoformat(record["eventTime"]) for record in _content(file).get("Records", [])]


@pytest.mark.parametrize("end", _MOMENTS)
def test_the_story_ends_when_it_is_to_end(end: datetime) -> None:
    """The last file is delivered at the end, each some minutes after its events, and none before the one before it."""
    files = read_log_files(end)
    delivered = [file.delivered for file in files.values()]
    assert delivered[-1] == end.replace(microsecond=0)
    assert all(first < second for first, second in pairwise(delivered))
    for file in files.values():
        assert all(timedelta(0) < file.delivered - time < timedelta(minutes=10) for time in _times(file))


@pytest.mark.parametrize("end", _MOMENTS[1:])
def test_no_time_stays_where_it_was_written(end: datetime) -> None:
    """Every time in a file is moved, whichever way it is written, and the file's key says when it was delivered."""
    for file in read_log_files(end).values():
        text = json.dumps(_content(file))
        assert not re.search(r"2026-03-14T\d\d:\d\d:\d\dZ|Mar 14, 2026", text)
        assert f"/{file.delivered:%Y/%m/%d}/" in file.key
        assert f"_{file.delivered:%Y%m%dT%H%MZ}_" in file.key


def test_times_are_moved_across_days() -> None:
    """A moved time keeps its form, and takes its date along."""
    sample = {"a": ["2026-03-14T23:59:30Z"], "b": "until Mar 14, 2026, 8:55:00 PM", "c": "2026-03-14", "d": 1}
    moved = move(sample, timedelta(days=293, seconds=45))
    assert moved == {"a": ["2027-01-02T00:00:15Z"], "b": "until Jan 01, 2027, 08:55:45 PM", "c": "2026-03-14", "d": 1}


def test_every_sample_has_its_place_in_the_story() -> None:
    """The story uses every sample and no other, each in order, and removes only what it uploaded before."""
    uploaded = [name for chapter in STORY for name in (*chapter.uploads, *filter(None, [chapter.damaged]))]
    assert uploaded == list(read_log_files(_MOMENTS[0]))
    for number, chapter in enumerate(STORY):
        assert chapter.removed is None or chapter.removed in [name for each in STORY[:number] for name in each.uploads]


def test_a_damaged_file_has_no_record_to_read() -> None:
    """Of a damaged file nothing can be decompressed to its end."""
    damaged = read_log_files(_MOMENTS[0])["12_quiet_staging"].damaged()
    assert damaged.records == 0
    with pytest.raises(EOFError):
        gzip.decompress(damaged.body)
