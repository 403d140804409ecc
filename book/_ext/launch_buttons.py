"""Repository and Binder buttons, only when the book knows a public address of its own."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

REPOSITORY_VARIABLE = "INOBOOK_REPOSITORY"
KNOWN_HOSTS = ("github.com", "gitlab.com")
BINDER = "https://mybinder.org"


def repository_address(folder: Path) -> str | None:
    """Return the book's public https address, or None.

    The variable INOBOOK_REPOSITORY decides; set to nothing, there is no address. Without it the
    address is the git remote ``origin`` when that stands on github.com.

    Raises:
        ConfigError: INOBOOK_REPOSITORY is set to something else than an https address of a
            repository on github.com or gitlab.com.
    """
    named = os.environ.get(REPOSITORY_VARIABLE)
    if named is None:
        return github_address(git_remote(folder))
    if not named.strip():
        return None
    address = named.strip().rstrip("/").removesuffix(".git")
    parts = urlsplit(address)
    owner_and_name = [part for part in parts.path.split("/") if part]
    if parts.scheme != "https" or parts.netloc not in KNOWN_HOSTS or len(owner_and_name) != 2:
        raise ConfigError(
            f"{REPOSITORY_VARIABLE} is {named!r}; it must be the https address of a repository on "
            f"{' or '.join(KNOWN_HOSTS)}, such as https://github.com/owner/name"
        )
    return address


def git_remote(folder: Path) -> str | None:
    """Return the address of the git remote ``origin``, or None without git or remote."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), "config", "--get", "remote.origin.url"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def github_address(remote: str | None) -> str | None:
    """Return the https address of a remote on github.com, without user name or ``.git``."""
    pattern = (
        r"(?:https://(?:[^@/]+@)?|ssh://git@|git@)github\.com[/:]([\w.-]+)/([\w.-]+?)(?:\.git)?/?"
    )
    found = re.fullmatch(pattern, remote or "")
    return f"https://github.com/{found[1]}/{found[2]}" if found else None


def set_buttons(app: Sphinx, config: Config) -> None:
    """Fill in the theme's options, or leave the buttons out."""
    options = config.html_theme_options
    address = repository_address(Path(app.srcdir))
    options["repository_url"] = address or ""
    options["use_repository_button"] = bool(address)
    launch = dict(options.get("launch_buttons") or {})
    launch["binderhub_url"] = BINDER if address else ""
    options["launch_buttons"] = launch


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", set_buttons, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
