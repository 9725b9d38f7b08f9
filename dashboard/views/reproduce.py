"""Code to reproduce a number of a page: three lines of Python, and SQL for its inputs."""

from __future__ import annotations

from dashboard.state import DIMENSIONS, Filters
from etl.configuration.kpis import Kpi

_COLUMNS = {"team": "team_id"}
"""Filter to its column of ``mart.agent_week``, where the names differ."""


def python_lines(kpi: Kpi, filters: Filters, config: str, run_id: str) -> str:
    """Python that gives the estimate on the page.

    Parameters
    ----------
    kpi : Kpi
    filters : Filters
    config : str
        Name of the configuration file.
    run_id : str
        The version on screen.
    """
    given = [f"{name}={list(getattr(filters, name))!r}" for name in DIMENSIONS if getattr(filters, name)]
    given += [f'{name}="{day:%Y-%m-%d}"' for name, day in (("start", filters.start), ("end", filters.end)) if day]
    call = ", ".join([f'"{config}"', f'"{kpi.id}"', f'run="{run_id}"', *given])
    return (
        "from dashboard.data.remake import remake\n"
        f"made = remake({call})\n"
        "made.headline.estimate, made.headline.ci_low, made.headline.ci_high"
    )


def sql(kpi: Kpi, filters: Filters, timing: str) -> str:
    """SQL for the warehouse file: level and rows, before and after training, of the agent-weeks on the page.

    Parameters
    ----------
    kpi : Kpi
    filters : Filters
    timing : str
        ``scheduled`` or ``trained``: which week counts as the start.
    """
    wave = f"{timing}_week"
    columns = {**_COLUMNS, "cohort": wave}
    tests = [
        f"{columns.get(name, name)} in ({', '.join(map(_quoted, getattr(filters, name)))})"
        for name in DIMENSIONS
        if getattr(filters, name)
    ]
    tests += [f"week >= date '{filters.start:%Y-%m-%d}'"] if filters.start else []
    tests += [f"week <= date '{filters.end:%Y-%m-%d}'"] if filters.end else []
    where = f"\nwhere {' and '.join(tests)}" if tests else ""
    return (
        f"select coalesce(week >= {wave}, false) as after_training,\n"
        f"    sum({kpi.id}_num) / sum({kpi.id}_den) as level, sum({kpi.id}_den) as counted,\n"
        f"    count(distinct agent_ix) as agents\nfrom mart.agent_week{where}\ngroup by 1 order by 1"
    )


def _quoted(value: str) -> str:
    return "'" + str(value).replace("'", "''") + "'"
