"""Every state of an explorer, as the built page holds it, compared with a fresh call."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import chapters
from inobook import figures
from inobook.explore import Explorer
from pages_html import PackedExplorer, explorers_in, unpacked

SOURCES = ("book/inobook/**/*.py", "data/*.csv", "constraints.txt")


def packed_states(explorer: Explorer) -> PackedExplorer:
    """The explorer as a page would hold it if it were built now."""
    return unpacked(explorer.page_html())


@lru_cache
def built_explorers(chapter: str) -> dict[str, PackedExplorer]:
    """The explorers of the built page, by id; none if it is older than what it was made from."""
    page = chapters.ROOT / "_build" / "html" / "book" / f"{chapter}.html"
    if not page.is_file():
        return {}
    made_from = [chapters.ROOT / "book" / f"{chapter}.md"]
    for pattern in SOURCES:
        made_from += chapters.ROOT.glob(pattern)
    if page.stat().st_mtime < max(path.stat().st_mtime for path in made_from):
        return {}
    return {each.anchor: each for each in explorers_in(page.read_text(encoding="utf-8"))}


def states_unlike_a_new_drawing(
    explorer: Explorer, packed: PackedExplorer | None = None
) -> list[dict[str, Any]]:
    """States whose packed picture or sentence is not what the function gives when called anew.

    All states are drawn from the last to the first, so that each follows another one than in the
    page, and every seventh once more on a canvas of its own.
    """
    packed = packed or packed_states(explorer)
    places = list(enumerate(explorer.states()))
    with figures.reused_canvases():
        unlike = [
            state for place, state in places[::-1] if _differs(explorer, packed, place, state)
        ]
    alone = [state for place, state in places[::7] if _differs(explorer, packed, place, state)]
    return unlike + alone


def _differs(explorer: Explorer, packed: PackedExplorer, place: int, state: dict[str, Any]) -> bool:
    figure, sentence = explorer(**state)
    svg = figures.svg_text(figure, salt=explorer.name)
    return (packed.svgs[place], packed.sentences[place]) != (svg, sentence)


NUMBER = r"(\d+(?:\.\d+)?)"


@lru_cache
def in_the_page(chapter: str, name: str) -> tuple[Explorer, PackedExplorer]:
    """An explorer and what the built page holds of it, or would hold if it were built now."""
    explorer = chapters.explorers(chapter)[name]
    built = built_explorers(chapter).get(f"explorer-{name}")
    return explorer, built or packed_states(explorer)


def states_and_sentences(chapter: str, name: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Each state of an explorer with its sentence."""
    explorer, packed = in_the_page(chapter, name)
    yield from zip(explorer.states(), packed.sentences, strict=True)


def states_and_numbers(
    chapter: str, name: str, pattern: str
) -> Iterator[tuple[dict[str, Any], list[float]]]:
    """Each state of an explorer with the numbers that ``pattern`` finds in its sentence.

    A minus sign is written as one in sentences, not as a hyphen.
    """
    for state, sentence in states_and_sentences(chapter, name):
        found = re.search(pattern, sentence)
        assert found, f"{state}: {sentence}"
        yield state, [float(text.replace("−", "-")) for text in found.groups()]
