"""A real browser for tests of pages: Chromium of the machine, of Playwright or of Debian, whichever can be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
QUIET = (
    "--no-sandbox",  # tests often run as root, where Chromium refuses its own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser with a profile of its own that is gone afterwards."""
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        started = playwright.chromium.launch(executable_path=own if own.exists() else ensure_chromium(), args=list(QUIET))
        try:
            yield started
        finally:
            started.close()


@cache
def ensure_chromium() -> str:
    """Path of a Chromium on this machine, whatever it takes.

    Raises:
        AssertionError: there is none and none can be installed; what was tried is in it.
    """
    said = ""
    for command in ([], *_installers()):
        if command:
            done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
            said += f"{' '.join(command)}: {done.stderr.strip()[-300:]}\n"
        found = next(filter(None, map(shutil.which, NAMES)), None) or _of_playwright()
        if found:
            return found
    raise AssertionError(f"No Chromium, and none could be installed. Install one of {', '.join(NAMES)}.\n{said}")


def _installers() -> Iterator[list[str]]:
    if shutil.which("apt-get"):
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "-qq", "-y"]
        yield [*apt, "update"]
        yield [*apt, "install", "--no-install-recommends", "chromium"]
    yield [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]


def _of_playwright() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


SMALL = """() => [...document.querySelectorAll("p, li, td, th, summary, button, input")]
  .filter((element) => parseFloat(getComputedStyle(element).fontSize) < 12).length"""
"""How many texts are too small to read."""

CONTRAST = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    pixel.clearRect(0, 0, 1, 1); pixel.fillStyle = color; pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = rgba(getComputedStyle(one).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255, 255];
  };
  const bad = new Set();
  for (const element of document.querySelectorAll("body *:not(svg, svg *, script)")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return [...bad];
}"""
"""Texts whose contrast with what is behind them is below 4.5 to 1."""
