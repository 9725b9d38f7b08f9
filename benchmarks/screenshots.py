"""The pictures in README.md and the documentation, made from the demo the same way every time.

Run after ``make demo`` (or ``empathy demo --no-serve``), whenever a page looks different::

    python benchmarks/screenshots.py --config demo/empathy.toml --out docs/images
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dashboard import create_app

SHOTS = (
    ("overview-light", "/", "light", 1440, 900),
    ("overview-dark", "/", "dark", 1440, 900),
    ("overview-phone", "/", "light", 390, 844),
    ("overview-print", "/", "print", 794, 1123),
    ("effects-light", "/effects/escalation_rate", "light", 1440, 900),
    ("cohorts-light", "/cohorts/escalation_rate/team", "light", 1440, 900),
    ("skills-light", "/skills", "light", 1440, 900),
    ("attrition-light", "/attrition", "light", 1440, 900),
    ("adoption-light", "/adoption", "light", 1440, 900),
    ("value-light", "/value", "light", 1440, 900),
    ("plan-light", "/plan", "light", 1440, 900),
    ("data-light", "/data", "light", 1440, 900),
)
"""Name, address, scheme (or paper), width and height of each picture."""


class Quiet(WSGIRequestHandler):
    """No line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def take(config: Path, out: Path) -> list[Path]:
    """Serve the dashboard, open each page and keep what is on the first screen.

    Parameters
    ----------
    config : Path
        The demo's empathy.toml.
    out : Path
        Folder for the PNG files.

    Returns
    -------
    list of Path
        The files written.
    """
    out.mkdir(parents=True, exist_ok=True)
    server = make_server("127.0.0.1", 0, create_app(config).server, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    written = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, path, scheme, width, height in SHOTS:
            dark = "dark" if scheme == "dark" else "light"
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=dark)
            page.goto(f"http://127.0.0.1:{server.server_port}{path}")
            page.wait_for_selector("#page-body h1", timeout=120_000)
            page.wait_for_load_state("networkidle")
            page.wait_for_selector(".pending", state="detached", timeout=120_000)
            if scheme == "print":
                page.emulate_media(media="print")
            written.append(out / f"{name}.png")
            page.screenshot(path=written[-1])
            page.close()
        browser.close()
    server.shutdown()
    return written


def main() -> None:
    """Read the arguments and take the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path("demo/empathy.toml"))
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    for path in take(options.config, options.out):
        print(path)


if __name__ == "__main__":
    main()
