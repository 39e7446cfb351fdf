"""The limits on what is read of a log file and of a record; an error states the limit that was exceeded.

A file may be anything that was put into the bucket, and a few kilobytes of gzip can hold gigabytes of JSON or millions
of records. The limits keep the process below 200 MB, and its work in proportion to what S3 stores. CloudTrail's files
stay far below: at most 50 MB, compressed from 7 to 12 times as much JSON, of events of at most 256 KB (AWS CloudTrail
User Guide, "Quotas in AWS CloudTrail"), each with an id that no compression makes shorter than 15 bytes.
"""

from dataclasses import dataclass

from cloudtrail_to_slack.errors import LogFileError

MAX_JSON_BYTES = 2 * 1024**3
FREE_JSON_BYTES = 64 * 1024**2  # whatever the size of the object
JSON_PER_STORED_BYTE = 250
MAX_RECORDS = 4_000_000
FREE_RECORDS = 50_000  # likewise
STORED_BYTES_PER_RECORD = 4
MAX_RECORD_BYTES = 2 * 1024**2
# Values of one record, with those that hold others. The largest real record we know has 3,728.
MAX_RECORD_VALUES = 100_000
# Of each key and value besides Records, which is only checked to be JSON; of all together, that and the file's size.
MAX_OTHER_BYTES = 1024**2


@dataclass(slots=True)
class Intake:
    """What was read of a file: bytes as S3 stores them, bytes of JSON, records, bytes besides Records.

    Each method raises LogFileError beyond a limit.
    """

    stored: int = 0
    text: int = 0
    records: int = 0
    other: int = 0

    def add_text(self, size: int, most: int = MAX_JSON_BYTES) -> None:
        """Add `size` bytes of JSON; the limits are `most` and a multiple of what is stored."""
        self.text += size
        if self.text > most:
            raise LogFileError(f"it contains more than {most:,} bytes of JSON")
        if self.text > FREE_JSON_BYTES + JSON_PER_STORED_BYTE * self.stored:
            limit = f"{FREE_JSON_BYTES:,} bytes and {JSON_PER_STORED_BYTE} times its size"
            raise LogFileError(f"it contains more JSON than {limit}, as no log file does")

    def add_records(self, count: int) -> None:
        """Add records."""
        self.records += count
        if self.records > MAX_RECORDS:
            raise LogFileError(f"it has more than {MAX_RECORDS:,} records")
        if self.records > FREE_RECORDS + self.stored // STORED_BYTES_PER_RECORD:
            limit = f"{FREE_RECORDS:,} and one for every {STORED_BYTES_PER_RECORD} bytes of its size"
            raise LogFileError(f"it has more records than {limit}, as no log file does")

    def add_other(self, size: int) -> None:
        """Add a key or value besides Records, of `size` bytes; it counts as a record, too."""
        self.other += size
        if self.other > MAX_OTHER_BYTES + self.stored:
            limit = f"{MAX_OTHER_BYTES:,} bytes and its size"
            raise LogFileError(f"it contains more besides its Records than {limit}, as no log file does")
        self.add_records(1)
