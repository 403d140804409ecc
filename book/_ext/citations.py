"""Citations by author and year: ``Stock et al. (2021)`` and ``(Clopper and Pearson, 1934)``."""

from dataclasses import dataclass, field
from typing import Any

from pybtex.richtext import Tag, Text
from pybtex.style.template import FieldIsMissing, Node, first_of, node, optional
from pybtex.style.template import field as entry_field
from sphinx.application import Sphinx
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle, PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

STYLE = "book_author_year"
OTHERS = "others"


@node
def short_names(children: list[Any], data: dict[str, Any], role: str) -> Text:
    """One or two family names; from the third on, or with ``and others``, the first et al."""
    persons = data["entry"].persons.get(role)
    if not persons:
        raise FieldIsMissing(role, data["entry"])
    formatted = [data["style"].person.style_plugin.format(each, True) for each in persons]
    texts = [each.format_data(data) if isinstance(each, Node) else Text(each) for each in formatted]
    if len(persons) == 1:
        return texts[0]
    if len(persons) == 2 and str(persons[1]) != OTHERS:
        return Text(texts[0], " and ", texts[1])
    return Text(texts[0], " ", Tag("em", "et al."))


@dataclass
class ShortPersonStyle(PersonStyle):
    """Names as they stand in running text."""

    def names(self, role: str, full: bool) -> Node:
        """Return the template of the names in ``role``."""
        return super().names(role, full) if full else short_names(role=role)

    def author_or_editor_or_title(self, full: bool) -> Node:
        """Return the template of the names, or of the title of a work without any."""
        if full:
            return super().author_or_editor_or_title(full)
        return first_of[
            optional[short_names(role="author")],
            optional[short_names(role="editor")],
            optional[entry_field("shorttitle")],
            entry_field("title"),
        ]


def _round() -> BracketStyle:
    return BracketStyle(left="(", right=")", sep="; ")


@dataclass
class BookAuthorYear(AuthorYearReferenceStyle):
    """Author and year in round brackets."""

    bracket_textual: BracketStyle = field(default_factory=_round)
    bracket_parenthetical: BracketStyle = field(default_factory=_round)
    bracket_author: BracketStyle = field(default_factory=_round)
    bracket_label: BracketStyle = field(default_factory=_round)
    bracket_year: BracketStyle = field(default_factory=_round)
    person: PersonStyle = field(default_factory=ShortPersonStyle)


def setup(app: Sphinx) -> dict[str, Any]:
    register_plugin("sphinxcontrib.bibtex.style.referencing", STYLE, BookAuthorYear, force=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
