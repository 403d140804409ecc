"""Explorers as they stand in HTML: their markup, their controls and their packed states."""

import base64
import gzip
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

FIGURE = re.compile(r'<figure class="explorer".*?</figure>', re.DOTALL)
PACKED = re.compile(
    r'<script type="application/json" class="explorer-states" data-count="(\d+)">(.*?)</script>',
    re.DOTALL,
)
VOID = {"input", "br", "img", "meta", "link", "hr", "col", "source", "wbr", "area", "base"}


@dataclass(frozen=True)
class Element:
    """A start tag: its name, its attributes and the names of the elements around it."""

    tag: str
    attributes: dict[str, str | None]
    around: tuple[str, ...]


@dataclass(frozen=True)
class PackedExplorer:
    """An explorer read back from its HTML.

    Attributes:
        anchor: id of its figure.
        markup: its HTML, from ``<figure`` to ``</figure>``.
        count: number of states that the markup announces.
        svgs: the picture of each state.
        sentences: the sentence of each state.
        shown: printed values of each control, by control name, in order.
    """

    anchor: str
    markup: str
    count: int
    svgs: tuple[str, ...]
    sentences: tuple[str, ...]
    shown: dict[str, list[str]]


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Element] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(Element(tag, dict(attrs), tuple(self._open)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(Element(tag, dict(attrs), tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass


def elements(markup: str) -> list[Element]:
    """Every element of ``markup`` in document order."""
    parser = _Elements()
    parser.feed(markup)
    parser.close()
    return parser.found


def explorers_in(page: str) -> list[PackedExplorer]:
    """Every explorer of a page, in document order."""
    return [unpacked(markup) for markup in FIGURE.findall(page)]


def file_of(site: Path, page: str) -> Path:
    """The file of a page of the built book, by its name in the table of contents."""
    return site / "book" / f"{page}.html"


@lru_cache
def explorers_of(file: Path) -> list[PackedExplorer]:
    """Every explorer of a built page, in document order."""
    return explorers_in(file.read_text(encoding="utf-8"))


def unpacked(markup: str) -> PackedExplorer:
    """Read one explorer's states and controls back from its markup."""
    found = elements(markup)
    count, text = PACKED.search(markup).groups()
    states = json.loads(gzip.decompress(base64.b64decode(json.loads(text))))
    shown = {
        each.attributes["data-control"]: json.loads(each.attributes["data-shown"])
        for each in found
        if "data-control" in each.attributes
    }
    return PackedExplorer(
        anchor=found[0].attributes["id"],
        markup=markup,
        count=int(count),
        svgs=tuple(states["svgs"]),
        sentences=tuple(states["sentences"]),
        shown=shown,
    )
