"""Pages load nothing from another host, and say nothing about the machine that built them.

What the stock extensions would load (Thebe, require.js, the widget manager) is left out. When the
build ends, every new page, style sheet and script is read; a load from another host or a path of
this machine fails the build and is named with its page. Links that a reader follows are free.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
RECORD = "clean_files.json"
CHECKED = (".html", ".css", ".js", ".mjs", ".svg")

ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//[^/\s]", re.IGNORECASE)
CSS_LOAD = re.compile(
    r"""(?:url\(\s*["']?|@import\s+["'])(\s*(?:https?:)?//[^"')\s]+)""", re.IGNORECASE
)
SCRIPT_LOAD = re.compile(
    r"""(?:\b(?:fetch|import|importScripts|Worker|WebSocket|EventSource|sendBeacon)\(\s*"""
    r"""|\bfrom\s*|\bimport\s*|\.(?:src|href)\s*=\s*|\.open\(\s*["'][A-Z]+["']\s*,\s*"""
    r"""|\b\w*_JS_URL\s*=\s*)"""
    r"""["'`]((?:https?:|wss?:)?//[^"'`\s]+)""",
)
LOADING_ATTRIBUTES = {
    "audio": ("src",),
    "embed": ("src",),
    "form": ("action",),
    "iframe": ("src", "srcdoc"),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
LOADING_RELATIONS = {
    "dns-prefetch",
    "icon",
    "manifest",
    "modulepreload",
    "preconnect",
    "prefetch",
    "preload",
    "shortcut",
    "stylesheet",
    "apple-touch-icon",
}
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
UNWANTED_SCRIPT = re.compile(r"thebe|require\.min\.js|html-manager|mathjax", re.IGNORECASE)
UNWANTED_MARKUP = re.compile(
    rf"text/x-thebe-config|<script>kernelName|{re.escape(WIDGET_STATE)}", re.IGNORECASE
)


@dataclass(frozen=True)
class Fault:
    """Something in a built file that must not be there."""

    file: str
    what: str


class PageLoads(HTMLParser):
    """Collects the addresses that a browser would load while it shows a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.addresses: list[str] = []
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._inside = tag if tag in ("script", "style") else None
        for name in LOADING_ATTRIBUTES.get(tag, ()):
            for candidate in _candidates(name, values.get(name, "")):
                self._note(candidate)
        if tag == "link" and set(values.get("rel", "").lower().split()) & LOADING_RELATIONS:
            self._note(values.get("href", ""))
        if tag == "base":
            self._note(values.get("href", ""))
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self._note(values.get("content", "").partition("=")[2])
        self.addresses += CSS_LOAD.findall(values.get("style", ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._inside = None

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.addresses += CSS_LOAD.findall(data)
        elif self._inside == "script":
            self.addresses += SCRIPT_LOAD.findall(data)

    def _note(self, address: str) -> None:
        if ELSEWHERE.match(address):
            self.addresses.append(address.strip())


def _candidates(name: str, value: str) -> Iterator[str]:
    if name == "srcset":
        yield from (part.split()[0] for part in value.split(",") if part.split())
    elif name == "srcdoc":
        yield from loads_of_page(value)
    elif value:
        yield value


def loads_of_page(text: str) -> list[str]:
    """Return the addresses on other hosts that a browser would load for the page ``text``."""
    parser = PageLoads()
    parser.feed(text)
    parser.close()
    return parser.addresses


def loads_of_file(name: str, text: str) -> list[str]:
    """Return the addresses on other hosts that a page, style sheet or script would load."""
    if name.endswith(".css"):
        return [address.strip() for address in CSS_LOAD.findall(text)]
    if name.endswith((".js", ".mjs")):
        return [address.strip() for address in SCRIPT_LOAD.findall(text)]
    return loads_of_page(text)


def machine_paths(text: str, folders: Iterable[str]) -> list[str]:
    """Return those of ``folders``, and of the kernels' temporary files, that ``text`` names.

    A folder is also found in the form that JSON or HTML gives it.
    """
    found = []
    for folder in folders:
        spellings = {folder, folder.replace("\\", "\\\\"), folder.replace("\\", "/")}
        spellings |= {html.escape(each) for each in spellings}
        if any(re.search(re.escape(each) + r"(?![\w.-])", text) for each in spellings):
            found.append(folder)
    return found + sorted(set(re.findall(r"[\w/\\.:-]*ipykernel_\d+", text)))


def leave_out_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Take the scripts and styles that the book does without from a page."""
    for kind in ("script_files", "css_files"):
        if kind in context:
            context[kind] = [asset for asset in context[kind] if not _unwanted(asset)]


def _unwanted(asset: Any) -> bool:
    attributes = getattr(asset, "attributes", {})
    return bool(UNWANTED_SCRIPT.search(f"{asset} {attributes.get('body', '')}"))


def leave_out_markup(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Take Thebe's configuration and the state of live widgets from a page."""
    for node in list(doctree.findall(nodes.raw)):
        if UNWANTED_MARKUP.search(node.astext()):
            node.parent.remove(node)


def leave_out_files(app: Sphinx) -> None:
    """Keep Thebe's own files out of the built book."""
    app.config.html_static_path[:] = [
        folder for folder in app.config.html_static_path if "sphinx_thebe" not in Path(folder).parts
    ]


def faults_of_file(file: Path, name: str, private_folders: Iterable[str]) -> list[Fault]:
    """Return what a built file must not load or name.

    Args:
        file: a page, style sheet, script or picture of the built book.
        name: what to call it in a message.
        private_folders: paths of this machine that no page may show.
    """
    text = file.read_text(encoding="utf-8", errors="replace")
    faults = [
        Fault(name, f"loads {address} from another host") for address in loads_of_file(name, text)
    ]
    if file.suffix == ".html":
        faults += [
            Fault(name, f"shows the path {path} of the machine that built it")
            for path in machine_paths(text, private_folders)
        ]
    return faults


def stamp_of(file: Path) -> list[int]:
    """Return what changes when a file is written: its size in bytes and time in ns."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns]


def private_folders(app: Sphinx) -> list[str]:
    """Return the folders of this machine that no page may show."""
    folders = [str(Path(app.srcdir).resolve()), str(app.srcdir)]
    home = Path.home()
    if home != Path(home.anchor):
        folders.append(str(home))
    return sorted(set(folders))


def check_book(app: Sphinx, exception: Exception | None) -> None:
    """Fail the build if a built file loads from another host or shows a path of this machine.

    Files that were clean and have not been written since are not read again.
    """
    if exception is not None or app.builder.format != "html":
        return
    record = Path(app.doctreedir) / RECORD
    rules = [private_folders(app), stamp_of(Path(__file__))]
    known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    clean_before = known["clean"] if known.get("rules") == rules else {}
    clean: dict[str, list[int]] = {}
    for file in sorted(Path(app.outdir).rglob("*")):
        if file.suffix not in CHECKED or not file.is_file():
            continue
        name = file.relative_to(app.outdir).as_posix()
        stamp = stamp_of(file)
        faults = [] if clean_before.get(name) == stamp else faults_of_file(file, name, rules[0])
        for fault in faults:
            LOGGER.error("%s %s", fault.file, fault.what)
            app.statuscode = 1
        if not faults:
            clean[name] = stamp
    record.write_text(json.dumps({"rules": rules, "clean": clean}), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", leave_out_files, priority=900)
    app.connect("doctree-resolved", leave_out_markup, priority=900)
    app.connect("html-page-context", leave_out_scripts, priority=900)
    app.connect("build-finished", check_book, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
