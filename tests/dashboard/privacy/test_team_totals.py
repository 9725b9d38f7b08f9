"""A site's total minus its teams must never be a small group."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboard.page import Context
from dashboard.privacy.suppression import tied_groups
from dashboard.state import Filters

MINIMUM = 10


def test_site_minus_its_large_teams_is_refused(context: Context) -> None:
    large = Filters(team=tuple(f"Porto-{k}" for k in range(1, 8)))
    assert context.queries.decision(Filters(site=("Porto",))).allowed
    assert not context.queries.decision(large).allowed


def test_all_teams_of_a_site_together_are_the_site(context: Context) -> None:
    everybody = Filters(team=tuple(f"Porto-{k}" for k in range(1, 9)))
    assert context.queries.decision(everybody).allowed


@given(
    st.dictionaries(st.tuples(st.sampled_from("ABC"), st.integers(1, 6)), st.integers(1, 30), min_size=1, max_size=12)
)
def test_every_tied_group_reaches_the_minimum_and_so_does_what_it_leaves_of_its_site(
    sizes: dict[tuple[str, int], int],
) -> None:
    counts = {f"{site}-{k}": n for (site, k), n in sizes.items()}
    parents = {f"{site}-{k}": site for site, k in sizes}
    groups = tied_groups(counts, MINIMUM, parents)
    assert sorted(value for group in groups for value in group) == sorted(counts)
    if sum(counts.values()) < MINIMUM:
        return
    for group in groups:
        assert sum(counts[value] for value in group) >= MINIMUM
        for site in {parents[value] for value in group}:
            inside = {value for value in group if parents[value] == site}
            whole = {value for value in counts if parents[value] == site}
            assert inside == whole or sum(counts[value] for value in inside) >= MINIMUM
