"""Outcomes of a contact: base rates, their drivers, and effects of training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one outcome of a contact depends on agent, week and training.

    The log-odds (for ``handle_seconds`` the log of seconds) of the outcome on one contact are the sum of the
    intercept and of every term below; see docs/sample-world.md for the formula.

    Parameters
    ----------
    base : float
        Rate (or median seconds) of experienced, untrained agents in an ordinary week. Unit: share of the
        outcome's own denominator, or seconds.
    effect : float
        Effect of full training at full dose, in log-odds (log seconds). Half-way figures of the sources are
        given in docs/sample-world.md.
    form : float
        Loading on the agent's form, the autocorrelated quality of work; form is in log-odds of escalation, so a
        positive form is a bad week.
    tenure : float
        Log-odds gained between the first day and the end of the learning curve.
    trend : float
        Log-odds per week: a secular trend, which before-after comparisons mistake for an effect.
    season, incident, release : float
        Loadings on the calendar: the winter peak, the product incident, the CRM release.
    difficulty : float
        Loading on the difficulty of queue and channel.
    contact : float
        Correlation (probit scale) with the contact's hidden difficulty, which correlates the outcomes of one contact
        without changing any rate.
    indirect : float
        Share of ``effect`` that runs through the five skills; the rest is direct.
    skills : tuple of 5 floats
        How the indirect part is split over the skills; sums to one.
    """

    base: float
    effect: float
    form: float = 0.0
    tenure: float = 0.0
    trend: float = 0.0
    season: float = 0.0
    incident: float = 0.0
    release: float = 0.0
    difficulty: float = 0.0
    contact: float = 0.0
    indirect: float = 0.7
    skills: tuple[float, float, float, float, float] = (0.2, 0.2, 0.2, 0.2, 0.2)


def default_outcomes() -> dict[str, Outcome]:
    """Return the outcomes of the default world, each with the source of its numbers."""
    return {
        # 5-15% at tier 1, 15-25% in technical lines (trade surveys); effect -0.22 is about -2 points (assumption,
        # modest against SMD 0.5 at the level of behaviour, Winter et al. 2020).
        "escalated": Outcome(
            base=0.12,
            effect=-0.22,
            form=1.0,
            tenure=-0.50,
            trend=-0.0035,
            season=1.0,
            incident=1.0,
            release=-0.10,
            difficulty=1.0,
            contact=0.5,
            skills=(0.25, 0.10, 0.15, 0.30, 0.20),
        ),
        # 78% top-two-box (case figure). The latent score is what every customer would say; only some answer.
        "satisfied": Outcome(
            base=0.78,
            effect=0.18,
            form=-0.6,
            tenure=0.25,
            trend=0.0015,
            season=-0.6,
            incident=-0.9,
            release=0.05,
            difficulty=-0.5,
            contact=-0.5,
            skills=(0.25, 0.25, 0.10, 0.25, 0.15),
        ),
        # Among those who answer; assumption.
        "felt_heard": Outcome(
            base=0.68, effect=0.25, form=-0.5, tenure=0.15, incident=-0.4, difficulty=-0.3,
            skills=(0.40, 0.15, 0.15, 0.25, 0.05),
        ),
        "promoter": Outcome(
            base=0.44, effect=0.12, form=-0.4, tenure=0.10, trend=0.001, incident=-0.6, difficulty=-0.3,
        ),
        "hostile": Outcome(
            base=0.06, effect=-0.15, form=0.4, season=1.0, incident=1.2, difficulty=0.6, contact=0.6,
            skills=(0.15, 0.05, 0.05, 0.25, 0.50),
        ),
        # ~9.9% (trade survey); a guard-rail with nothing to find.
        "transferred": Outcome(
            base=0.099, effect=0.0, form=0.3, tenure=-0.40, season=0.3, difficulty=0.8, indirect=0.0
        ),
        # Formal complaints, 4 in 1,000 contacts (assumption).
        "complained": Outcome(
            base=0.004, effect=-0.25, form=0.8, tenure=-0.20, trend=-0.002, season=0.6, incident=1.4,
            difficulty=0.8, contact=0.5, skills=(0.20, 0.05, 0.10, 0.35, 0.30),
        ),
        # Another contact by the same customer for the same reason within seven days: 14% (case figure). Solved at
        # the first contact means neither repeated nor transferred: 77% (70-79% is good by survey).
        "repeated": Outcome(
            base=0.14, effect=-0.08, form=0.5, tenure=-0.35, trend=-0.001, season=0.5, incident=0.8,
            difficulty=0.5, contact=0.4, skills=(0.25, 0.05, 0.55, 0.10, 0.05),
        ),
        "offered": Outcome(base=0.35, effect=0.05, form=-0.3, tenure=0.30, skills=(0.1, 0.2, 0.6, 0.1, 0.0)),
        "accepted": Outcome(
            base=0.12, effect=0.15, form=-0.4, tenure=0.30, trend=0.001, season=0.5, incident=-0.5,
            skills=(0.15, 0.35, 0.35, 0.15, 0.0),
        ),
        "cancelled": Outcome(base=0.06, effect=0.0, indirect=0.0),
        # Left within 90 days of a contact: 5% (survey intent after resolution; behaviour assumed alike).
        "churned": Outcome(
            base=0.05, effect=-0.10, form=0.4, trend=-0.001, incident=0.8, difficulty=0.4, contact=0.3,
            skills=(0.25, 0.20, 0.15, 0.30, 0.10),
        ),
        "referred": Outcome(base=0.012, effect=0.10, form=-0.3, incident=-0.4),
        "repurchased": Outcome(base=0.08, effect=0.04, form=-0.2, season=0.6),
        # Median seconds; 6 minutes (trade survey). +2%: empathy takes time (assumption).
        "handle_seconds": Outcome(
            base=360.0, effect=0.02, form=0.10, tenure=-0.25, trend=-0.0005, season=0.1, release=0.06,
            difficulty=0.3, contact=0.3, indirect=0.0,
        ),
    }
