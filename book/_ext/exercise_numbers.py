"""Exercises counted from 1 in each chapter, not through the whole book."""

from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

KIND = "exercise"
Numbers = dict[str, tuple[int, ...]]


def counted_from_one(numbers: Numbers) -> Numbers:
    """Return the exercises of one page, numbered from 1 in the order of their old numbers."""
    in_order = sorted(numbers, key=numbers.__getitem__)
    return {name: (place,) for place, name in enumerate(in_order, start=1)}


def renumber(app: Sphinx, environment: BuildEnvironment) -> None:
    """Give each page its own count.

    This comes after Sphinx stored its own numbers: had it come before, each build would find the
    stored numbers changed and write every page again.
    """
    for numbers in environment.toc_fignumbers.values():
        if KIND in numbers:
            numbers[KIND] = counted_from_one(numbers[KIND])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("env-check-consistency", renumber)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
