"""Every state of an explorer, as the built page holds it, compared with a fresh call."""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import chapters
from fresh_outputs import LIBRARIES, SOURCES, STAMP, digest_of_sources
from inobook import figures
from inobook.explore import Explorer
from pages_html import PackedExplorer, explorers_of, file_of, unpacked

BUILD = chapters.ROOT / "_build"


def packed_states(explorer: Explorer) -> PackedExplorer:
    """The explorer as a page would hold it if it were built now."""
    return unpacked(explorer.page_html())


@lru_cache
def made_since() -> float:
    """When the build began to use today's package, data and libraries; infinite if it did not."""
    stamp = BUILD / ".jupyter_cache" / STAMP
    today = digest_of_sources(chapters.ROOT, SOURCES, LIBRARIES)
    if not stamp.is_file() or stamp.read_text(encoding="utf-8").strip() != today:
        return math.inf
    return stamp.stat().st_mtime


def built_explorers(chapter: str) -> dict[str, PackedExplorer]:
    """The explorers of the built page, by id; none if it is older than what it was made from."""
    page, text = file_of(BUILD / "html", chapter), chapters.ROOT / "book" / f"{chapter}.md"
    if not page.is_file() or page.stat().st_mtime < max(made_since(), text.stat().st_mtime):
        return {}
    return {each.anchor: each for each in explorers_of(page)}


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
