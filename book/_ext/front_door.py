"""``index.html`` at the root of the built book: a small page that opens the front page."""

import html
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

TEMPLATE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={target}">
<title>{title}</title>
</head>
<body>
<main>
<h1>{title}</h1>
<p><a href="{target}">Open the book</a></p>
</main>
</body>
</html>
"""


def door(title: str, language: str, target: str) -> str:
    """Return the page that leads to ``target``, an address relative to it."""
    return TEMPLATE.format(
        title=html.escape(title), language=html.escape(language), target=html.escape(target)
    )


def hang_door(app: Sphinx, exception: Exception | None) -> None:
    """Write the page unless the front page itself stands at the root."""
    if exception is not None or app.builder.format != "html" or app.config.root_doc == "index":
        return
    language = (app.config.language or "en").replace("_", "-")
    page = door(app.config.html_title, language, app.builder.get_target_uri(app.config.root_doc))
    file = Path(app.outdir) / "index.html"
    if not file.is_file() or file.read_text(encoding="utf-8") != page:
        file.write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", hang_door)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
