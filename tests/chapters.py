"""The book's chapters as tests see them: their code cells, run in one namespace, and their explorers."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import jupytext
import yaml
from IPython.core.interactiveshell import InteractiveShell

from inobook.explore import Explorer

ROOT = Path(__file__).resolve().parents[1]


def chapters() -> list[str]:
    """Names of the executed chapters, such as ``endpoints/response``, in the book's order."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    return [
        page.removeprefix("book/")
        for page in pages
        if "{code-cell}" in (ROOT / f"{page}.md").read_text(encoding="utf-8")
    ]


@lru_cache
def namespace(chapter: str) -> dict[str, Any]:
    """Run every code cell of ``chapter`` in order and return what it defined.

    Raises:
        AssertionError: a cell failed; the message holds the cell and its error.
    """
    notebook = jupytext.read(ROOT / "book" / f"{chapter}.md")
    shell = InteractiveShell()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source, store_history=False)
            assert result.success, f"{chapter}: {result.error_in_exec or result.error_before_exec}\n{cell.source}"
    return shell.user_ns


def explorers(chapter: str) -> dict[str, Explorer]:
    """The explorers that ``chapter`` defines, by name."""
    found = [value for value in namespace(chapter).values() if isinstance(value, Explorer)]
    return {explorer.name: explorer for explorer in found}
