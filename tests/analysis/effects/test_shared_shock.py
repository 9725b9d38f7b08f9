"""The sensitivity of an indirect effect against population moments, regressions and published data."""

from __future__ import annotations

from importlib import resources

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from statsmodels.stats.mediation import Mediation

from analysis.effects.shared_shock import acme, robustness_value


@pytest.mark.parametrize("rho", [-0.6, -0.1, 0.0, 0.3, 0.8])
def test_population_moments_give_the_structural_effect_back(rho: float) -> None:
    """M = a T + e, Y = b M + d T + u with corr(e, u) = rho: what the naive product leaves out comes back exactly."""
    a, b, sd_m, sd_u = 0.5, 0.4, 1.3, 0.7
    sd_y = np.sqrt(b**2 * sd_m**2 + sd_u**2 + 2 * b * rho * sd_m * sd_u)
    r = (b * sd_m + rho * sd_u) / sd_y

    assert acme(a, sd_y, sd_m, r, rho) == pytest.approx(a * b, abs=1e-10)
    assert acme(a, sd_y, sd_m, r, r) == pytest.approx(0.0, abs=1e-12)


def test_it_refuses_what_is_no_correlation() -> None:
    with pytest.raises(ValueError, match="between -1 and 1"):
        acme(0.5, 1, 1, 0.4, 1.0)
    with pytest.raises(ValueError, match="positive"):
        acme(0.5, 0, 1, 0.4, 0.1)


@pytest.fixture(scope="module")
def framing() -> pl.DataFrame:
    """The framing experiment (Brader, Valentino, Suhay 2008), as statsmodels ships it for its own tests."""
    folder = resources.files("statsmodels.stats.tests") / "results" / "framing.csv"
    return pl.read_csv(folder.read_text().encode())


def _columns(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    known = ["age", "income", *(c for c in frame.columns if c in ("educ_num", "gender_num"))]
    others = [frame[c].to_numpy().astype(float) for c in known]
    for name in ("educ", "gender"):
        if frame[name].dtype == pl.String:
            levels = sorted(frame[name].unique().to_list())[1:]
            others += [(frame[name] == level).to_numpy().astype(float) for level in levels]
        else:
            others.append(frame[name].to_numpy().astype(float))
    treat, emo, sent = (frame[name].to_numpy().astype(float) for name in ("treat", "emo", "cong_mesg"))
    return treat, emo, sent, np.column_stack(others)


def test_framing_the_product_of_coefficients_and_statsmodels(framing: pl.DataFrame) -> None:
    """Published with a probit for the outcome: ACME between .0820 and .0829. Linear here, so about the same."""
    treat, emo, sent, others = _columns(framing)
    base = sm.add_constant(np.column_stack([treat, others]))
    of_skill, of_outcome = sm.OLS(emo, base).fit(), sm.OLS(sent, base).fit()
    with_skill = sm.OLS(sent, np.column_stack([base, emo])).fit()
    r = float(of_skill.resid @ of_outcome.resid / np.sqrt((of_skill.resid**2).sum() * (of_outcome.resid**2).sum()))
    product = float(of_skill.params[1] * with_skill.params[-1])

    ours = acme(float(of_skill.params[1]), float(of_outcome.resid.std()), float(of_skill.resid.std()), r, 0.0)

    assert ours == pytest.approx(product, abs=1e-10)
    assert ours == pytest.approx(0.0825, abs=0.006)
    direct = float(with_skill.params[1])
    assert ours + direct == pytest.approx(float(of_outcome.params[1]), abs=1e-10)
    np.random.seed(1)  # noqa: NPY002 -- statsmodels draws from the global generator
    names = ["const", "treat", *(f"x{i}" for i in range(others.shape[1]))]
    outcome = sm.OLS(sent, np.column_stack([base, emo]))
    outcome.data.xnames = [*names, "emo"]
    mediator = sm.OLS(emo, base)
    mediator.data.xnames = names
    fitted = Mediation(outcome, mediator, exposure=(1, 1), mediator=base.shape[1]).fit(n_rep=400)
    draws = np.asarray(fitted.ACME_avg)
    assert abs(draws.mean() - ours) < 4 * draws.std() / np.sqrt(draws.size)


JOBS_TOTAL, JOBS_DIRECT, JOBS_INDIRECT, JOBS_SHARE = -0.05600935, -0.0402647, -0.01574464503, 0.2811075
"""JOBS II (Vinokur, Price, Schul 1995) as R's mediation documents it: depression on training, job-search confidence the
mediator, hardship, sex and age held equal; ``JOBS_SD`` is the residual standard error of the total's fit."""
JOBS_SD, JOBS_PEOPLE = 0.6369, 899


@pytest.mark.parametrize("effect_on_skill", [0.03, 0.0656, 0.5])
def test_jobs_ii_the_published_parts_add_up_and_come_back_from_data_that_have_them(effect_on_skill: float) -> None:
    """Neither the 899 rows nor the two coefficients of the product are here: whatever they are, the rest must hold."""
    total, share = JOBS_DIRECT + JOBS_INDIRECT, JOBS_INDIRECT / JOBS_TOTAL
    assert total == pytest.approx(JOBS_TOTAL, abs=1e-8)
    assert share == pytest.approx(JOBS_SHARE, abs=1e-6)
    draw, n, sd_skill = np.random.default_rng(1), JOBS_PEOPLE, 0.7
    slope = JOBS_INDIRECT / effect_on_skill
    treat = (np.arange(n) < 600).astype(float)
    base = sm.add_constant(treat)
    errors = draw.normal(size=(n, 2))
    errors -= base @ np.linalg.lstsq(base, errors, rcond=None)[0]
    errors, _ = np.linalg.qr(errors)
    errors *= np.sqrt(n - 2)
    left = np.sqrt(JOBS_SD**2 - (slope * sd_skill) ** 2)
    skill = effect_on_skill * treat + sd_skill * errors[:, 0]
    outcome = JOBS_DIRECT * treat + slope * skill + left * errors[:, 1]

    of_skill, of_outcome = sm.OLS(skill, base).fit(), sm.OLS(outcome, base).fit()
    r = float(np.corrcoef(of_skill.resid, of_outcome.resid)[0, 1])
    sd_outcome, sd_of_skill = (float(np.sqrt(fit.mse_resid)) for fit in (of_outcome, of_skill))
    found = acme(float(of_skill.params[1]), sd_outcome, sd_of_skill, r, 0.0)

    assert sd_outcome == pytest.approx(JOBS_SD, abs=1e-10)
    assert found == pytest.approx(JOBS_INDIRECT, abs=1e-10)
    assert of_outcome.params[1] == pytest.approx(JOBS_TOTAL, abs=1e-8)
    assert acme(float(of_skill.params[1]), sd_outcome, sd_of_skill, r, r) == pytest.approx(0.0, abs=1e-12)


def test_robustness_value_of_known_cases() -> None:
    """Cinelli and Hazlett's Darfur example: t = 4.18 with 783 degrees of freedom gives RV = 0.139."""
    f2 = 4.18**2 / 783
    assert robustness_value(float(np.sqrt(f2 / (1 + f2)))) == pytest.approx(0.139, abs=0.0005)
    assert robustness_value(0.0) == 0.0
    assert robustness_value(1.0) == 1.0
    assert np.isnan(robustness_value(float("nan")))
    assert robustness_value(0.3, share=0.5) < robustness_value(0.3)
