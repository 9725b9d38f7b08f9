"""A real browser with nobody to talk to: Debian's Chromium, every other host name unresolvable.

Its headless shell is the same engine without a browser's windows, which take a third of the processor time; the whole
Chromium does where there is no shell.

Fixtures: ``site`` serves a small warehouse whose every number is known (tests/dashboard/conftest.py); ``full`` the same
with every relation the further pages read; ``sample_site`` the repository's sample exports, loaded and estimated.
``visit`` opens a page and fails the test on any console error, page error or request to another host; pages share one
browser context, so scripts are fetched and compiled once, and forget what they stored.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import make_server

from dashboard import create_app
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.settings import from_config
from tests import goals_alone

CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARTEFACTS = Path(os.environ["EMPATHY_ARTEFACTS"]) if "EMPATHY_ARTEFACTS" in os.environ else None
SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def chromium() -> str | None:
    """The browser's executable, or None."""
    return next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def _browser_or_reason() -> None:
    """No Chromium: skipped with the reason on a desk, a failure where CI says that everything must run."""
    if chromium() is None:
        words = "Chromium is not installed (apt-get install chromium), so no page was opened."
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(words)
        pytest.skip(words)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {
        "executable_path": chromium(),
        "args": ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
    }


@dataclass
class Site:
    """A dashboard being served.

    Attributes
    ----------
    address : str
        Such as ``http://127.0.0.1:34567``.
    config : Path
        Its empathy.toml.
    context : Context
        The same questions the pages ask, for comparing what is on screen.
    """

    address: str
    config: Path
    context: Context = field(repr=False)


def _serve(config: Path) -> Iterator[Site]:
    server = make_server("127.0.0.1", 0, create_app(config).server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings = from_config(config, environ={})
    try:
        yield Site(f"http://127.0.0.1:{server.server_port}", config, Context(settings, Queries(settings)))
    finally:
        server.shutdown()
        thread.join(5)


def _builder(part: str) -> ModuleType:
    """A builder of warehouses, which lives with the tests that need no browser."""
    path = Path(__file__).resolve().parents[1] / "dashboard" / part
    spec = importlib.util.spec_from_file_location(f"warehouse_of_{path.parent.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The small warehouse, served."""
    yield from _serve(_builder("conftest.py")._build(tmp_path_factory.mktemp("small")))


@pytest.fixture(scope="session")
def full(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The small warehouse with spells, plan, rejects, lineage and the rest, served."""
    yield from _serve(_builder("pages/conftest.py").extend(site.config, tmp_path_factory.mktemp("full")))


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The repository's sample exports: loaded, the goals estimated, and served."""
    from etl import build
    from etl.configuration import kpis
    from etl.configuration import model as config
    from etl.warehouse import publish

    folder = tmp_path_factory.mktemp("sample")
    shutil.copy(SAMPLE / "empathy.toml", folder)
    shutil.copytree(SAMPLE / "exports", folder / "exports")
    settings = config.load(folder / "empathy.toml")
    catalogue = kpis.load().with_overrides(settings)
    with publish.Draft.open(settings.warehouse) as draft:
        build.build(settings, into=draft)
        draft.write_results(goals_alone.estimate_all(draft.con, settings, catalogue, progress=lambda *_: None))
        draft.publish()
    yield from _serve(folder / "empathy.toml")


@dataclass
class Visit:
    """A page being watched.

    Attributes
    ----------
    page : Page
    troubles : list of str
        Console errors, page errors and requests to other hosts so far.
    """

    page: Page
    troubles: list[str] = field(default_factory=list)

    def settled(self) -> Page:
        """Wait until nothing is being asked any more."""
        self.page.set_default_timeout(60_000)  # a slow machine under load, not a target
        self.page.wait_for_selector("#first", state="detached")
        self.page.wait_for_selector("#page-body h1")
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_selector(".pending", state="detached")
        return self.page


@pytest.fixture(scope="session")
def reader(browser: Any) -> Iterator[BrowserContext]:
    """One person's browser."""
    permissions = ["clipboard-read", "clipboard-write"]
    context = browser.new_context(viewport=WIDE, color_scheme="light", accept_downloads=True, permissions=permissions)
    yield context
    context.close()


@pytest.fixture
def visit(reader: BrowserContext, site: Site) -> Iterator[Callable[..., Visit]]:
    """Open an address: ``visit("/effects/csat_top2", viewport=PHONE)``."""
    visits: list[Visit] = []

    def go(path: str, *, viewport: Any = None, at: Site | None = None) -> Visit:
        made = Visit(reader.new_page())
        made.page.set_viewport_size(viewport or WIDE)
        visits.append(made)
        base = (at or site).address

        def request(found: Any) -> None:
            if not found.url.startswith((base, "data:", "blob:")):
                made.troubles.append(f"request to {found.url}")

        made.page.on("request", request)
        made.page.on(
            "console", lambda entry: made.troubles.append(f"console: {entry.text}") if entry.type == "error" else None
        )
        made.page.on("pageerror", lambda error: made.troubles.append(f"error: {error}"))
        made.page.goto(base + path)
        made.settled()
        return made

    yield go
    troubles = [trouble for made in visits for trouble in made.troubles]
    for made in visits:
        made.page.evaluate("window.localStorage.clear()")
        made.page.close()
    assert troubles == []


@pytest.fixture(scope="session")
def violations() -> Callable[..., list[str]]:
    """Serious and critical accessibility violations of a page, one line each; ``contrast``: only of its colours."""

    def found(page: Page, contrast: bool = False) -> list[str]:
        only = {"type": "rule", "values": ["color-contrast"]} if contrast else {"type": "tag", "values": list(RULES)}
        # Without resultTypes every element that passed is described and sent over, which takes three times as long.
        rules = Axe().run(page, options={"runOnly": only, "resultTypes": ["violations"]}).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:160]}"
            for rule in rules
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]

    return found


@pytest.fixture(scope="session")
def picture() -> Callable[[Page, str], None]:
    """Keep a screenshot in the folder that ``EMPATHY_ARTEFACTS`` names, where it names one."""

    def keep(page: Page, name: str) -> None:
        if ARTEFACTS is None:
            return
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)

    return keep
