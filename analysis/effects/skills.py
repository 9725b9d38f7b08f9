"""Panel of a skill from evaluations corrected for rater and form, with sums of squares for its sampling noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.effects.raters import Leakage, RaterModel, leakage, rater_model
from analysis.estimators.imputation import Imputation
from analysis.panel.evaluations import Evaluations
from analysis.panel.panel import Panel
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]

WEEKS_PER_BLOCK = 4
"""When raters are compared, an agent's skill is taken as constant over this many weeks."""


@dataclass(frozen=True, eq=False)
class Skill:
    """One skill, corrected for rater and form.

    Attributes
    ----------
    name : str
    panel : Panel
        The given panel with corrected scores; ``sq`` holds the sums of squares of single scores.
    model : RaterModel
    leak : Leakage
    n_evaluations : int
        Inside the panel.
    """

    name: str
    panel: Panel
    model: RaterModel
    leak: Leakage
    n_evaluations: int


def corrected_skill(panel: Panel, raw: Panel, evaluations: Evaluations, name: str, anticipation: int = 0) -> Skill:
    """Replace the raw scores of a skill by scores corrected for rater and form.

    Parameters
    ----------
    panel : Panel
        Of the skill, learning curve taken out.
    raw : Panel
        The same before the learning curve was removed.
    evaluations : Evaluations
        The evaluations behind both panels.
    name : str
        Which score.
    anticipation : int
        Weeks before training that do not count as untrained.

    Returns
    -------
    Skill
    """
    score = evaluations.scores[name]
    rows, weeks = evaluations.place(panel)
    inside = (rows >= 0) & (weeks >= 0) & np.isfinite(score)
    inside[inside] = panel.observed[rows[inside], weeks[inside]]
    _, group = np.unique(np.char.add(evaluations.agent_key, _block(evaluations.week).astype(str)), return_inverse=True)
    model = rater_model(score, group.astype(np.int64), evaluations.rater, evaluations.form)
    flat = rows[inside] * panel.n_periods + weeks[inside]
    value = model.adjusted[inside]

    def summed(values: Floats | None) -> Floats:
        sums = np.bincount(flat, values, panel.num.size)
        return np.asarray(sums, dtype=np.float64).reshape(panel.num.shape)

    count, total, squares = summed(None), summed(value), summed(value**2)
    spread = (squares - total * ratio(total, count, 0.0)).clip(min=0.0)
    learned = np.where(count > 0, panel.y - raw.y, 0.0)
    num = total + learned * count
    made = replace(panel, num=num, den=count, sq=spread + num * ratio(num, count, 0.0))
    leak = _leak(made, model, evaluations, score, rows, weeks, inside, anticipation)
    return Skill(name, made, model, leak, int(flat.size))


def _block(week: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return np.asarray((week - np.datetime64("1970-01-05")).astype(np.int64) // (7 * WEEKS_PER_BLOCK))


def _leak(
    panel: Panel,
    model: RaterModel,
    evaluations: Evaluations,
    score: Floats,
    rows: NDArray[np.int64],
    weeks: NDArray[np.int64],
    inside: NDArray[np.bool_],
    anticipation: int,
) -> Leakage:
    fitted = Imputation(panel, anticipation, leads=0)
    unit_effects = np.full(panel.n_units, np.nan)
    unit_effects[fitted.layout.order] = fitted.fit.unit_effects
    level = np.full(score.size, np.nan)
    r, w = rows[inside], weeks[inside]
    level[inside] = unit_effects[r] + fitted.fit.week_effects[w]
    trained = np.zeros(score.size, dtype=bool)
    trained[inside] = w >= panel.cohort_ix[r]
    cluster = np.zeros(score.size, dtype=np.int64)
    cluster[inside] = panel.cluster_ix[r]
    return leakage(model, score, level, evaluations.rater, trained, cluster)
