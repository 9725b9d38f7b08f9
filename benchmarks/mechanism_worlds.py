"""Compare the mechanism sentence for escalations with the true mechanism of ten sample worlds.

    python -m benchmarks.mechanism_worlds                 # ten worlds of the demo's size, about a minute
    python -m benchmarks.mechanism_worlds --worlds 2      # the first of them

In four worlds skills carry the effect, in three training raises skills and escalations do not follow, in three a shared
shock makes them look linked. A sentence is false where it says that a second route supports a link that is not there,
or calls a link consistent where skills and escalations have nothing in common but training; and where it does not name
the shared shock beside the skill.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis import Panel, mechanism
from analysis.effects.mechanism import Mechanism
from sample_data.chain import Chain, MechanismMode
from sample_data.parameters import SKILLS, Parameters
from sample_data.staff import NEVER
from sample_data.truth import true_effects
from sample_data.world import World, simulate

MODES: tuple[MechanismMode, ...] = (
    "carried", "no_link", "shared_shock", "carried", "no_link", "shared_shock", "carried", "no_link", "shared_shock",
    "carried",
)  # fmt: skip
FIRST_SEED = 700
KPI = "escalation_rate"


@dataclass(frozen=True)
class Said:
    """Sentence and true mechanism of one world.

    Attributes
    ----------
    mode : str
    state, sentence : str
    share : float
        True share of the effect that skills carry.
    total_held : bool
        Whether the interval of the effect on escalations covers the true effect.
    false : str
        False part of the sentence; empty when it is true.
    """

    mode: str
    state: str
    sentence: str
    share: float
    total_held: bool
    false: str


def panels(world: World) -> tuple[Panel, Panel]:
    """Escalations and the mean score of the five skills by agent and week."""
    scheduled = np.asarray(world.centre.programme.scheduled)[: world.centre.staff.count]
    team = world.cells.sort("week").group_by("agent", maintain_order=True).agg(pl.col("team").first())
    start = pl.DataFrame({"agent": np.arange(scheduled.size, dtype=np.int32), "start": scheduled.astype(np.int64)})
    start = start.with_columns(pl.when(pl.col("start") < NEVER).then(pl.col("start")))
    people = team.join(start.with_columns(pl.col("agent").cast(team["agent"].dtype)), on="agent")
    contacts = world.contacts.group_by("agent", week=pl.col("day") // 7).agg(
        y=pl.col("escalated").cast(pl.Float64).mean(), n=pl.len().cast(pl.Float64)
    )
    score = pl.mean_horizontal(SKILLS)
    scored = world.evaluations.group_by("agent", "week").agg(
        y=score.mean(), n=pl.len().cast(pl.Float64), sq=(score**2).sum()
    )
    by = {"unit": "agent", "time": "week", "cohort": "start", "outcome": "y", "weight": "n", "cluster": "team"}
    whole = contacts.with_columns(pl.col("week").cast(pl.Int64)).join(
        people.with_columns(pl.col("agent").cast(contacts["agent"].dtype)), on="agent"
    )
    part = scored.with_columns(pl.col("week").cast(pl.Int64)).join(
        people.with_columns(pl.col("agent").cast(scored["agent"].dtype)), on="agent"
    )
    return Panel.from_frame(whole, never=None, **by), Panel.from_frame(part, squares="sq", never=None, **by)


def judge(mode: MechanismMode, made: Mechanism) -> str:
    """False part of a sentence in a world of this kind; empty when it is true."""
    if made.state == "supported" and mode != "carried":
        return "a second route supports a link that is not there"
    if made.state == "consistent":
        if mode == "no_link":
            return "consistent with a skill that nothing follows"
        if "shared shock" not in made.sentence and "shock that moves both" not in made.sentence:
            return "the shared shock is not named"
    return ""


def one_world(mode: MechanismMode, seed: int, **changes: object) -> Said:
    """Simulate a world and read its mechanism."""
    world = simulate(Parameters.demo(seed=seed, chain=Chain(mode=mode, drift_sd=0.8), **changes))
    made = mechanism(*_named(world), kpi="escalations")
    truth = true_effects(world).filter((pl.col("kpi") == KPI) & (pl.col("key") == ""))
    of = dict(truth.select("estimand", "effect").iter_rows())
    share = of["through_skills"] / of["att"] if of["att"] else 0.0
    held = made.total.ci_low <= of["itt"] <= made.total.ci_high
    return Said(mode, made.state, made.sentence, share, bool(held), judge(mode, made))


def _named(world: World) -> tuple[Panel, dict[str, Panel]]:
    kpi, skill = panels(world)
    return kpi, {"the skills": skill}


def main() -> None:
    """Print one line a world, and how many sentences were false."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=len(MODES))
    wanted = parser.parse_args().worlds
    print("| world | carried by skills, true | effect held | said | false |\n|---|---|---|---|---|")
    false = 0
    for number, mode in enumerate(MODES[:wanted]):
        said = one_world(mode, FIRST_SEED + number)
        false += bool(said.false)
        print(
            f"| {mode} | {said.share:.0%} | {'yes' if said.total_held else 'no'} | {said.sentence} | {said.false} |",
            flush=True,
        )
    print(f"\n{false} of {wanted} sentences false")


if __name__ == "__main__":
    main()
