"""A real browser with nobody to talk to: Debian's Chromium, every other host name unresolvable.

Fixtures: ``site`` serves a small warehouse whose every number is known (tests/dashboard/conftest.py); ``sample_site``
serves a small simulated contact centre that went the whole way from exports to estimates; ``visit`` opens a page and
fails the test on any console error, page error or request to another host.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import make_server

from dashboard import create_app
from dashboard.data.queries import Queries
from dashboard.pages import Context
from dashboard.settings import from_config

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARTEFACTS = Path(os.environ.get("EMPATHY_ARTEFACTS", Path(__file__).resolve().parents[2] / "test-artifacts"))
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


def _builder() -> Callable[..., Path]:
    """The builder of the small warehouse, which lives with the tests that need no browser."""
    path = Path(__file__).resolve().parents[1] / "dashboard" / "conftest.py"
    spec = importlib.util.spec_from_file_location("small_warehouse", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    build: Callable[..., Path] = module._build
    return build


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The small warehouse, served."""
    yield from _serve(_builder()(tmp_path_factory.mktemp("small")))


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A simulated contact centre: exports written, loaded, estimated and served."""
    from analysis.run import estimate_all
    from etl import build, config, kpis, publish
    from sample_data import write_sample

    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, agents=72, weeks=28, contacts_per_week=25, seed=3)
    settings = config.load(folder / "empathy.toml")
    catalogue = kpis.load().with_overrides(settings)
    with publish.Draft.open(settings.warehouse) as draft:
        build.build(settings, into=draft)
        draft.write_results(estimate_all(draft.con, settings, catalogue, progress=lambda *_: None))
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
        self.page.wait_for_selector("#page-body h1")
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_selector(".pending", state="detached")
        return self.page


@pytest.fixture
def visit(browser: Any, site: Site) -> Iterator[Callable[..., Visit]]:
    """Open an address: ``visit("/effects/csat_top2", scheme="dark", viewport=PHONE)``."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def go(path: str, *, scheme: str = "light", viewport: Any = None, at: Site | None = None, **options: Any) -> Visit:
        context = browser.new_context(viewport=viewport or WIDE, color_scheme=scheme, accept_downloads=True, **options)
        contexts.append(context)
        made = Visit(context.new_page())
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
    for made in visits:
        assert made.troubles == []
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def picture() -> Callable[[Page, str], None]:
    """Keep a screenshot among the build's artefacts."""

    def keep(page: Page, name: str) -> None:
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)

    return keep
