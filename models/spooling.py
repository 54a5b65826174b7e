"""A buffer for checked rows: in memory while short, else in a temporary file."""

from __future__ import annotations

import pickle
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Item = TypeVar("Item")

#: Bytes in memory; a longer buffer becomes a temporary file, in the folder of TMPDIR.
MOST_IN_MEMORY = 16 * 1024 * 1024


class Spool(Generic[Item]):
    """Items that can be iterated several times, with one of them in memory at a time.

    Use the spool as a context manager; its end discards the items.

    Raises:
        OSError: the folder for temporary files is full.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._file = SpooledTemporaryFile(max_size=MOST_IN_MEMORY)  # noqa: SIM115 - in __exit__
        self._number = 0
        try:
            for item in items:
                pickle.dump(item, self._file)
                self._number += 1
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Spool[Item]:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Item]:
        self._file.seek(0)
        for _ in range(self._number):
            item: Item = pickle.load(self._file)  # noqa: S301 - nobody else can write to it
            yield item
