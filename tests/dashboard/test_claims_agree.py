"""What one page claims, every page claims: the words and colours of pages against the stored results."""

from __future__ import annotations

from dashboard.data import cohorts as cohort_data
from dashboard.page import Context
from dashboard.pages.overview import effects_of, head_of, rest_of
from dashboard.state import Filters
from dashboard.views import cohorts, overview

CLAIMS = ("clear", "clear_but_small")


def stored(context: Context) -> dict[tuple[str, str, str], str]:
    """Verdict of every stored headline by KPI and slice."""
    rows = context.queries.frame(
        "select kpi, slice_kind, slice_value, verdict from result.effect where role = 'headline'"
    )
    return {(kpi, kind, value): verdict for kpi, kind, value, verdict in rows.iter_rows()}


def test_the_overview_claims_what_is_stored(context: Context) -> None:
    verdicts = stored(context)
    rest = rest_of(context, Filters())
    goals = [item for item in rest.effects if item.kpi.role == "primary"]
    better = [item for item in goals if item.verdict.state == "clear" and item.verdict.direction == "better"]

    for item in rest.effects:
        if item.verdict.mark != "–":
            assert item.verdict.state == verdicts[item.kpi.id, "overall", ""], item.kpi.id
            assert (item.tone != "unsure") <= (item.verdict.state in CLAIMS)
    sentence = head_of(context, Filters()).sentence
    if better:
        assert f"work on {len(better)} of " in sentence
        assert overview.forest_title(goals).startswith(f"{len(better)} of {len(goals)} goals clearly improved")
    else:
        assert "appears to work" not in sentence


def test_sites_claim_the_same_on_their_own_and_beside_each_other(context: Context) -> None:
    verdicts = stored(context)
    queries, reader = context.queries, context.settings.reader
    for name in ("csat_top2", "escalation_rate"):
        kpi = context.settings.catalogue[name]
        found = cohort_data.gains(queries, kpi, "site", Filters())
        for group in cohorts.groups(found, kpi, "site", {}, reader):
            alone = effects_of(context, Filters(site=(group.value,)), [kpi])[name]
            assert alone.verdict.state == verdicts[name, "site", group.value]
            if group.known:
                assert (group.tone != "unsure") == (alone.verdict.state in CLAIMS), (name, group.value)
