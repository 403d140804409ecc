"""The line at the foot of every page: what the book is for, its licences, its patients."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
ANCHOR = "safety"
SENTENCES = (
    "For teaching, never for treating a patient.",
    "Text and figures CC BY 4.0, code BSD-3-Clause.",
    "Patients shown are synthetic.",
)


def footer_html(front_page: str) -> str:
    """Return the line, its first sentence linking to the front page's own words on safety."""
    purpose, *rest = SENTENCES
    return (
        f'<p class="safety-line"><a href="{front_page}#{ANCHOR}">{purpose}</a> {" ".join(rest)}</p>'
    )


def add_footer(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put the line into the theme's footer."""
    front_page = context["pathto"](app.config.root_doc)
    context["theme_extra_footer"] = footer_html("" if front_page == "#" else front_page)


def check_anchor(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn if the front page has no place that the line could link to."""
    labels = env.get_domain("std").anonlabels
    if labels.get(ANCHOR, ("", ""))[0] != app.config.root_doc:
        LOGGER.warning(
            "the front page needs the label (%s)= above its words on safety: "
            "the foot of every page links to it",
            ANCHOR,
            location=app.config.root_doc,
        )


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", add_footer)
    app.connect("env-check-consistency", check_anchor)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
