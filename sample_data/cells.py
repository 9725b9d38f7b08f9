"""Potential outcomes of every agent-week: expected KPI values with and without the programme."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sample_data.answers import survey_rates
from sample_data.centre import Centre, Rates, Week
from sample_data.chain import LIFT
from sample_data.parameters import SKILLS
from sample_data.performance import QA_LEVEL, QA_PER_SD
from sample_data.staff import Array

POTENTIALS = ("seen", "none", "alone", "unskilled", "lifted")
"""The actual programme; no programme; only team-mates trained; training without an effect on skills; no programme but
every skill ``LIFT`` higher."""

RATE_KPIS = {
    "escalation_rate": "escalated",
    "hostile_contact_rate": "hostile",
    "transfer_rate": "transferred",
    "complaints_per_1000": "complained",
    "repeat_contact_7d": "repeated",
    "referral_rate": "referred",
    "offer_rate": "offered",
}
"""KPIs that are one outcome's rate."""

MIRRORED = {"customer_retention_90d": "churned"}
"""KPIs that are one minus an outcome's rate."""

SKILL_KPIS = SKILLS
LONG_SECONDS, CALLS = 900, "VOICE"
"""Handle time from which a call counts as long, in seconds; times are written in whole seconds."""


def cell_truth(centre: Centre, week: Week, rates: dict[str, Rates]) -> dict[str, NDArray[np.generic]]:
    """Return the potential outcomes of a week, one array (agents,) per column.

    Columns are ``<kpi>__<potential>`` for every KPI and potential, and ``<kpi>__per_contact``: the expected
    denominators per contact, which are the weights that turn cells into a centre-wide effect.
    """
    columns: dict[str, NDArray[np.generic]] = {}
    means = {
        name: {which: _mean(getattr(rate, which), week.share) for which in POTENTIALS} for name, rate in rates.items()
    }
    ones = np.ones(week.agent.size)
    params = centre.params
    for kpi, name in RATE_KPIS.items():
        _put(columns, kpi, means[name], ones)
    for kpi, name in MIRRORED.items():
        _put(columns, kpi, {which: 1.0 - value for which, value in means[name].items()}, ones)
    lengthen = np.exp(params.handle_log_sd**2 / 2)
    _put(columns, "aht_seconds", {w: v * lengthen for w, v in means["handle_seconds"].items()}, ones)
    _long_calls(columns, centre, week, means_of=rates["handle_seconds"])
    columns["offer_rate__per_contact"] = ones * params.eligible
    solved = {
        which: _mean((1 - getattr(rates["repeated"], which)) * (1 - getattr(rates["transferred"], which)), week.share)
        for which in POTENTIALS
    }
    _put(columns, "fcr_7d", solved, ones)
    _surveys(columns, centre, week, rates)
    _sales(columns, centre, week, rates)
    _skills(columns, centre, week)
    return columns


def _mean(rate: Array, share: Array) -> Array:
    mean: Array = np.einsum("ak,ak->a", rate, share)
    return mean


def _put(columns: dict[str, NDArray[np.generic]], kpi: str, value: dict[str, Array], per_contact: Array) -> None:
    for which in POTENTIALS:
        columns[f"{kpi}__{which}"] = value[which]
    columns[f"{kpi}__per_contact"] = per_contact


def _long_calls(columns: dict[str, NDArray[np.generic]], centre: Centre, week: Week, means_of: Rates) -> None:
    """Calls that take :data:`LONG_SECONDS` or longer, among calls: handle times are lognormal around their median."""
    params = centre.params
    calls = np.array([channel.name == CALLS for channel in params.channels])[centre.mix.channel]
    if not calls.any():
        return
    share = week.share * calls
    per_contact = share.sum(axis=1)
    long = {
        which: ndtr((np.log(getattr(means_of, which)) - np.log(LONG_SECONDS - 0.5)) / params.handle_log_sd)
        for which in POTENTIALS
    }
    value = {which: _mean(chance, share) / np.maximum(per_contact, 1e-12) for which, chance in long.items()}
    _put(columns, "long_call_share", value, per_contact)


def _surveys(columns: dict[str, NDArray[np.generic]], centre: Centre, week: Week, rates: dict[str, Rates]) -> None:
    value: dict[str, dict[str, Array]] = {name: {} for name in ("top2", "score", "felt", "nps", "answered")}
    for which in POTENTIALS:
        survey = survey_rates(
            centre.params,
            getattr(rates["satisfied"], which),
            getattr(rates["felt_heard"], which),
            getattr(rates["promoter"], which),
        )
        answered = _mean(survey.answered, week.share)
        value["answered"][which] = answered
        value["top2"][which] = _mean(survey.top2, week.share) / answered
        value["score"][which] = _mean(survey.score, week.share) / answered
        value["felt"][which] = _mean(survey.felt, week.share) / answered
        value["nps"][which] = _mean(survey.promoter - survey.detractor, week.share) / answered
    answered = value["answered"]["seen"]
    _put(columns, "csat_top2", value["top2"], answered)
    _put(columns, "csat_mean", value["score"], answered)
    _put(columns, "felt_heard", value["felt"], answered)
    _put(columns, "nps", value["nps"], answered)
    invited = centre.params.survey_invited
    rate = {which: given / invited for which, given in value["answered"].items()}
    _put(columns, "survey_response_rate", rate, np.full(week.agent.size, invited))


def _sales(columns: dict[str, NDArray[np.generic]], centre: Centre, week: Week, rates: dict[str, Rates]) -> None:
    params = centre.params
    eligible = np.full(week.agent.size, params.eligible)
    offers: dict[str, Array] = {}
    sold: dict[str, Array] = {}
    for which in POTENTIALS:
        kept = getattr(rates["accepted"], which) * (1.0 - getattr(rates["cancelled"], which))
        offers[which] = _mean(getattr(rates["offered"], which), week.share)
        sold[which] = _mean(getattr(rates["offered"], which) * kept, week.share)
    accepted = {which: sold[which] / offers[which] for which in POTENTIALS}
    _put(columns, "offer_acceptance", accepted, params.eligible * offers["seen"])
    _put(columns, "upsell_conversion", {w: params.upsell_share * v for w, v in sold.items()}, eligible)
    _put(columns, "cross_sell_conversion", {w: (1 - params.upsell_share) * v for w, v in sold.items()}, eligible)
    _put(columns, "upsell_revenue", {w: params.revenue_mean * v for w, v in sold.items()}, eligible)


def _skills(columns: dict[str, NDArray[np.generic]], centre: Centre, week: Week) -> None:
    params = centre.params
    size = params.skill_gain * params.effect_scale
    per_contact = np.full(week.agent.size, params.qa_per_week / max(params.contacts_per_week, 1e-9))
    mean: dict[str, Array] = {which: np.zeros(week.agent.size) for which in POTENTIALS}
    for position, skill in enumerate(SKILLS):
        base = week.skill[:, position] + week.mood
        value = {
            "seen": base + size * week.dose[:, position],
            "none": base,
            "alone": base + size * week.spill_dose[:, position],
            "unskilled": base,
            "lifted": base + LIFT / QA_PER_SD,
        }
        points = {which: QA_LEVEL + QA_PER_SD * number for which, number in value.items()}
        _put(columns, skill, points, per_contact)
        for which in POTENTIALS:
            mean[which] += points[which] / len(SKILLS)
    _put(columns, "empathy_score", mean, per_contact)
