"""Mends for what the theme and other extensions leave inaccessible, made as a page is written.

Only start tags that need a mend are rewritten; every other character of a page stays as it was.
"""

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import accumulate
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
Attributes = dict[str, str | None]
FILE_PATH = re.compile(r"[\w./\\-]+\.(?:png|svg|jpe?g|gif|webp)", re.IGNORECASE)


def _classes(attributes: Attributes) -> set[str]:
    return set((attributes.get("class") or "").split())


def mend_search_button(tag: str, attributes: Attributes) -> None:
    """Let the search field be named by the words that it shows."""
    if tag == "button" and "search-button-field" in _classes(attributes):
        attributes.pop("aria-label", None)


def mend_sidebar_toggle(tag: str, attributes: Attributes) -> None:
    """Name the sidebars' buttons, which show a picture only."""
    if tag == "button" and "sidebar-toggle" in _classes(attributes):
        attributes.setdefault("aria-label", attributes.get("title") or "Toggle sidebar")


def mend_summary(tag: str, attributes: Attributes) -> None:
    """Let the line that opens a hidden cell be named by the words that it shows."""
    if tag == "summary" and attributes.get("aria-label") == "Toggle hidden content":
        del attributes["aria-label"]


def mend_citation(tag: str, attributes: Attributes) -> None:
    """Make each reference an item of the list of references."""
    if attributes.get("role") == "doc-biblioentry":
        attributes["role"] = "listitem"


def mend_heading_link(tag: str, attributes: Attributes) -> None:
    """Name the link beside a heading, figure or formula, which shows a sign only."""
    if tag == "a" and "headerlink" in _classes(attributes):
        attributes.setdefault("aria-label", attributes.get("title") or "Link to this place")


def mend_data_frame(tag: str, attributes: Attributes) -> None:
    """Leave the border of a pandas table to the style sheet."""
    if tag == "table" and "dataframe" in _classes(attributes):
        attributes.pop("border", None)


def mend_repeated_id(tag: str, attributes: Attributes) -> None:
    """Drop the identifiers that every exercise and every solution repeats."""
    if attributes.get("id") in ("exercise-content", "solution-content"):
        del attributes["id"]


MENDS: tuple[Callable[[str, Attributes], None], ...] = (
    mend_search_button,
    mend_sidebar_toggle,
    mend_summary,
    mend_citation,
    mend_heading_link,
    mend_data_frame,
    mend_repeated_id,
)


class PageMender(HTMLParser):
    """Finds the tags of a page to rewrite, and the pictures that nobody described."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self._page = page
        self._line_starts = [0, *accumulate(len(line) for line in page.splitlines(keepends=True))]
        self._edits: list[tuple[int, int, str]] = []
        self._empty_header: tuple[int, int, Attributes] | None = None
        self._in_table_head = False
        self.undescribed: list[str] = []

    def mended(self) -> str:
        """Return the page with its mends."""
        self.feed(self._page)
        self.close()
        pieces, position = [], 0
        for start, end, text in sorted(self._edits):
            pieces += [self._page[position:start], text]
            position = end
        return "".join([*pieces, self._page[position:]])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._offset()
        end = start + len(self.get_starttag_text() or "")
        attributes: Attributes = dict(attrs)
        before = dict(attributes)
        for mend in MENDS:
            mend(tag, attributes)
        self._mend_table(tag, start, end, attributes)
        self._note_picture(tag, attributes)
        if attributes != before:
            self._edits.append((start, end, start_tag(tag, attributes, self._page[end - 2])))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self._empty_header = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "thead":
            self._in_table_head = False
        if tag == "th" and self._empty_header is not None:
            self._turn_into_cell(*self._empty_header)
        self._empty_header = None

    def _mend_table(self, tag: str, start: int, end: int, attributes: Attributes) -> None:
        self._empty_header = None
        if tag == "thead":
            self._in_table_head = True
        elif tag == "th":
            attributes.setdefault("scope", "col" if self._in_table_head else "row")
            self._empty_header = (start, end, attributes)

    def _turn_into_cell(self, start: int, end: int, attributes: Attributes) -> None:
        attributes = {name: value for name, value in attributes.items() if name != "scope"}
        self._edits = [edit for edit in self._edits if edit[0] != start]
        self._edits.append((start, end, start_tag("td", attributes)))
        closing = self._offset()
        self._edits.append((closing, closing + len("</th>"), "</td>"))

    def _note_picture(self, tag: str, attributes: Attributes) -> None:
        if tag != "img" or attributes.get("role") == "presentation":
            return
        words = attributes.get("alt")
        if words is None or FILE_PATH.fullmatch(words.strip()):
            self.undescribed.append(attributes.get("src") or "(no src)")

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column


def start_tag(tag: str, attributes: Attributes, last_but_one: str = "") -> str:
    """Return a start tag as text; ``last_but_one`` is ``/`` for a tag that closes itself."""
    written = "".join(
        f" {name}" if value is None else f' {name}="{html.escape(value, quote=True)}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{written}{' /' if last_but_one == '/' else ''}>"


def mended(page: str) -> str:
    """Return a page in which the known faults of theme and extensions are mended."""
    return PageMender(page).mended()


def mend_while_writing(app: Sphinx) -> None:
    """Pass each page through the mends between its template and its file."""
    if app.builder.format != "html":
        return
    templates = app.builder.templates
    render = templates.render

    def render_and_mend(template: str, context: dict[str, Any]) -> str:
        page = render(template, context)
        if not template.endswith(".html"):
            return page
        mender = PageMender(page)
        mended_page = mender.mended()
        for picture in mender.undescribed:
            LOGGER.warning(
                "the picture %s has no description in words: give it an alt text",
                picture,
                location=context.get("pagename"),
            )
        return mended_page

    templates.render = render_and_mend


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", mend_while_writing, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
