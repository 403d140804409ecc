"""Tables of words that a phone can show: each row becomes a card whose lines name their column."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FEWEST_COLUMNS = 3
CARD_CLASS = "row-cards"
LABEL_CLASS = "cell-label"


def name_cells(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the column's name before each cell's text; the style sheet shows it on narrow pages."""
    for table in doctree.findall(nodes.table):
        group = next(iter(table.findall(nodes.tgroup)))
        heads = list(group.findall(nodes.thead))
        if not heads or group.get("cols", 0) < FEWEST_COLUMNS:
            continue
        names = [entry.astext() for entry in heads[0].findall(nodes.entry)]
        table["classes"].append(CARD_CLASS)
        for body in group.findall(nodes.tbody):
            for row in body.findall(nodes.row):
                for name, entry in zip(names, row.findall(nodes.entry), strict=False):
                    _name_cell(entry, name)


def _name_cell(entry: nodes.entry, name: str) -> None:
    label = nodes.inline("", f"{name}: ", classes=[LABEL_CLASS])
    if entry.children and isinstance(entry.children[0], nodes.paragraph):
        entry.children[0].insert(0, label)
    else:
        entry.insert(0, nodes.paragraph("", "", label))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-resolved", name_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
