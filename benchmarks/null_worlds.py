"""False claims on pages for worlds without any effect of training, from exports to pages.

    python benchmarks/null_worlds.py --worlds 40 --keep worlds --out docs/coverage.md

Each world is a small centre whose exports are loaded, whose KPIs are all estimated, and whose Overview and Cohorts are
asked as a reader asks them. It takes some seconds a world, so the many worlds of docs/coverage.md are those of
benchmarks/coverage_claims.py, which draws correlated estimates; these show that the product does the same. ``--keep``
appends every world to a folder as it is made, so that a run can be stopped and go on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.study.run import estimate_all
from analysis.words.verdict import CLAIMED
from benchmarks import document_table
from benchmarks.worlds_kept import worlds as kept_worlds
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.pages.overview import head_of
from dashboard.settings import from_config
from dashboard.state import Filters
from dashboard.views.overview import forest_title
from etl import build
from etl.configuration import kpis, model
from etl.warehouse import publish
from sample_data import exports
from sample_data.parameters import Parameters
from sample_data.world import simulate

FIRST_SEED = 800_000
CENTRE = Parameters.sample(effect_scale=0.0, weeks=36, pre_weeks=12, waves=3, contacts_per_week=12.0)
"""The sample world without effects, shorter and quieter; refreshers and leaving are as in the sample."""
NAME = "no effect on any KPI, from exports to pages"


@dataclass(frozen=True)
class Outcome:
    """What one world's pages claim.

    Attributes
    ----------
    overview, forest, cohorts
        Whether the Overview's sentence, the forest's title and the Cohorts' title claim a change.
    n_claimed, n_kpis
        KPIs of any role that are called clear or clear but small, and all that were estimated.
    """

    overview: bool
    forest: bool
    cohorts: bool
    n_claimed: int
    n_kpis: int

    @property
    def any(self) -> bool:
        """Whether one of the three claims a change."""
        return self.overview or self.forest or self.cohorts


def outcome(seed: int) -> Outcome:
    """Make, load, estimate and read one world."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        exports.write(simulate(replace(CENTRE, seed=seed)), folder)
        config = model.load(folder / "empathy.toml")
        with publish.Draft.open(config.warehouse) as draft:
            build.build(config, into=draft)
            frames = estimate_all(draft.con, config, kpis.load())
            draft.write_results(frames)
            draft.publish()
        settings = from_config(folder / "empathy.toml", environ={})
        context = Context(settings, Queries(settings))
        head = head_of(context, Filters())
        shown = [card.effect for card in head.cards]
        goals = [kpi.id for kpi in context.queries.goals()]
        rows = frames["effect"].filter(frames["effect"]["role"] == "headline")
        whole = rows.filter(rows["slice_kind"] == "overall")
        waves = rows.filter((rows["slice_kind"] == "cohort") & rows["kpi"].is_in(goals))
        return Outcome(
            overview=not head.sentence.startswith(("Nothing can be claimed", "Nothing has been measured")),
            forest=not forest_title(shown).startswith(("None of", "No goal")),
            cohorts=bool(waves["verdict"].is_in(CLAIMED).any()),
            n_claimed=int(whole["verdict"].is_in(CLAIMED).sum()),
            n_kpis=whole.height,
        )


HEAD = (
    "| worlds | a sentence or title claims | the Overview's sentence | the forest's title | a wave of a goal | "
    "KPIs called clear, of all |\n|---|---|---|---|---|---|\n"
)


def markdown(found: list[Outcome]) -> str:
    """The row of the table in docs/coverage.md."""
    n = len(found)
    counts = (sum(getattr(one, name) for one in found) for name in ("any", "overview", "forest", "cohorts"))
    claimed, estimated = sum(one.n_claimed for one in found), sum(one.n_kpis for one in found)
    cells = " | ".join(f"{count} of {n}" for count in counts)
    return f"| {n} | {cells} | {claimed} of {estimated} |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--keep", type=Path, default=None, help="folder of worlds made so far, read and added to")
    parser.add_argument("--out", type=Path, default=None, help="file whose table is replaced")
    given = parser.parse_args()
    seeds = range(FIRST_SEED, FIRST_SEED + given.worlds)
    found = kept_worlds(outcome, Outcome, NAME, seeds, keep=given.keep)
    made = markdown(found)
    print(made)
    if given.out is not None:
        text = given.out.read_text(encoding="utf-8")
        names = [made.split("|")[1].strip()]
        text = document_table.with_row(text, "null worlds", HEAD, names, names[0], made)
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
