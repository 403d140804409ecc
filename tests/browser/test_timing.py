"""A slider answers at once: from the event to the painted figure."""

from sites import open_ready
from timings import GOAL_MS, MOVES, TRIES, percentile, response_times


def test_sliders_answer_quickly(page, address, payload, chapter_name):
    """95 of 100 moves within the goal. Other work on the machine may spoil a try, not all three."""
    open_ready(page, address(chapter_name))
    slowest = []
    for _ in range(TRIES):
        times = [
            each for packed in payload(chapter_name) for each in response_times(page, packed.anchor)
        ]
        assert len(times) == MOVES * len(payload(chapter_name))
        slowest.append(percentile(times, 95))
        if slowest[-1] <= GOAL_MS:
            return
    raise AssertionError(f"95th percentile of {TRIES} tries, in ms: {slowest}; goal {GOAL_MS:g}")
