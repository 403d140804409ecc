"""Pages are written anew when a style sheet or script of the book changed.

Sphinx copies these files only in a build that writes at least one page, so an edit of a style
sheet alone would not be seen. Their digest is a setting here, and a changed setting writes all.
"""

from pathlib import Path
from typing import Any

from fresh_outputs import digest_of_sources
from sphinx.application import Sphinx
from sphinx.config import Config

LOOK = ("book/_static/**/*",)


def note_look(app: Sphinx, config: Config) -> None:
    """Record the digest of the style sheets and scripts among the settings of the pages."""
    config.fresh_look_digest = digest_of_sources(Path(app.srcdir), LOOK, ())


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("fresh_look_digest", "", "html")
    app.connect("config-inited", note_look)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
