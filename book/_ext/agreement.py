"""Published numbers in the text, linked to the cells that recompute them.

Chapters end with an agreement table; its rows are read from the page. From all rows come

- the directive ``agreement-page``: one table of every recomputed number;
- the role ``reported``: a printed number that links to its cell, or says that it is to come;
- the directive ``still-to-come``: which numbers of a page no chapter recomputes yet.
"""

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)
FIELDS = ("estimate", "ci_low", "ci_high", "n", "events", "p_value")
ROW_ATTRIBUTES = (
    "data-id",
    "data-field",
    "data-reported",
    "data-recomputed",
    "data-tolerance",
    "data-agrees",
    "data-cell",
    "data-label",
    "data-source",
)


class RowError(ValueError):
    """A row of an agreement table that lacks what the book needs; the message says what."""


@dataclass(frozen=True)
class AgreementRow:
    """A published number beside the number that a chapter recomputes.

    Attributes:
        result_id: identifier of the published result, such as ``1022.ph.ino.cr_cri``.
        field: which number of that result: one of ``FIELDS``.
        reported: the number as printed.
        recomputed: the number as the chapter shows it.
        tolerance: largest difference that still agrees.
        agrees: whether it does.
        cell: label of the cell that recomputes it, in the chapter's page.
        label: the number in words.
        source: what it was recomputed from.
        reason: why it stands here although it does not agree; otherwise empty.
    """

    result_id: str
    field: str
    reported: str
    recomputed: str
    tolerance: str
    agrees: bool
    cell: str
    label: str
    source: str
    reason: str = ""


class AgreementTableParser(HTMLParser):
    """Collects the attributes of the rows of agreement tables."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[dict[str, str]] = []
        self._open_tables: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._open_tables.append("agreement" in values.get("class", "").split())
        elif tag == "tr" and any(self._open_tables) and "data-id" in values:
            self.rows.append(values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._open_tables:
            self._open_tables.pop()


def rows_of_markup(markup: str) -> list[AgreementRow]:
    """Return the rows of the agreement tables in a piece of HTML.

    Raises:
        RowError: a row lacks an attribute, or one holds what it may not hold.
    """
    parser = AgreementTableParser()
    parser.feed(markup)
    parser.close()
    return [_row(values) for values in parser.rows]


def _row(values: dict[str, str]) -> AgreementRow:
    row_id = values["data-id"]
    missing = [name for name in ROW_ATTRIBUTES if not values.get(name)]
    if missing:
        raise RowError(f"the agreement row {row_id!r} lacks {', '.join(missing)}")
    if values["data-agrees"] not in ("true", "false"):
        raise RowError(
            f"the agreement row {row_id!r} has data-agrees={values['data-agrees']!r}; "
            "it must be true or false"
        )
    if values["data-field"] not in FIELDS:
        raise RowError(
            f"the agreement row {row_id!r} has data-field={values['data-field']!r}; "
            f"it must be one of {', '.join(FIELDS)}"
        )
    return AgreementRow(
        result_id=row_id,
        field=values["data-field"],
        reported=values["data-reported"],
        recomputed=values["data-recomputed"],
        tolerance=values["data-tolerance"],
        agrees=values["data-agrees"] == "true",
        cell=values["data-cell"],
        label=values["data-label"],
        source=values["data-source"],
        reason=values.get("data-reason", ""),
    )


# What the environment remembers: the rows of each page, the pages that show rows of others,
# and a digest that tells whether those must be written again.


def prepare(app: Sphinx) -> None:
    """Give the environment its places for rows and for the pages that show them."""
    _ensure_places(app.env)


def _ensure_places(env: BuildEnvironment) -> None:
    if not hasattr(env, "agreement_rows"):
        env.agreement_rows = {}
        env.agreement_readers = set()
        env.agreement_digest = ""


def forget_page(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop what a page contributed before it is read again or after it was removed."""
    _ensure_places(env)
    env.agreement_rows.pop(docname, None)
    env.agreement_readers.discard(docname)


def merge_pages(
    app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment
) -> None:
    """Take over what another process read."""
    _ensure_places(env)
    _ensure_places(other)
    for docname in docnames:
        if docname in other.agreement_rows:
            env.agreement_rows[docname] = other.agreement_rows[docname]
        if docname in other.agreement_readers:
            env.agreement_readers.add(docname)


def collect_rows(app: Sphinx, doctree: nodes.document) -> None:
    """Read the agreement tables of a page; a faulty row or a missing cell is a warning."""
    env = app.env
    rows: list[AgreementRow] = []
    for markup in doctree.findall(nodes.raw):
        if "html" not in markup.get("format", "").split() or "agreement" not in markup.astext():
            continue
        try:
            found = rows_of_markup(markup.astext())
        except RowError as error:
            LOGGER.warning("%s", error, location=markup)
            continue
        for row in found:
            _check_row(doctree, markup, row)
        rows += [_with_anchor(doctree, row) for row in found]
    if rows:
        env.agreement_rows[env.docname] = rows


def _check_row(doctree: nodes.document, markup: nodes.Node, row: AgreementRow) -> None:
    if anchor_of(doctree, row.cell) is None:
        LOGGER.warning(
            "the agreement row %r names the cell %r, but the page has no label (%s)=",
            row.result_id,
            row.cell,
            row.cell,
            location=markup,
        )
    if not row.agrees and not row.reason:
        LOGGER.warning(
            "%s (%s): reported %s, recomputed %s, tolerance %s: they do not agree",
            row.result_id,
            row.field,
            row.reported,
            row.recomputed,
            row.tolerance,
            location=markup,
        )


def anchor_of(doctree: nodes.document, cell: str) -> str | None:
    """Return the HTML id that the label ``cell`` has in a page, or None."""
    if cell in doctree.ids:
        return cell
    return doctree.nameids.get(nodes.fully_normalize_name(cell))


def _with_anchor(doctree: nodes.document, row: AgreementRow) -> AgreementRow:
    anchor = anchor_of(doctree, row.cell)
    return AgreementRow(**{**vars(row), "cell": anchor or row.cell})


def pages_to_write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return the pages that show rows, if any row or title of its chapter changed."""
    known = [
        (name, env.titles[name].astext(), rows) for name, rows in sorted(env.agreement_rows.items())
    ]
    order = [name for name in reading_order(env) if name in env.agreement_rows]
    digest = hashlib.sha256(repr((known, order)).encode()).hexdigest()
    if digest == env.agreement_digest:
        return []
    env.agreement_digest = digest
    return sorted(env.agreement_readers)


def reading_order(env: BuildEnvironment) -> list[str]:
    """Return all pages in the order of the table of contents."""
    ordered: dict[str, None] = {}

    def follow(docname: str) -> None:
        if docname not in ordered:
            ordered[docname] = None
            for child in env.toctree_includes.get(docname, []):
                follow(child)

    follow(env.config.root_doc)
    return [*ordered, *sorted(env.found_docs - ordered.keys())]


def all_rows(env: BuildEnvironment) -> list[tuple[str, AgreementRow]]:
    """Return every row with its page, in reading order."""
    return [
        (docname, row)
        for docname in reading_order(env)
        for row in env.agreement_rows.get(docname, [])
    ]


# The role.


class ReportedNumber(nodes.Inline, nodes.TextElement):
    """A printed number whose link is set when the rows of all chapters are known."""


class CitedNumber(nodes.Inline, nodes.TextElement):
    """A printed number that no chapter recomputes: it names its source and leads nowhere."""


class ReportedRole(SphinxRole):
    """``{reported}`id` ``, ``id:field``, and either of them with ``:bare`` or ``:unit``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        self.env.agreement_readers.add(self.env.docname)
        try:
            result_id, field, with_unit = requested(self.text)
            shown = printed_number(result_id, field, with_unit)
        except (KeyError, ValueError) as error:
            message = error.args[0] if error.args else str(error)
            LOGGER.warning("{reported}`%s`: %s", self.text, message, location=self.get_location())
            return [nodes.literal(self.rawtext, self.text)], []
        node = ReportedNumber(self.rawtext, shown, result_id=result_id, field=field)
        self.set_source_info(node)
        return [node], []


def requested(text: str) -> tuple[str, str, bool]:
    """Return result id, field and whether to show the unit, from the text of the role.

    Raises:
        ValueError: an unknown field or modifier.
    """
    result_id, *rest = (part.strip() for part in text.split(":"))
    field = rest.pop(0) if rest and rest[0] in FIELDS else "estimate"
    if rest == ["bare"]:
        return result_id, field, False
    if rest == ["unit"]:
        return result_id, field, True
    if rest:
        nearest = difflib.get_close_matches(rest[0], [*FIELDS, "bare", "unit"], n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise ValueError(
            f"{rest[0]!r} is neither a field ({', '.join(FIELDS)}) nor bare or unit{hint}"
        )
    return result_id, field, field == "estimate"


def printed_number(result_id: str, field: str, with_unit: bool) -> str:
    """Return a published number as printed; a percentage with its sign if ``with_unit``.

    Raises:
        KeyError: no such result; the message names the nearest identifiers.
        ValueError: the result has no such number.
    """
    from inobook import published

    result = published.result(result_id)
    shown = result.field(field).printed
    return f"{shown}%" if with_unit and result.unit == "%" else shown


def link_numbers(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn the numbers of a page into links to the cells that recompute them."""
    numbers = list(doctree.findall(ReportedNumber))
    lists = list(doctree.findall(NumbersStillToCome))
    if not numbers and not lists:
        return
    places = cells_of_numbers(app.env)
    to_come = [number for number in numbers if _key(number) not in places]
    for node in lists:
        node.replace_self(_still_to_come(len(numbers), to_come))
    for number in numbers:
        place = places.get(_key(number))
        if place is None:
            linked: nodes.TextElement = CitedNumber(
                "", number.astext(), source=source_of(number["result_id"])
            )
        else:
            linked = _link(app, docname, *place, text=number.astext())
        number.replace_self(linked)


def cells_of_numbers(env: BuildEnvironment) -> dict[tuple[str, str], tuple[str, str]]:
    """Return page and anchor of the first cell that recomputes each number."""
    places: dict[tuple[str, str], tuple[str, str]] = {}
    for docname, row in all_rows(env):
        if row.agrees or row.reason:
            places.setdefault((row.result_id, row.field), (docname, row.cell))
    return places


def _key(number: ReportedNumber) -> tuple[str, str]:
    return number["result_id"], number["field"]


def _link(app: Sphinx, docname: str, chapter: str, anchor: str, text: str) -> nodes.reference:
    address = app.builder.get_relative_uri(docname, chapter) if chapter != docname else ""
    title = f"Recomputed in: {app.env.titles[chapter].astext()}"
    return nodes.reference(
        "", text, internal=True, refuri=f"{address}#{anchor}", reftitle=title, classes=["reported"]
    )


def source_of(result_id: str) -> str:
    """Return whom a published result is quoted from, such as ``Reported by Stock et al. 2021``."""
    from inobook import published

    citations = published.result(result_id).citation
    return f"Reported by {'; '.join(map(published.short_citation, citations))}"


def visit_cited_number(writer: HTML5Translator, node: CitedNumber) -> None:
    """Open the element of a number that is quoted."""
    writer.body.append(
        writer.starttag(node, "span", "", CLASS="reported cited", title=node["source"])
    )


def depart_cited_number(writer: HTML5Translator, node: CitedNumber) -> None:
    """Close the element of a number that is quoted."""
    writer.body.append("</span>")


# The directives.


class NumbersStillToCome(nodes.General, nodes.Element):
    """Stands where a page says which of its numbers are still to come."""


class StillToCome(SphinxDirective):
    """Says which numbers of this page no chapter recomputes yet; nothing if there are none."""

    def run(self) -> list[nodes.Node]:
        self.env.agreement_readers.add(self.env.docname)
        node = NumbersStillToCome()
        self.set_source_info(node)
        return [node]


def _still_to_come(total: int, to_come: Sequence[ReportedNumber]) -> list[nodes.Node]:
    if not to_come:
        return []
    names = list(dict.fromkeys(label_of(number["result_id"]) for number in to_come))
    linked = total - len(to_come)
    sentence = (
        f"Of the {total} published numbers on this page, {linked} "
        f"{'links' if linked == 1 else 'link'} to the cell that recomputes "
        f"{'it' if linked == 1 else 'them'}; the other {len(to_come)} "
        f"{'waits' if len(to_come) == 1 else 'wait'} for chapters still to come: "
        f"{'; '.join(names)}."
    )
    return [nodes.paragraph("", sentence, classes=["numbers-still-to-come"])]


def label_of(result_id: str) -> str:
    """Return a published result in words."""
    from inobook import published

    result = published.result(result_id)
    return f"{result.endpoint}, {result.arm}, {result.population} (study {result.study})"


class AllAgreementRows(nodes.General, nodes.Element):
    """Stands where the table of all recomputed numbers goes."""


class AgreementPage(SphinxDirective):
    """The table of every recomputed number of the book."""

    def run(self) -> list[nodes.Node]:
        self.env.agreement_readers.add(self.env.docname)
        node = AllAgreementRows()
        self.set_source_info(node)
        return [node]


def fill_agreement_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the summary line and the table in their place."""
    for node in list(doctree.findall(AllAgreementRows)):
        rows = all_rows(app.env)
        summary = nodes.paragraph("", summary_line(rows), classes=["agreement-summary"])
        node.replace_self([summary, _table(app, docname, rows)] if rows else [summary])


def summary_line(rows: Sequence[tuple[str, AgreementRow]]) -> str:
    """Return how many numbers agree, in a sentence."""
    if not rows:
        return "No chapter recomputes a published number yet."
    pages = len({docname for docname, _row in rows})
    agreeing = sum(row.agrees for _docname, row in rows)
    numbers = "number" if len(rows) == 1 else "numbers"
    chapters = "chapter" if pages == 1 else "chapters"
    verb = "agrees" if agreeing == 1 else "agree"
    failing = len(rows) - agreeing
    does = "does" if failing == 1 else "do"
    rest = f"; {failing} {does} not, for the reason that the table gives" if failing else ""
    sources = Counter(row.source for _docname, row in rows)
    split = ", ".join(f"{count} from {source}" for source, count in sources.most_common())
    return (
        f"{len(rows)} published {numbers} recomputed in {pages} {chapters}; "
        f"{agreeing} {verb}{rest}. "
        f"They were computed as follows: {split}."
    )


COLUMNS = (
    "Published number",
    "Reported",
    "Recomputed",
    "Tolerance",
    "Computed from",
    "Agrees",
    "Chapter",
)


def _table(app: Sphinx, docname: str, rows: Sequence[tuple[str, AgreementRow]]) -> nodes.table:
    group = nodes.tgroup(cols=len(COLUMNS))
    group += nodes.colspec(colwidth=1, stub=1)
    group += [nodes.colspec(colwidth=1) for _ in COLUMNS[1:]]
    group += nodes.thead("", nodes.row("", *(_entry(nodes.Text(name)) for name in COLUMNS)))
    body = nodes.tbody()
    for chapter, row in rows:
        body += nodes.row(
            "",
            _entry(_link_to_cell(app, docname, chapter, row)),
            _entry(nodes.Text(row.reported)),
            _entry(nodes.Text(row.recomputed)),
            _entry(nodes.Text(f"±{row.tolerance}")),
            _entry(nodes.Text(row.source)),
            _entry(nodes.Text("yes" if row.agrees else f"no: {row.reason}")),
            _entry(nodes.Text(app.env.titles[chapter].astext())),
        )
    group += body
    return nodes.table("", group, classes=["agreement", "all-chapters"])


def _link_to_cell(app: Sphinx, docname: str, chapter: str, row: AgreementRow) -> nodes.reference:
    link = _link(app, docname, chapter, row.cell, text=row.label)
    link["classes"] = ["internal"]
    return link


def _entry(content: nodes.Node) -> nodes.entry:
    return nodes.entry("", nodes.paragraph("", "", content))


def setup(app: Sphinx) -> dict[str, Any]:
    for node in (ReportedNumber, NumbersStillToCome, AllAgreementRows):
        app.add_node(node)
    app.add_node(CitedNumber, html=(visit_cited_number, depart_cited_number))
    app.add_role("reported", ReportedRole())
    app.add_directive("still-to-come", StillToCome)
    app.add_directive("agreement-page", AgreementPage)
    app.connect("builder-inited", prepare)
    app.connect("env-purge-doc", forget_page)
    app.connect("env-merge-info", merge_pages)
    app.connect("doctree-read", collect_rows)
    app.connect("env-updated", pages_to_write_again)
    app.connect("doctree-resolved", link_numbers)
    app.connect("doctree-resolved", fill_agreement_page)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
