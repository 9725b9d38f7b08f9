"""Parameters of the sample world, with units and sources; those of outcomes are in ``outcomes``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Literal

from sample_data.chain import Chain
from sample_data.outcomes import Outcome, default_outcomes
from sample_data.prices import Money

SKILLS = (
    "active_listening",
    "personalisation",
    "probing_questions",
    "perspective_taking",
    "trigger_free_language",
)
"""The five skills the programme teaches, in the order every skill array uses."""

AssignmentMode = Literal["randomised", "team_waves", "lowest_performers", "volunteers", "none"]
"""How agents came to be trained. See docs/sample-world.md, "How agents are chosen"."""

ASSIGNMENT_MODES: tuple[str, ...] = ("randomised", "team_waves", "lowest_performers", "volunteers", "none")


@dataclass(frozen=True, kw_only=True)
class Site:
    """A place where agents work.

    Parameters
    ----------
    name : str
        City, as the staff system writes it.
    timezone : str
        IANA zone; shifts, days and weeks are in this zone.
    share : float
        Share of the teams at this site.
    currency : str
        Currency in which this site sells.
    """

    name: str
    timezone: str
    share: float
    currency: str = "EUR"


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue of contacts.

    Parameters
    ----------
    name : str
        Name in the telephone system.
    share : float
        Share of contacts (assumption).
    difficulty : float
        Log-odds added to the escalation of a contact (assumption; technical lines escalate more).
    reasons : tuple of str
        Reasons for contact that land here, equally likely.
    """

    name: str
    share: float
    difficulty: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way to reach the centre.

    Parameters
    ----------
    name : str
        As the telephone system writes it.
    share : float
        Share of contacts (assumption).
    difficulty : float
        Log-odds added to the escalation of a contact (assumption).
    """

    name: str
    share: float
    difficulty: float


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Parameters of the contact centre: calendar, staff, programme and true effects.

    Sources are named beside each field; "assumption" means that no source was found and that the value was chosen
    to be plausible. Effects are two-sided in principle: no study of empathy training in a contact centre with KPI
    outcomes is known, so these are assumptions of a simulation, not evidence.

    Parameters
    ----------
    seed : int
        Seed of all random numbers: the same seed gives the same world.
    start : str
        ISO date of the first Monday.
    weeks : int
        Length of the window, weeks.
    teams : int
        Number of teams.
    seats_per_team : int
        Agents per team; a seat is refilled after its agent leaves. Span of control 12-18 (trade figures).
    sites : tuple of Site
    contacts_per_week : float
        Contacts of a full-time agent in an ordinary week; 50-70 calls a shift seen in practice, 180 assumed.
    queues, channels : tuples
    mix_sd : float
        How much teams differ in their queues (sd of log shares; assumption). 0: every team has the same mix.
    harder_calls : float
        Share of easy contacts re-routed to the harder queues for an agent once trained: an optional threat to validity
        (assumption; default off).
    outcomes : dict of Outcome
    agent_sd, team_sd : float
        Persistent differences in form, log-odds of escalation (assumption).
    form_sd, form_rho : float
        Stationary sd and weekly autocorrelation of the transient part of form (assumption), which causes regression to
        the mean.
    skill_correlation : float
        Correlation between the starting levels of two skills (assumption).
    tenure_half_life_weeks, tenure_full_weeks : float
        The learning curve: half of the gain by week 10, done at week 52 (64% in the first year, De Grip,
        Sauermann and Sieben 2016, doi 10.1016/j.jebo.2016.05.013, for the size).
    season_amplitude : float
        Log-odds at the winter peak, mid-December to mid-January (assumption).
    season_volume : float
        Extra contacts at the peak, share (assumption).
    incident_week, incident_weeks, incident_size : float, int, float
        The product incident: where it starts (share of the window), its length, log-odds of escalation
        (assumption).
    release_week : float
        The CRM release: where in the window (share); its size is each outcome's ``release`` (assumption).
    part_time_share, part_time_fte : float
        Share of agents on part time, and their hours as a share of full time (assumption).
    absence : float
        Share of rostered days missed (assumption; 5-8% usual).
    absence_agent_sd : float
        Sd between agents, log-odds (assumption).
    absence_effect : float
        Effect of training on absence, log-odds; a guard-rail (0: nothing to find).
    hazard_monthly : tuple of 3 floats
        Monthly hazard of leaving at tenure 0-3 months, 3-12 months, over 12 months: 7%, 4%, 2.2% (fits 30-45% a
        year with the early peak that surveys report).
    hazard_form : float
        Log hazard per unit of form (0.5: agents under stress leave; assumption).
    hazard_season : float
        Log hazard at the January peak (assumption).
    hazard_ratio : float
        Hazard of a trained agent over the same agent untrained (0.80; Bloom et al. 2015 saw halving in another
        setting, Adhvaryu et al. none).
    voluntary_share : float
        Share of leavers who resign (assumption).
    refill_weeks : float
        Mean weeks until an empty seat is filled (assumption).
    moves_per_year : float
        Team moves per agent and year, within the site (assumption).
    assignment : AssignmentMode
        How agents are chosen for training.
    pre_weeks : int
        Weeks before the first wave; 26 or more are needed to see a dip (assumption).
    waves, wave_gap_weeks : int
        Number of waves of teams and weeks between them (Brynjolfsson, Li and Raymond 2025 for waves).
    never_share : float
        Share of teams that the roll-out does not reach in the window.
    chosen_share : float
        Share of a wave's team that is chosen where agents, not teams, are chosen.
    lookback_weeks : int
        Weeks of observed escalation rate on which the lowest performers are picked.
    volunteer_strength : float
        Log-odds of volunteering per standard deviation of better starting level; 1.0 makes takers about 20%
        better than the rest before any training (Fisher, Gallino and Netessine).
    no_show, partial, late, retake : float
        Share of chosen agents who never come; who take only some of the skill courses; who come one or two weeks
        late; who fail the first attempt (assumption).
    refresher_share : float
        Share of trained agents who get a refresher.
    refresher_weeks : int
        Weeks from the base course to the refresher.
    effect_scale : float
        Multiplies every effect of training; 0 is a null world. The log hazard ratio is scaled too.
    ramp_weeks : int
        Weeks until full effect, linear (assumption).
    half_life_weeks, floor : float
        Decay of the effect: half-life of the part that fades, and the share that stays (0.34/0.69 of Winter et
        al. 2020, doi 10.1136/bmjopen-2019-036471, after twelve weeks; De Grip and Sauermann 2012 saw fading in weeks).
    base_course_share : float
        Share of each skill's gain that the base course brings; the skill's own course brings the rest.
    skill_gain : float
        Gain in each skill at full dose, sd of the starting level (0.6, near SMD 0.52 of Winter et al. 2020).
    spillover : float
        Effect on an untrained agent whose team-mates are all trained, as a share of the own effect (0.35-0.5:
        De Grip and Sauermann 2012, doi 10.1111/j.1468-0297.2012.02500.x).
    heterogeneity_level : tuple of 3 floats
        Multiplier of the effect for the bottom, middle and top third of starting level (Brynjolfsson, Li and
        Raymond 2025: the gain is the novices').
    heterogeneity_tenure : tuple of 3 floats
        Multiplier by tenure band at training (assumption).
    survey_invited : float
        Share of contacts after which the customer is invited to the survey (assumption).
    response_by_score : tuple of 5 floats
        Chance that an invited customer answers, by the score 1-5 they would give: both tails answer more. With
        ``survey_invited`` this gives answers to 12% of contacts (8-25% for e-mail and IVR).
    eligible : float
        Share of contacts on which an offer may be made (40%: best-in-class sample).
    upsell_share : float
        Share of eligible contacts whose offer is an upsell; the rest are cross-sell (assumption).
    revenue_mean, revenue_log_sd : float
        Amount of an accepted offer, lognormal: mean, and sd of the log (assumption).
    handle_log_sd : float
        Sd of the log of handle time within an agent's week (assumption).
    repeat_days : tuple of 6 floats
        Distribution of the days 1-6 until a repeat contact (assumption).
    customer_cycle_weeks : int
        Weeks between two fresh contacts of a customer; above 13 so that 90-day windows do not overlap.
    qa_per_week : float
        Evaluations per agent-week; 2-4 a month usual.
    qa_rater_sd, qa_noise_sd : float
        Sd between raters and within, on the scale 0 to 1 (assumption).
    qa_form_change, qa_form_harder : float
        Where in the window the second version of the form comes in (share), and how much harder it scores.
    raters : int
        Number of evaluators (assumption).
    transcripts, evaluated_transcripts : float
        Share of contacts that have a transcript, and share of the evaluated ones that have one anyway (assumption).
    chain : Chain
        Link between training and KPIs: drifting skills, biased raters, strain.
    money : Money
    """

    seed: int = 20250101
    start: str = "2024-01-01"
    weeks: int = 78
    teams: int = 30
    seats_per_team: int = 16
    sites: tuple[Site, ...] = (
        Site(name="Madrid", timezone="Europe/Madrid", share=0.4),
        Site(name="New York", timezone="America/New_York", share=0.3),
        Site(name="Manila", timezone="Asia/Manila", share=0.3),
    )
    contacts_per_week: float = 180.0
    queues: tuple[Queue, ...] = (
        Queue(name="Billing", share=0.40, difficulty=0.0, reasons=("invoice", "refund", "payment")),
        Queue(name="Technical", share=0.35, difficulty=0.25, reasons=("fault", "setup", "outage")),
        Queue(name="Retention", share=0.15, difficulty=0.35, reasons=("cancel", "price")),
        Queue(name="Sales", share=0.10, difficulty=-0.40, reasons=("upgrade", "new_line")),
    )
    channels: tuple[Channel, ...] = (
        Channel(name="VOICE", share=0.70, difficulty=0.0),
        Channel(name="CHAT", share=0.20, difficulty=-0.15),
        Channel(name="EMAIL", share=0.10, difficulty=-0.10),
    )
    mix_sd: float = 0.35
    harder_calls: float = 0.0
    outcomes: dict[str, Outcome] = field(default_factory=default_outcomes)
    agent_sd: float = 0.35
    team_sd: float = 0.15
    form_sd: float = 0.35
    form_rho: float = 0.8
    skill_correlation: float = 0.4
    tenure_half_life_weeks: float = 10.0
    tenure_full_weeks: float = 52.0
    season_amplitude: float = 0.12
    season_volume: float = 0.10
    incident_week: float = 0.42
    incident_weeks: int = 3
    incident_size: float = 0.35
    release_week: float = 0.62
    part_time_share: float = 0.15
    part_time_fte: float = 0.5
    absence: float = 0.06
    absence_agent_sd: float = 0.4
    absence_effect: float = 0.0
    hazard_monthly: tuple[float, float, float] = (0.07, 0.04, 0.022)
    hazard_form: float = 0.5
    hazard_season: float = 0.25
    hazard_ratio: float = 0.80
    voluntary_share: float = 0.75
    refill_weeks: float = 3.0
    moves_per_year: float = 0.12
    assignment: AssignmentMode = "team_waves"
    pre_weeks: int = 26
    waves: int = 4
    wave_gap_weeks: int = 8
    never_share: float = 0.20
    chosen_share: float = 0.5
    lookback_weeks: int = 4
    volunteer_strength: float = 1.0
    no_show: float = 0.08
    partial: float = 0.10
    late: float = 0.08
    retake: float = 0.12
    refresher_share: float = 0.5
    refresher_weeks: int = 26
    effect_scale: float = 1.0
    ramp_weeks: int = 4
    half_life_weeks: float = 26.0
    floor: float = 0.40
    base_course_share: float = 0.5
    skill_gain: float = 0.6
    spillover: float = 0.40
    heterogeneity_level: tuple[float, float, float] = (1.5, 1.0, 0.4)
    heterogeneity_tenure: tuple[float, float, float] = (1.2, 1.0, 0.9)
    survey_invited: float = 0.5
    response_by_score: tuple[float, float, float, float, float] = (0.40, 0.28, 0.16, 0.18, 0.27)
    eligible: float = 0.40
    upsell_share: float = 0.6
    revenue_mean: float = 35.0
    revenue_log_sd: float = 0.5
    handle_log_sd: float = 0.55
    repeat_days: tuple[float, ...] = (0.30, 0.22, 0.17, 0.13, 0.10, 0.08)
    customer_cycle_weeks: int = 14
    qa_per_week: float = 0.75
    qa_rater_sd: float = 0.03
    qa_noise_sd: float = 0.08
    qa_form_change: float = 0.5
    qa_form_harder: float = 0.04
    raters: int = 12
    transcripts: float = 0.01
    evaluated_transcripts: float = 1.0
    chain: Chain = field(default_factory=Chain)
    money: Money = field(default_factory=Money)

    @property
    def seats(self) -> int:
        """Number of seats in the centre."""
        return self.teams * self.seats_per_team

    @property
    def planned_agents(self) -> float:
        """Number of seats that the programme is planned, and paid, for."""
        if self.assignment == "none":
            return 0.0
        share = 1.0 if self.assignment == "team_waves" else self.chosen_share
        return self.seats * (1 - self.never_share) * share

    def replace(self, **changes: object) -> Parameters:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    @classmethod
    def sample(cls, **changes: object) -> Parameters:
        """Return the world that ``empathy sample`` starts from: 160 seats, a year.

        With so few agents the default effects would not be significant for most KPIs. So effects are 1.4 times the
        default, form is steadier, skills drift more and are scored twice as often, and a little more than a quarter of
        the teams stay untrained.
        """
        base = cls(
            weeks=52,
            teams=20,
            seats_per_team=8,
            contacts_per_week=30.0,
            pre_weeks=16,
            waves=4,
            wave_gap_weeks=5,
            never_share=0.3,
            form_sd=0.25,
            effect_scale=1.4,
            refresher_weeks=14,
            raters=6,
            qa_per_week=1.5,
            chain=Chain(drift_sd=0.8),
        )
        return base.replace(**changes)

    @classmethod
    def demo(cls, **changes: object) -> Parameters:
        """Return the world of ``empathy demo``: 320 seats, 78 weeks, small enough to load and estimate in a minute.

        The centre of :meth:`sample`, twice as large and half as long again, with a third of its teams waiting until
        after the window and fewer contacts transcribed. docs/sample-world.md has the number of clear goals over many
        seeds.
        """
        base = cls.sample(
            weeks=78,
            teams=40,
            contacts_per_week=26.0,
            pre_weeks=24,
            never_share=0.35,
            refresher_weeks=18,
            raters=12,
            transcripts=0.005,
            evaluated_transcripts=0.2,
        )
        return base.replace(**changes)

    @classmethod
    def committed(cls, **changes: object) -> Parameters:
        """Return the world of the small exports kept in the repository: 24 seats, 16 weeks."""
        base = cls(
            weeks=16,
            teams=6,
            seats_per_team=4,
            contacts_per_week=6.0,
            pre_weeks=6,
            waves=2,
            wave_gap_weeks=4,
            refresher_weeks=6,
            raters=3,
            start="2025-01-06",
            chain=Chain.constant(),
        )
        return base.replace(**changes)

    @classmethod
    def coverage(cls, **changes: object) -> Parameters:
        """Return a world in which two-way fixed effects hold: for studies of bias and coverage.

        No turnover, moves, absences or learning curve, one queue and channel, everyone who is chosen comes, the
        calendar moves every agent alike, and skills are constant until training. Remaining: differences between agents,
        teams and weeks, autocorrelated form, effects that ramp and decay, heterogeneity, spillover (set ``spillover=0``
        for clean controls).
        """
        flat = {
            name: dataclasses.replace(outcome, tenure=0.0, difficulty=0.0)
            for name, outcome in default_outcomes().items()
        }
        base = cls(
            outcomes=flat,
            hazard_monthly=(0.0, 0.0, 0.0),
            moves_per_year=0.0,
            absence=0.0,
            part_time_share=0.0,
            queues=(Queue(name="Billing", share=1.0, difficulty=0.0, reasons=("invoice",)),),
            channels=(Channel(name="VOICE", share=1.0, difficulty=0.0),),
            mix_sd=0.0,
            no_show=0.0,
            partial=0.0,
            late=0.0,
            refresher_share=0.0,
            chain=Chain.constant(),
        )
        return base.replace(**changes)
