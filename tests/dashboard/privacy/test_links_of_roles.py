"""Every link that a role is shown leads somewhere: no download and no page behind it is refused."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from dashboard.pages import pages
from dashboard.privacy.viewer import PAGES
from tests.dashboard.privacy.test_access import PROXY, ask, client, headers

__all__ = ["client"]
ROLES = ("executive", "site_lead", "training_lead")


@pytest.mark.parametrize("role", ROLES)
def test_no_link_leads_to_what_the_role_may_not_open(client: FlaskClient, role: str) -> None:
    found: set[str] = set()
    for page in pages():
        if page.key in PAGES[role]:
            told = ask(client, page.base, role=role).get_data(as_text=True).replace(r"\u002f", "/")
            found |= set(re.findall(r'"(?:data-)?href": ?"(/[^"]*)"', told))
    downloads = sorted(link for link in found if link.startswith("/download/"))
    assert len(downloads) > 5
    for link in downloads:
        status = client.get(link, headers=headers(role), environ_base=PROXY).status_code
        assert status == 200, (link, status)
    for path in {urlsplit(link).path for link in found} - {urlsplit(link).path for link in downloads}:
        leads = next((page for page in pages() if page.match(path) is not None), None)
        assert leads is not None, path
        assert leads.key in PAGES[role], path
