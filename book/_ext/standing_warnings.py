"""A build that warned is not forgotten: the next build reads every page again.

Sphinx keeps what it read even when a warning stopped the build, so that a second run over the same
faulty text would be silent and pass. A mark beside the doctrees survives until a build is clean.
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

MARK = "warned"


def mark_of(app: Sphinx) -> Path:
    """Return the file whose presence says that the last build did not end clean."""
    return Path(app.doctreedir) / MARK


def set_mark(app: Sphinx) -> None:
    """Take the build for faulty until its end proves otherwise."""
    mark = mark_of(app)
    mark.with_suffix(".before").unlink(missing_ok=True)
    if mark.exists():
        mark.replace(mark.with_suffix(".before"))
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text("The build that wrote this file did not end clean.\n", encoding="utf-8")


def pages_to_read_again(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Return every page if the last build warned or broke off, else none."""
    before = mark_of(app).with_suffix(".before")
    return sorted(env.found_docs) if before.exists() else []


def clear_mark(app: Sphinx, exception: Exception | None) -> None:
    """Remove the mark after a clean build."""
    mark = mark_of(app)
    mark.with_suffix(".before").unlink(missing_ok=True)
    if exception is None and not app._warncount and app.statuscode == 0:
        mark.unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", set_mark)
    app.connect("env-get-outdated", pages_to_read_again)
    app.connect("build-finished", clear_mark, priority=990)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
