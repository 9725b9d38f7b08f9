"""Survey answers of customers: response, satisfaction score, felt-heard and recommendation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

from sample_data.parameters import Parameters
from sample_data.staff import Array

SCORE_SHIFT = np.array([1.0, 0.5, 0.0, -0.8])
"""Shifts, in probits, of the chances to score at least 2, 3, 4 and 5 from the chance of top-two-box (4 or 5)."""

FELT_HEARD_BY_SCORE = np.array([-2.2, -1.5, -0.8, 0.1, 0.7])
PROMOTER_BY_SCORE = np.array([-3.5, -2.5, -1.5, -0.2, 0.9])
"""Log-odds added, by score 1-5, to the felt-heard and promoter items (assumption: items agree with the score)."""

PASSIVE_SHIFT = 1.3
"""Log-odds between a recommendation of 9 or more and one of 7 or more (assumption)."""


def at_least(satisfied: Array) -> Array:
    """Return the chances of a score of at least 2, 3, 4 and 5, shape (4, ...), from the chance of 4 or 5."""
    cut = ndtri(satisfied)
    chance: Array = ndtr(cut + SCORE_SHIFT.reshape(4, *([1] * cut.ndim)))
    return chance


def score_chances(satisfied: Array) -> Array:
    """Return the chance of each score 1-5, shape (5, ...)."""
    upper = at_least(satisfied)
    return np.concatenate([1.0 - upper[:1], upper[:-1] - upper[1:], upper[-1:]])


@dataclass(frozen=True)
class SurveyRates:
    """Expected answers per contact, each with the shape of the rates given.

    Parameters
    ----------
    answered : float
        Share of contacts whose customer answers.
    top2, score, felt, promoter, detractor : float
        Answers per contact with a score of 4 or 5, sum of scores, felt heard, 9-10 and 0-6 recommendations.
    """

    answered: Array
    top2: Array
    score: Array
    felt: Array
    promoter: Array
    detractor: Array


def survey_rates(params: Parameters, satisfied: Array, felt: Array, promoter: Array) -> SurveyRates:
    """Work out the expected answers from the rates of the three items.

    Parameters
    ----------
    satisfied, felt, promoter : (...) float
        Rates of the outcomes ``satisfied``, ``felt_heard`` and ``promoter``.
    """
    extra = (5, *([1] * satisfied.ndim))
    response = params.survey_invited * np.asarray(params.response_by_score)
    answering = score_chances(satisfied) * response.reshape(extra)
    felt_given = expit(logit(felt)[None] + FELT_HEARD_BY_SCORE.reshape(extra))
    lean = logit(promoter)[None] + PROMOTER_BY_SCORE.reshape(extra)
    return SurveyRates(
        answered=answering.sum(axis=0),
        top2=answering[3:].sum(axis=0),
        score=(answering * np.arange(1, 6).reshape(extra)).sum(axis=0),
        felt=(answering * felt_given).sum(axis=0),
        promoter=(answering * expit(lean)).sum(axis=0),
        detractor=(answering * (1.0 - expit(lean + PASSIVE_SHIFT))).sum(axis=0),
    )


@dataclass(frozen=True)
class Answers:
    """Answers of respondents.

    Parameters
    ----------
    felt : (answers,) int8
        1-5; 4 and 5 mean felt heard.
    recommend : (answers,) int8
        0-10.
    """

    felt: NDArray[np.int8]
    recommend: NDArray[np.int8]


def draw_answers(
    rng: np.random.Generator, score: NDArray[np.integer], felt: Array, promoter: Array
) -> Answers:
    """Draw the other two items given the score 1-5 of those who answer."""
    uniform = rng.random((score.size, 4))
    heard = uniform[:, 0] < expit(logit(felt) + FELT_HEARD_BY_SCORE[score - 1])
    felt_item = np.where(heard, np.where(uniform[:, 1] < 0.45, 5, 4), 1 + (uniform[:, 1] * 3).astype(np.int64))
    lean = logit(promoter) + PROMOTER_BY_SCORE[score - 1]
    recommend = np.where(
        uniform[:, 2] < expit(lean),
        np.where(uniform[:, 3] < 0.55, 9, 10),
        np.where(
            uniform[:, 2] < expit(lean + PASSIVE_SHIFT),
            np.where(uniform[:, 3] < 0.4, 7, 8),
            (uniform[:, 3] ** 0.6 * 7).astype(np.int64),
        ),
    )
    return Answers(felt=felt_item.astype(np.int8), recommend=recommend.astype(np.int8))
