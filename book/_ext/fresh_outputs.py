"""Outputs of cells are computed anew when the code or data that they rest on changed.

The notebook cache knows a chapter's text only. This extension adds what else an output depends on:
the helper package, the data files, the stored results of the R scripts and the versions of the
numerical libraries. When one of them changes, the cache is emptied and every page is read again.
Chapters without a cached output are then executed two at a time, before Sphinx reads them.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import create_nb_reader
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
BUILD_VARIABLE = "INOBOOK_BUILD"
SOURCES = ("book/inobook/**/*.py", "data/**/*", "tests/oracle/*.R", "tests/oracle/*.out")
LIBRARIES = ("lifelines", "matplotlib", "numpy", "pandas", "scipy", "statsmodels")
STAMP = "computed_from.txt"


@dataclass(frozen=True)
class StaleChapter:
    """A chapter whose outputs are not in the cache."""

    docname: str
    path: Path
    notebook: NotebookNode


def announce_build(app: Sphinx) -> None:
    """Let the kernels know that a book is being built, so that explorers draw every state."""
    app.inobook_build_before = os.environ.get(BUILD_VARIABLE)
    os.environ[BUILD_VARIABLE] = "1"


def withdraw_announcement(app: Sphinx, exception: Exception | None) -> None:
    """Restore the environment variable as it was before the build."""
    before = app.inobook_build_before
    if before is None:
        os.environ.pop(BUILD_VARIABLE, None)
    else:
        os.environ[BUILD_VARIABLE] = before


def digest_of_sources(folder: Path, patterns: Iterable[str], libraries: Iterable[str]) -> str:
    """Return a digest of the files that match ``patterns`` and of the installed ``libraries``.

    Args:
        folder: root of the checkout; paths enter the digest relative to it.
        patterns: glob patterns below ``folder``.
        libraries: distribution names; one that is not installed counts as absent.
    """
    digest = hashlib.sha256()
    for file in sorted(set(_files(folder, patterns))):
        digest.update(file.relative_to(folder).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    for name in sorted(libraries):
        digest.update(f"{name}=={_installed_version(name)}".encode())
    return digest.hexdigest()


def _files(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        for file in folder.glob(pattern):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


def _installed_version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def empty_stale_cache(app: Sphinx) -> None:
    """Empty the notebook cache if it was filled from other sources than today's."""
    app.inobook_digest = digest_of_sources(
        Path(app.srcdir), app.config.fresh_outputs_sources, app.config.fresh_outputs_libraries
    )
    folder = Path(app.env.mystnb_config.execution_cache_path)
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == app.inobook_digest:
        return
    if folder.is_dir():
        LOGGER.info("[fresh outputs] package, data or libraries changed: cells run again")
        get_cache(folder).clear_cache()
    folder.mkdir(parents=True, exist_ok=True)
    stamp.write_text(app.inobook_digest + "\n", encoding="utf-8")


def pages_from_other_sources(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Return every page if the pages were read under another digest, else none."""
    read_under = getattr(env, "inobook_digest", None)
    env.inobook_digest = app.inobook_digest
    return [] if read_under == app.inobook_digest else sorted(env.found_docs)


def execute_stale_chapters(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Execute the chapters that the cache lacks, a few at a time, and cache their outputs.

    A chapter that fails is left to the reading of its page, which executes it once more and
    reports the error in its place.
    """
    settings = env.mystnb_config
    if settings.execution_mode != "cache" or not docnames:
        return
    cache = get_cache(settings.execution_cache_path)
    stale = [
        chapter for name in docnames if (chapter := _stale_chapter(env, cache, name)) is not None
    ]
    if len(stale) < 2:
        return
    LOGGER.info("[fresh outputs] executing %d chapters", len(stale))
    with ThreadPoolExecutor(max_workers=app.config.fresh_outputs_processes) as workers:
        results = workers.map(lambda chapter: _executed(settings, chapter), stale)
        for chapter, result in zip(stale, results, strict=True):
            if result.err is None:
                _keep(cache, chapter, result)


def _stale_chapter(
    env: BuildEnvironment, cache: JupyterCacheAbstract, docname: str
) -> StaleChapter | None:
    path = Path(env.doc2path(docname))
    settings = env.mystnb_config
    if not path.is_file() or any(
        path.match(pattern) for pattern in settings.execution_excludepatterns
    ):
        return None
    text = path.read_text(encoding="utf-8-sig")
    reader = create_nb_reader(str(path), env.myst_config, settings, text)
    if reader is None:
        return None
    notebook = reader.read(text)
    if settings.metadata_key in notebook.metadata:
        return None
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        return StaleChapter(docname, path, notebook)
    return None


def _executed(settings: Any, chapter: StaleChapter) -> ExecutionResult:
    return single_nb_execution(
        chapter.notebook,
        cwd=str(chapter.path.parent),
        allow_errors=settings.execution_allow_errors,
        timeout=settings.execution_timeout,
        meta_override=True,
    )


def _keep(cache: JupyterCacheAbstract, chapter: StaleChapter, result: ExecutionResult) -> None:
    LOGGER.info("[fresh outputs] %s: executed in %.1f s", chapter.docname, result.time)
    cache.cache_notebook_bundle(
        CacheBundleIn(chapter.notebook, str(chapter.path), data={"execution_seconds": result.time}),
        check_validity=False,
        overwrite=True,
    )


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("fresh_outputs_sources", list(SOURCES), "")
    app.add_config_value("fresh_outputs_libraries", list(LIBRARIES), "")
    app.add_config_value("fresh_outputs_processes", 2, "")
    app.connect("builder-inited", announce_build)
    app.connect("builder-inited", empty_stale_cache, priority=900)
    app.connect("env-get-outdated", pages_from_other_sources)
    app.connect("env-before-read-docs", execute_stale_chapters, priority=900)
    app.connect("build-finished", withdraw_announcement)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
