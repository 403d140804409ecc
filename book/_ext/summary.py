"""Totals of a built book: written by the build, printed by ``python book/_ext/summary.py``."""

import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FILE_NAME = "summary.json"
PART = re.compile(r"^Part\b")
EXPLORER = re.compile(r"""<figure\b[^>]*\bclass=["'](?:[^"']*\s)?explorer[\s"']""")


class NoSummaryError(FileNotFoundError):
    """There is no built book to sum up."""


@dataclass(frozen=True)
class Totals:
    """What a built book holds.

    Attributes:
        chapters: pages that stand in a Part.
        explorers: explorers on all pages.
        agreeing_numbers: published numbers that the recomputed ones agree with.
        numbers: published numbers that are recomputed.
        heaviest_page: address of the largest page, relative to the book.
        heaviest_page_bytes: its size in bytes.
    """

    chapters: int
    explorers: int
    agreeing_numbers: int
    numbers: int
    heaviest_page: str
    heaviest_page_bytes: int


def chapters(app: "Sphinx") -> list[str]:
    """Return the pages in the Parts of the table of contents, in reading order."""
    site_map = app.config.external_site_map
    return [
        str(item).removesuffix(".md")
        for part in site_map.root.subtrees
        if PART.match(part.caption or "")
        for item in part.items
    ]


def count_explorers(page: str) -> int:
    """Return the number of explorers in the HTML of a page."""
    return len(EXPLORER.findall(page))


def totals_of(app: "Sphinx") -> Totals:
    """Return the totals of the book that ``app`` has just built."""
    rows = [row for page in app.env.agreement_rows.values() for row in page]
    folder = Path(app.outdir)
    pages = {
        name: (folder / app.builder.get_target_uri(name)).read_bytes()
        for name in sorted(app.env.found_docs)
    }
    heaviest = max(pages, key=lambda name: len(pages[name]))
    return Totals(
        chapters=len(chapters(app)),
        explorers=sum(count_explorers(page.decode("utf-8")) for page in pages.values()),
        agreeing_numbers=sum(row.agrees for row in rows),
        numbers=len(rows),
        heaviest_page=app.builder.get_target_uri(heaviest),
        heaviest_page_bytes=len(pages[heaviest]),
    )


def write_totals(app: "Sphinx", exception: Exception | None) -> None:
    """Write the totals beside the built book; after a failed build there are none."""
    if app.builder.format != "html":
        return
    file = Path(app.outdir).parent / FILE_NAME
    if exception is not None or app.statuscode != 0:
        file.unlink(missing_ok=True)
        return
    file.write_text(json.dumps(asdict(totals_of(app)), indent=1) + "\n", encoding="utf-8")


def report(build_folder: Path) -> str:
    """Return the totals and the book's address as two lines.

    Raises:
        NoSummaryError: no build of the book has ended well.
    """
    file = build_folder / FILE_NAME
    if not file.is_file():
        raise NoSummaryError(f"{file} is missing: build the book first")
    totals = Totals(**json.loads(file.read_text(encoding="utf-8")))
    address = (build_folder / "html" / "index.html").resolve().as_uri()
    return (
        f"{_counted(totals.chapters, 'chapter')}, {_counted(totals.explorers, 'explorer')}, "
        f"{totals.agreeing_numbers} of {totals.numbers} published numbers agree\n"
        f"Book: {address}"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def setup(app: "Sphinx") -> dict[str, Any]:
    app.connect("build-finished", write_totals, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    try:
        print(report(Path(__file__).resolve().parents[2] / "_build"))
    except NoSummaryError as error:
        sys.exit(str(error))
