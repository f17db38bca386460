"""Batches made ahead of their use, in a thread beside the training."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["prefetched"]

T = TypeVar("T")


def prefetched(make: Callable[[int], T], n: int, ahead: int = 3) -> Iterator[T]:
    """make(0) to make(n - 1) in order, each begun while an earlier one is in use.

    An exception of ``make`` is raised where its result would have come; whoever stops early leaves
    no thread behind.
    """
    helper = ThreadPoolExecutor(1, thread_name_prefix="handwrought-ahead")
    waiting: deque[Future[T]] = deque()
    try:
        for i in range(min(ahead, n)):
            waiting.append(helper.submit(make, i))
        for i in range(n):
            done = waiting.popleft().result()
            if i + ahead < n:
                waiting.append(helper.submit(make, i + ahead))
            yield done
    finally:
        helper.shutdown(wait=True, cancel_futures=True)
