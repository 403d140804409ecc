"""Formulas are turned into MathML Core when the book is built: no script, no other host."""

import html
from functools import lru_cache
from typing import Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)


class FormulaError(ValueError):
    """LaTeX that cannot be rendered; the message names the place in the formula and the fault."""


@lru_cache(maxsize=1)
def _converter() -> LatexToMathML:
    return LatexToMathML(pretty_print="never", fancy_error=False)


def rendered(latex: str, display: bool = False) -> str:
    """Return ``latex`` as a MathML Core element.

    Args:
        latex: a formula without its delimiters.
        display: whether it stands on a line of its own.

    Raises:
        FormulaError: unknown command, unbalanced group or the like.
    """
    try:
        return _converter().convert_with_local_state(latex.strip(), displaystyle=display)
    except LatexError as error:
        place, _colon, fault = str(error).partition(":")
        raise FormulaError(f"at character {place}: {fault.strip()}") from error


def display_source(latex: str) -> str:
    """Return LaTeX for a block in which blank lines or ``\\\\`` separate equations."""
    equations = [part.strip() for part in latex.split("\n\n") if part.strip()]
    joined = r" \\ ".join(equations)
    needs_rows = len(equations) > 1 or (r"\\" in joined and r"\begin" not in joined)
    return rf"\begin{{aligned}} {joined} \end{{aligned}}" if needs_rows else joined


def _mathml_or_warning(node: nodes.Element, latex: str, display: bool) -> str:
    try:
        return rendered(latex, display)
    except FormulaError as error:
        LOGGER.warning("the formula %r cannot be rendered: %s", latex, error, location=node)
        return f'<code class="formula-fault">{html.escape(latex)}</code>'


def visit_inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    writer.body.append(writer.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    writer.body.append(_mathml_or_warning(node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def visit_display(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own, with its number and a link to itself."""
    latex = node.astext() if node.get("nowrap") else display_source(node.astext())
    writer.body.append(writer.starttag(node, "div", CLASS="math notranslate nohighlight"))
    writer.body.append('<div class="formula">')
    writer.body.append(_mathml_or_warning(node, latex, display=True))
    writer.body.append("</div>")
    if node.get("number"):
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})')
        writer.add_permalink_ref(node, _("Link to this equation"))
        writer.body.append("</span>")
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
