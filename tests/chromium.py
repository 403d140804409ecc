"""Find the browser that the tests drive, or install it.

Run as a script it prints the browser's path, or says on stderr what to do and exits with 1.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS_APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
CHROMIUM_VARIABLE = "CHROMIUM"
LAUNCH_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
DOWNLOAD_SECONDS = 300
WHAT_TO_DO = f"""No Chromium was found, and none could be installed.
The tests of the built pages drive a browser. Do one of these, then run `make test` again:
  - install Chromium or Google Chrome with your system's packages (Debian: apt install chromium)
  - run: .venv/bin/python -m playwright install --with-deps chromium
  - name a browser that you have: {CHROMIUM_VARIABLE}=/path/to/chrome make test"""


class ChromiumMissingError(RuntimeError):
    """No Chromium stands on this computer and none could be installed."""


def find_or_install() -> Path:
    """Return a Chromium that runs, installing one if need be.

    Looked for in this order: the file that the environment variable CHROMIUM names; a browser on
    PATH or among the applications of macOS; Playwright's own, downloaded if it is not there;
    Debian's package, when apt-get is there and the user is root.

    Raises:
        ChromiumMissingError: nothing was found or installed; the message says what to do.
    """
    named = os.environ.get(CHROMIUM_VARIABLE)
    if named:
        if not runs(Path(named)):
            raise ChromiumMissingError(
                f"{CHROMIUM_VARIABLE}={named} is not a Chromium that runs. "
                f"Correct it, or unset {CHROMIUM_VARIABLE} to let one be found."
            )
        return Path(named)
    for look in (on_this_computer, of_playwright, install_playwright, install_debian):
        browser = look()
        if browser is not None:
            return browser
    raise ChromiumMissingError(WHAT_TO_DO)


def runs(browser: Path) -> bool:
    """Tell whether `browser` starts and calls itself Chrome or Chromium.

    Ubuntu has a ``chromium-browser`` that only says how to get one: being there is not enough.
    """
    if os.name == "nt":
        return browser.is_file()
    try:
        answer = subprocess.run(
            [str(browser), "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "Chrom" in answer.stdout


def on_this_computer() -> Path | None:
    """Return the first browser on PATH or among macOS's applications that runs."""
    found = [Path(path) for path in map(shutil.which, NAMES) if path]
    return next((path for path in (*found, *MACOS_APPLICATIONS) if runs(path)), None)


def of_playwright() -> Path | None:
    """Return the Chromium that Playwright has downloaded, if it did and it runs."""
    asking = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", asking], capture_output=True, text=True, check=False
    )
    path = Path(answer.stdout.strip())
    return path if answer.returncode == 0 and path.is_file() and runs(path) else None


def install_playwright() -> Path | None:
    """Download Playwright's Chromium and return it; None if that fails."""
    said = _carry_out([sys.executable, "-m", "playwright", "install", "chromium"])
    return of_playwright() if said else None


def install_debian() -> Path | None:
    """Install Debian's chromium and return it; None without apt-get or without being root."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return None
    packages = ["chromium", "fonts-dejavu-core"]
    if not _carry_out(["apt-get", "update", "-qq"]):
        return None
    if not _carry_out(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]):
        return None
    return on_this_computer()


def _carry_out(command: Sequence[str]) -> bool:
    """Run an installer; on failure pass on the end of what it said and return False."""
    print(f"Chromium: trying {' '.join(command)}", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DOWNLOAD_SECONDS,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  {error}", file=sys.stderr)
        return False
    if done.returncode:
        print(f"  failed: {' '.join(done.stdout.split()[-40:])}", file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    try:
        print(find_or_install())
    except ChromiumMissingError as missing:
        sys.exit(str(missing))
