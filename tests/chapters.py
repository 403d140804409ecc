"""The book's chapters as tests see them: prose, code cells, what the cells define, explorers."""

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jupytext
import yaml
from inobook.explore import Explorer
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
DIRECTIVE = re.compile(r"^(?::{3,}|`{3,}).*$", re.MULTILINE)
OPTION = re.compile(r"^:[a-z-]+:.*$", re.MULTILINE)
TARGET = re.compile(r"^\([\w-]+\)=$", re.MULTILINE)
ROLE = re.compile(r"\{[a-z:]+\}`([^`]*)`")
DISPLAY_MATHS = re.compile(r"\$\$.*?\$\$", re.DOTALL)
WORD = re.compile(r"[^\W_]+(?:['’.,%-]?[^\W_]+)*")


def pages() -> list[str]:
    """Names of all pages in reading order, such as ``index`` or ``endpoints/response``."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    named = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    return [page.removeprefix("book/") for page in [contents["root"], *named]]


def source(page: str) -> str:
    """The text of a page as its author wrote it."""
    return (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")


def chapters() -> list[str]:
    """Names of the executed chapters, such as ``endpoints/response``, in the book's order."""
    return [page for page in pages() if "{code-cell}" in source(page)]


@lru_cache
def cells(chapter: str) -> tuple[NotebookNode, ...]:
    """The cells of ``chapter``, as a notebook has them."""
    return tuple(jupytext.read(ROOT / "book" / f"{chapter}.md").cells)


def tags(cell: NotebookNode) -> set[str]:
    """The tags of a cell, such as ``hide-input``."""
    return set(cell.metadata.get("tags", []))


def words_of_prose(chapter: str) -> int:
    """Count the words that a reader reads: text, tables, boxes, exercises and their solutions.

    Cells, directives with their options, labels, displayed formulas and links' targets do not
    count; a role counts with what it shows, a glued number as one word.
    """
    text = "\n".join(cell.source for cell in cells(chapter) if cell.cell_type == "markdown")
    for markup in (DISPLAY_MATHS, DIRECTIVE, OPTION, TARGET):
        text = markup.sub(" ", text)
    text = ROLE.sub(lambda role: re.sub(r"\s*<.*>$", "", role[1]), text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return len(WORD.findall(text))


@lru_cache
def namespace(chapter: str) -> dict[str, Any]:
    """Run every code cell of ``chapter`` in order and return what it defined.

    Raises:
        AssertionError: a cell failed; the message holds the cell and its error.
    """
    shell = InteractiveShell()
    for cell in cells(chapter):
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source, store_history=False)
            fault = result.error_in_exec or result.error_before_exec
            assert result.success, f"{chapter}: {fault}\n{cell.source}"
    return shell.user_ns


def explorers(chapter: str) -> dict[str, Explorer]:
    """The explorers that ``chapter`` defines, by name."""
    found = [value for value in namespace(chapter).values() if isinstance(value, Explorer)]
    return {explorer.name: explorer for explorer in found}


def visible_pairs(chapter: str) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    """Pairs of code cells that a reader sees with nothing between them.

    Cells tagged ``remove-cell`` are not in the page and neither separate nor join others.
    """
    seen = [cell for cell in cells(chapter) if "remove-cell" not in tags(cell)]
    for first, second in itertools.pairwise(seen):
        if first.cell_type == second.cell_type == "code":
            yield first, second
