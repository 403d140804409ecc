"""The tests' browser: found where it is, installed where it can be, asked for where it cannot."""

import subprocess
import sys
from pathlib import Path

import chromium
import pytest


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_path(tmp_path, monkeypatch) -> Path:
    """A PATH with nothing on it but what a test puts there, and no browser elsewhere."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "MACOS_APPLICATIONS", ())
    monkeypatch.setattr(chromium, "of_playwright", lambda: None)
    monkeypatch.setattr(chromium, "install_playwright", lambda: None)
    return folder


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_browser_on_path_is_found(bare_path, name):
    browser = executable(bare_path / name, "echo Chromium 150.0.1")
    assert chromium.find_or_install() == browser


def test_first_browser_that_runs_is_taken(bare_path):
    executable(bare_path / "chromium", "echo 'Chromium 150.0.1'; exit 1")
    executable(bare_path / "chromium-browser", "echo 'please install the chromium snap'")
    running = executable(bare_path / "google-chrome", "echo 'Google Chrome 150.0.1'")
    assert chromium.find_or_install() == running


def test_named_browser_comes_before_path(bare_path, tmp_path, monkeypatch):
    executable(bare_path / "chromium", "echo Chromium 150.0.1")
    mine = executable(tmp_path / "mine", "echo Chromium 151.0.0")
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert chromium.find_or_install() == mine


def test_named_browser_that_does_not_run_is_an_error_not_a_fallback(bare_path, monkeypatch):
    executable(bare_path / "chromium", "echo Chromium 150.0.1")
    monkeypatch.setenv("CHROMIUM", "/nowhere/chrome")
    with pytest.raises(chromium.ChromiumMissingError, match="/nowhere/chrome"):
        chromium.find_or_install()


def test_playwrights_own_is_used_before_it_is_downloaded(bare_path, monkeypatch, tmp_path):
    own = tmp_path / "playwright-chrome"
    monkeypatch.setattr(chromium, "of_playwright", lambda: own)
    monkeypatch.setattr(chromium, "install_playwright", lambda: pytest.fail("downloaded again"))
    assert chromium.find_or_install() == own


def test_debian_installs_as_root(bare_path, monkeypatch):
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 0)
    log = bare_path / "asked"
    executable(
        bare_path / "apt-get",
        f"echo \"$@\" >> '{log}'\n"
        'if [ "$1" = install ]; then\n'
        f"  printf '#!/bin/sh\\necho Chromium 150\\n' > '{bare_path}/chromium'\n"
        f"  /bin/chmod +x '{bare_path}/chromium'\n"
        "fi",
    )
    assert chromium.find_or_install() == bare_path / "chromium"
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["update", "install"]
    assert " chromium" in log.read_text()


def test_debian_is_not_asked_without_root(bare_path, monkeypatch):
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 1000)
    executable(bare_path / "apt-get", f"/usr/bin/touch '{bare_path}/asked'")
    with pytest.raises(chromium.ChromiumMissingError):
        chromium.find_or_install()
    assert not (bare_path / "asked").exists()


def test_failed_installer_is_reported(bare_path, monkeypatch, capfd):
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 0)
    executable(bare_path / "apt-get", "echo no route to the mirror; exit 100")
    with pytest.raises(chromium.ChromiumMissingError, match="name a browser that you have"):
        chromium.find_or_install()
    assert "no route to the mirror" in capfd.readouterr().err


def test_script_fails_and_says_what_to_do(tmp_path):
    answer = subprocess.run(
        [sys.executable, chromium.__file__],
        env={"PATH": str(tmp_path), "CHROMIUM": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "Correct it, or unset CHROMIUM" in answer.stderr


def test_browser_of_this_computer_runs():
    assert chromium.runs(chromium.find_or_install())
