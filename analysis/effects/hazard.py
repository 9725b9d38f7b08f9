"""Effect of training on leaving: discrete-time hazard model with training as a time-varying covariate.

People must stay to be trained. Comparing "ever trained" with "never trained" leavers credits training with weeks in
which no trained agent could have left (immortal time bias), and finds an effect where there is none. Here an agent's
weeks before training count as untrained and the weeks after as trained, against others of the same tenure in the same
month.

Model: discrete-time proportional hazards, Prentice and Gloeckler (1978, doi:10.2307/2529588):
``log(-log(1 - h)) = tenure band + calendar month + site + beta * trained``; ``exp(beta)`` is the hazard ratio.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

TENURE_EDGES_WEEKS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 21, 26, 39, 52, 78, 104)
"""Tenure days at which the baseline hazard may change: weekly at first, when it falls fastest, then less often. Bands
without a leaver are merged with their neighbour. One band for the whole first month made training in it look
protective, because agents trained late in the month had survived its first weeks."""
MIN_EVENTS_PER_ARM = 5
"""Fewest leavers on either side for an estimate."""
MIN_TEAMS = 3
"""Fewest teams for the leave-one-team-out jackknife."""
MIN_AT_RISK = 10
"""A survival curve starts in the first tenure week with this many agents at risk on both sides."""
CALENDAR_DAYS = 28
LEAVE_TYPES = ("any", "voluntary", "involuntary")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HazardRatio:
    """Effect of training on the hazard of leaving.

    Attributes
    ----------
    leave_type
        ``any``, ``voluntary`` or ``involuntary`` (the other kind is then censored).
    hazard_ratio, ci_low, ci_high
        Ratio and its interval; below 1 trained agents leave less.
    log_ratio, std_error, df
        On the scale where the interval is symmetric; ``df`` is clusters minus one.
    effect, effect_std_error, effect_low, effect_high
        The same as a change of the weekly chance of leaving, averaged over trained agent-weeks (natural unit of the
        KPI). Its interval is that of the ratio, converted at ``baseline``, so both agree on whether zero is excluded.
    baseline
        Weekly chance of leaving that trained agents would have had without training.
    n_events, n_trained_events, n_agents, n_trained_agents, n_clusters, n_trained_clusters, n_weeks
        Leavers, agents, teams and person-weeks.
    reason
        Why there is no estimate; empty when there is.
    too_few
        True when the reason is too few leavers or teams, which later data may change.
    influence
        Teams and their (G,) influence on ``effect``: the sum of squares is the square of ``effect_std_error``.
    """

    leave_type: str
    hazard_ratio: float
    ci_low: float
    ci_high: float
    log_ratio: float
    std_error: float
    df: float
    effect: float
    effect_std_error: float
    effect_low: float
    effect_high: float
    baseline: float
    n_events: int
    n_trained_events: int
    n_agents: int
    n_trained_agents: int
    n_clusters: int
    n_trained_clusters: int
    n_weeks: int
    reason: str
    influence: tuple[NDArray[Any], Array] | None = field(default=None, compare=False, repr=False)

    @property
    def p_value(self) -> float:
        """Two-sided p-value of a ratio of one; NaN without a ratio. Used on the Methods page and for multiple
        testing."""
        if not math.isfinite(self.log_ratio) or not self.std_error > 0:
            return math.nan
        return float(2 * stdtr(self.df, -abs(self.log_ratio / self.std_error)))

    @property
    def too_few(self) -> bool:
        untrained = self.n_events - self.n_trained_events
        return min(self.n_trained_events, untrained) < MIN_EVENTS_PER_ARM or self.n_clusters < MIN_TEAMS


def person_weeks(spells: pl.DataFrame) -> pl.DataFrame:
    """Survival episodes cut into weeks of tenure.

    Parameters
    ----------
    spells
        Rows of ``mart.agent_spell``: ``agent_ix, team_id, site, entry_day, exit_day, start_on, trained, left,
        leave_type``; an episode is the half-open interval (entry_day, exit_day] of tenure days, and ``start_on`` the
        date of its first day.

    Returns
    -------
    polars.DataFrame
        One row per episode and tenure week: ``agent_ix, team_id, site, tenure_week, on, period, trained, left,
        leave_type, days``; ``on`` is its first date, ``days`` the exposure in it (1 to 7).
    """
    return (
        spells.filter(pl.col("exit_day") > pl.col("entry_day"))
        .with_columns(pl.int_ranges(pl.col("entry_day") // 7, (pl.col("exit_day") - 1) // 7 + 1).alias("tenure_week"))
        .explode("tenure_week")
        .with_columns(
            first=pl.max_horizontal(pl.col("entry_day"), pl.col("tenure_week") * 7),
            last=pl.min_horizontal(pl.col("exit_day"), (pl.col("tenure_week") + 1) * 7),
        )
        .with_columns(
            days=(pl.col("last") - pl.col("first")).cast(pl.Int32),
            left=pl.col("left") & (pl.col("last") == pl.col("exit_day")),
            on=pl.col("start_on") + pl.duration(days=pl.col("first") - pl.col("entry_day")),
        )
        .with_columns(period=((pl.col("on") - pl.col("on").min()).dt.total_days() // CALENDAR_DAYS).cast(pl.Int32))
        .select("agent_ix", "team_id", "site", "tenure_week", "on", "period", "trained", "left", "leave_type", "days")
    )


def hazard_ratio(weeks: pl.DataFrame, *, leave_type: str = "any", ci_level: float = 0.95) -> HazardRatio:
    """Discrete-time hazard ratio of training, errors clustered by team.

    Parameters
    ----------
    weeks
        Output of :func:`person_weeks`.
    leave_type
        Which leavers count; the others are censored when they leave (cause-specific hazard).
    ci_level
        Level of the interval.

    Returns
    -------
    HazardRatio
        With ``reason`` set and numbers NaN when there are too few leavers or teams.

    Notes
    -----
    Assumptions:

    1. Given tenure, month and site, the trained would have left like the untrained. Not checked: it is the assumption.
    2. Training multiplies the hazard by the same factor at every tenure (proportional hazards). Not checked.
    3. Leaving is independent of whether training was about to come. Not checked. It fails for the week of completion
       where agents about to leave skip the course, not for the planned week (:mod:`analysis.study.leaving` picks by
       design).
    4. Clusters are teams, few or many: the variance is the leave-one-team-out jackknife in one Newton step (CR3), with
       clusters minus one degrees of freedom. Checked by simulation.

    Source: Prentice and Gloeckler (1978); jackknife of M-estimators: Lipsitz, Dear and Zhao (1994,
    doi:10.2307/2533390).
    """
    if leave_type not in LEAVE_TYPES:
        raise ValueError(f"leave_type is {leave_type!r}; it must be one of {', '.join(LEAVE_TYPES)}")
    event = pl.col("left") if leave_type == "any" else (pl.col("left") & (pl.col("leave_type") == leave_type))
    counted = weeks.with_columns(event=event.fill_null(False))
    n_events, n_trained_events = int(counted["event"].sum()), int(counted.filter("trained")["event"].sum())
    sizes = {
        "n_events": n_events,
        "n_trained_events": n_trained_events,
        "n_agents": counted["agent_ix"].n_unique(),
        "n_trained_agents": counted.filter("trained")["agent_ix"].n_unique(),
        "n_clusters": counted["team_id"].n_unique(),
        "n_trained_clusters": counted.filter("trained")["team_id"].n_unique(),
        "n_weeks": counted.height,
    }
    if min(n_trained_events, n_events - n_trained_events) < MIN_EVENTS_PER_ARM:
        return _no_ratio(
            leave_type,
            sizes,
            # Does not say how many left: a count that small could identify people.
            f"Too few left: at least {MIN_EVENTS_PER_ARM} trained and {MIN_EVENTS_PER_ARM} untrained are needed.",
        )
    if sizes["n_clusters"] < MIN_TEAMS:
        return _no_ratio(leave_type, sizes, f"Only {sizes['n_clusters']} teams; at least {MIN_TEAMS} are needed.")

    cells = (
        counted.with_columns(
            band=pl.sum_horizontal([(pl.col("tenure_week") >= e).cast(pl.Int32) for e in TENURE_EDGES_WEEKS])
        )
        .group_by("team_id", "site", "band", "period", "trained", "days", maintain_order=True)
        .agg(pl.col("event").sum().cast(pl.Float64), n=pl.len().cast(pl.Float64))
        .sort("team_id", "site", "band", "period", "trained", "days", nulls_last=True)
    )
    design = _design(cells)
    if design is None:
        return _no_ratio(leave_type, sizes, "Nobody untrained worked at the same time and tenure as the trained.")
    events, n = cells["event"].to_numpy(), cells["n"].to_numpy()
    offset = np.log(cells["days"].to_numpy() / 7.0)
    fitted = _fit(design, events, n, offset)
    if fitted is None:
        return _no_ratio(leave_type, sizes, "The hazard model did not converge.")
    beta, eta = fitted
    score, information = _score_information(design, events, n, eta)
    team = cells["team_id"].rank("dense").fill_null(0).to_numpy().astype(np.int64)
    moved = _jackknife(design, score, information, team)
    groups = moved.shape[0]
    spread = moved.T @ moved * (groups - 1) / groups
    df = float(groups - 1)
    critical = float(stdtrit(df, 0.5 + ci_level / 2))
    std_error = math.sqrt(spread[0, 0])

    trained = design[:, 0] > 0
    change, baseline = _marginal(eta[trained], n[trained], beta[0])
    effect = change(beta[0])
    slope = effect / beta[0] if abs(beta[0]) > 1e-6 else change(1e-6) / 1e-6
    return HazardRatio(
        leave_type=leave_type,
        hazard_ratio=math.exp(beta[0]),
        ci_low=math.exp(beta[0] - critical * std_error),
        ci_high=math.exp(beta[0] + critical * std_error),
        log_ratio=float(beta[0]),
        std_error=std_error,
        df=df,
        effect=effect,
        effect_std_error=abs(slope) * std_error,
        effect_low=change(beta[0] - critical * std_error),
        effect_high=change(beta[0] + critical * std_error),
        baseline=baseline,
        reason="",
        influence=(
            np.asarray(cells["team_id"].unique().sort().fill_null("").to_list()),
            moved[:, 0] * abs(slope) * math.sqrt((groups - 1) / groups),
        ),
        **sizes,
    )


def survival(weeks: pl.DataFrame, *, ci_level: float = 0.95) -> pl.DataFrame:
    """Kaplan-Meier curves of trained and untrained agent-time with delayed entry.

    A trained agent moves from the untrained to the trained curve at the tenure at which training was completed or due
    (Simon and Makuch, 1984, doi:10.1002/sim.4780030106). Both curves start, at 1, in the first tenure week in which
    both have ``MIN_AT_RISK`` agents, so they are shares of the agents still employed at that time.

    Parameters
    ----------
    weeks
        Output of :func:`person_weeks`.
    ci_level
        Level of the pointwise log-log interval (Greenwood variance).

    Returns
    -------
    polars.DataFrame
        ``arm, leave_type, tenure_week, at_risk, survival, ci_low, ci_high``; empty when the arms never overlap.
    """
    z = float(ndtri(0.5 + ci_level / 2))
    table = (
        weeks.group_by("trained", "tenure_week")
        .agg(
            at_risk=pl.len(),
            any=pl.col("left").sum(),
            voluntary=(pl.col("left") & (pl.col("leave_type") == "voluntary")).sum(),
            involuntary=(pl.col("left") & (pl.col("leave_type") == "involuntary")).sum(),
        )
        .sort("trained", "tenure_week")
    )
    enough = table.filter(pl.col("at_risk") >= MIN_AT_RISK)
    both = enough.group_by("tenure_week").len().filter(pl.col("len") == 2)["tenure_week"]
    schema = {
        "arm": pl.String,
        "leave_type": pl.String,
        "tenure_week": pl.Int32,
        "at_risk": pl.Int64,
        "survival": pl.Float64,
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
    }
    if both.is_empty():
        return pl.DataFrame(schema=schema)
    start = int(both.min())  # type: ignore[arg-type]
    parts = []
    for trained, arm in ((True, "trained"), (False, "untrained")):
        rows = table.filter((pl.col("trained") == trained) & (pl.col("tenure_week") >= start))
        rows = rows.filter((pl.col("at_risk") < MIN_AT_RISK).cum_sum() == 0)
        for leave_type in LEAVE_TYPES:
            level, low, high = _kaplan_meier(rows["at_risk"].to_numpy(), rows[leave_type].to_numpy(), z)
            parts.append(
                pl.DataFrame(
                    {
                        "arm": arm,
                        "leave_type": leave_type,
                        "tenure_week": rows["tenure_week"] + 1,
                        "at_risk": rows["at_risk"],
                        "survival": level,
                        "ci_low": low,
                        "ci_high": high,
                    },
                    schema_overrides=schema,
                )
            )
            parts.append(
                pl.DataFrame(
                    [(arm, leave_type, start, int(rows["at_risk"][0]), 1.0, 1.0, 1.0)], schema=schema, orient="row"
                )
            )
    return pl.concat([p.select(list(schema)).cast(schema) for p in parts]).sort("leave_type", "arm", "tenure_week")  # type: ignore[arg-type]


def _kaplan_meier(at_risk: NDArray[np.int64], events: NDArray[np.int64], z: float) -> tuple[Array, Array, Array]:
    risk, left = at_risk.astype(np.float64), events.astype(np.float64)
    level = np.cumprod(1.0 - left / risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(left / (risk * (risk - left)))
        error = np.sqrt(greenwood) / np.abs(np.log(level))
        low, high = level ** np.exp(z * error), level ** np.exp(-z * error)
    flat = ~((level > 0) & (level < 1))
    bounds = np.where(flat, level, low), np.where(flat, level, high)
    return np.asarray(level, dtype=np.float64), np.asarray(bounds[0]), np.asarray(bounds[1])


def _design(cells: pl.DataFrame) -> Array | None:
    """Trained first, then intercept and dummies; columns that add nothing are dropped, ``None`` when trained is one."""
    columns = [cells["trained"].cast(pl.Float64).to_numpy(), np.ones(cells.height)]
    for name in ("band", "period", "site"):
        values = cells[name].fill_null("") if name == "site" else cells[name]
        events = cells.with_columns(values.alias("key")).group_by("key").agg(pl.col("event").sum())
        levels = [v for v, e in zip(*events.sort("key").get_columns(), strict=True)]
        merged = _merge_empty(levels, dict(zip(events["key"], events["event"], strict=True)))
        codes = np.array([merged[v] for v in values])
        columns.extend((codes == c).astype(np.float64) for c in sorted(set(merged.values()))[1:])
    full = np.column_stack([*columns[1:], columns[0]])
    new = np.abs(np.diag(np.linalg.qr(full, mode="r"))) > 1e-8 * np.sqrt(full.shape[0])
    if not new[-1]:
        return None
    kept = np.flatnonzero(new)
    return np.ascontiguousarray(full[:, [kept[-1], *kept[:-1]]])


def _merge_empty(levels: list[object], events: dict[object, float]) -> dict[object, int]:
    """Merge levels without a leaver with their neighbour, since their log hazard would be minus infinity."""
    codes: dict[object, int] = {}
    current, held = 0, 0.0
    for level in levels:
        codes[level] = current
        held += events[level]
        if held > 0:
            current, held = current + 1, 0.0
    if held == 0 and current > 0:
        codes = {level: min(code, current - 1) for level, code in codes.items()}
    return codes


def _fit(design: Array, events: Array, n: Array, offset: Array) -> tuple[Array, Array] | None:
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    model = GLM(
        np.column_stack([events, n - events]),
        design,
        family=families.Binomial(link=families.links.CLogLog()),
        offset=offset,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = model.fit(maxiter=50, tol=1e-10)
        except (np.linalg.LinAlgError, ValueError):
            return None
    beta = np.asarray(fit.params, dtype=np.float64)
    if not fit.converged or not np.all(np.isfinite(beta)):
        return None
    return beta, design @ beta + offset


def _score_information(design: Array, events: Array, n: Array, eta: Array) -> tuple[Array, Array]:
    """Score rows (cells, k) and expected-information weights (cells,) of the complementary log-log model."""
    lam = np.exp(np.clip(eta, -30, 3))
    p = -np.expm1(-lam)
    weight = n * lam**2 * np.exp(-lam) / p
    residual = (events - n * p) * lam / p
    return design * residual[:, None], weight


def _jackknife(design: Array, score: Array, weight: Array, team: NDArray[np.int64]) -> Array:
    """One Newton step away from the estimate for each team left out: (clusters, k)."""
    k = design.shape[1]
    information = design.T @ (design * weight[:, None])
    moved = []
    for g in np.unique(team):
        rows = team == g
        rest = information - design[rows].T @ (design[rows] * weight[rows, None])
        moved.append(np.linalg.pinv(rest, hermitian=True) @ score[rows].sum(axis=0))
    return np.asarray(moved).reshape(-1, k)


def _marginal(eta: Array, n: Array, beta: float) -> tuple[Callable[[float], float], float]:
    """Mean change of the weekly chance over trained weeks for any log ratio, and the untrained chance."""
    without, share = np.exp(eta - beta), n / n.sum()

    def change(log_ratio: float) -> float:
        return float(share @ (np.exp(-without) - np.exp(-without * math.exp(log_ratio))))

    return change, float(share @ -np.expm1(-without))


def _no_ratio(leave_type: str, sizes: dict[str, int], reason: str) -> HazardRatio:
    nan = math.nan
    return HazardRatio(
        leave_type=leave_type,
        hazard_ratio=nan,
        ci_low=nan,
        ci_high=nan,
        log_ratio=nan,
        std_error=nan,
        df=nan,
        effect=nan,
        effect_std_error=nan,
        effect_low=nan,
        effect_high=nan,
        baseline=nan,
        reason=reason,
        influence=None,
        **sizes,
    )
