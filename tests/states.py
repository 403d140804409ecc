"""Every state of an explorer, compared with a fresh call of its function."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import chapters
from inobook import figures
from inobook.explore import Explorer
from pages_html import PackedExplorer, unpacked


def packed_states(explorer: Explorer) -> PackedExplorer:
    """The explorer as the built page holds it."""
    return unpacked(explorer.page_html())


def states_unlike_a_fresh_call(
    explorer: Explorer, packed: PackedExplorer | None = None
) -> list[dict[str, Any]]:
    """States whose packed picture or sentence is not what a fresh call of the function gives."""
    packed = packed or packed_states(explorer)
    unlike = []
    for position, state in enumerate(explorer.states()):
        figure, sentence = explorer(**state)
        svg = figures.svg_text(figure, salt=explorer.name)
        if (packed.svgs[position], packed.sentences[position]) != (svg, sentence):
            unlike.append(state)
    return unlike


NUMBER = r"(\d+(?:\.\d+)?)"


@lru_cache
def in_the_page(chapter: str, name: str) -> tuple[Explorer, PackedExplorer]:
    explorer = chapters.explorers(chapter)[name]
    return explorer, packed_states(explorer)


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
