"""The how-tos are true: one of each thing is added to a copy of the packages, in the files that they name."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("analysis", "dashboard", "empathy", "etl", "sample_data", "sql", "tests", "docs")

ESTIMATOR = '''
"""After minus before: a copy of a foil under another name."""

from analysis.estimators.naive.before_after import before_after

def after_less_before(panel, anticipation):
    return before_after(panel, anticipation)
'''
CHECK = '''
"""Whether anybody was trained on a Monday."""

from analysis.checks.result import CheckResult

ID, LABEL = "mondays", "Trained on a Monday"

def check(cohorts):
    return CheckResult(ID, LABEL, "informational", float(cohorts), 0.0, f"{cohorts} Mondays brought training.")
'''
SOURCE = '''
"""Acme Desk: contacts as CSV."""

from etl.sources.csv_shape import shape
from etl.sources.format import SourceFormat
from etl.sources.plan import Plan, TableMap, column

REQUIRED = ("Ref", "Who", "Begun", "Kind")

def plan(context):
    fields = {
        "interaction_id": column("Ref"), "source_agent_id": column("Who"), "started_at": column("Begun"),
        "channel": column("Kind"),
    }
    return Plan(shape(context, REQUIRED, ()), (TableMap("interaction", fields),), key=('"Ref"',))

def recognise(sample):
    return None

FORMAT = SourceFormat(
    name="acme_desk", label="Acme Desk contacts", tables=("interaction",), plan=plan, recognise=recognise,
    columns=REQUIRED,
)
'''
PAGE = '''
"""Questions nobody asked yet."""

from dash import html

from dashboard.page import Page

def answer(context, filters):
    return html.Div([html.H1("Nobody asked anything yet", id="headline")])

PAGE = Page(key="unasked", path="/unasked", name="Unasked", question="What has nobody asked?", answer=answer)
'''
DATA_CHECK = """-- severity: warning
-- sentence: {n} {contacts last|contact lasts} over ten minutes.
-- advice: Is the unit of the handle time right?
select interaction_id, handle_s from core.interaction where handle_s > 600
"""
PROOF = """
from pathlib import Path
from analysis import estimate
from analysis.design import Situation, choose
from analysis.comparison.compare import Comparison
from analysis.comparison.setting import Setting
from analysis.study.averages import study_of
from analysis.study.request import Request
from analysis.words.numbers import Reader
from dashboard.pages import pages
from dashboard.views.methods import estimators
from etl.configuration.kpis import load
from etl.configuration.programme import Assignment
from tests.analysis.worlds import flat_world, panel_of
import analysis

assert Path(analysis.__file__).is_relative_to(Path.cwd()), analysis.__file__
panel = panel_of(flat_world(8, teams=10, seats=3, weeks=16, pre_weeks=6))
design = choose(Assignment(mode="team_waves", unit="team"), Situation(True, 1, 1, 0.0, False))

found, plain = (estimate(panel, name).aggregate("simple").overall for name in ("after_less_before", "before_after"))
assert found.estimate == plain.estimate and found.estimator == "after_less_before"
assert "After less before" in {row["estimator"] for row in estimators(design.frame())}
print("estimator")

made = study_of(Comparison.of(panel), Request(load()["escalation_rate"]), Setting(design, None, Reader(), 0.95))
assert "Mondays brought training" in {c.check: c.sentence for c in made.checks}["mondays"]
print("check")

kpi = load()["long_contact_share"]
assert kpi.kind.name == "share"
assert kpi.columns == ("long_contact_share_num", "long_contact_share_den")
print("kpi")

assert pages()[-1].key == "unasked"
print("page")
"""


def replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{file} has no {old!r}"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages with one of each added, in the files that docs/how-to names."""
    here = tmp_path_factory.mktemp("copy")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, here / name, ignore=shutil.ignore_patterns("__pycache__", "images"))
    entry = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/how-to/kpi.md").read_text(encoding="utf-8"), flags=re.S)[0]
    with (here / "sql/kpis.toml").open("a", encoding="utf-8") as kpis:
        kpis.write(f"\n{entry}")
    (here / "analysis/estimators/after_less_before.py").write_text(ESTIMATOR, encoding="utf-8")
    replaced(
        here / "analysis/words/estimators.py",
        "_RECORDS = (\n",
        '_RECORDS = (\n    _naive("after_less_before", "After less before", "After less before", reason="A copy.",\n'
        '          compared_with="nobody", lesson="A copy."),\n',
    )
    registry = here / "analysis/estimators/registry.py"
    added = "from analysis.estimators.after_less_before import after_less_before\n\n"
    replaced(registry, "MAKERS: dict", f"{added}MAKERS: dict")
    replaced(
        registry,
        '    "twfe": _twfe,\n',
        '    "twfe": _twfe,\n    "after_less_before": lambda study, options: after_less_before(study.panel, 0),\n',
    )
    (here / "analysis/checks/mondays.py").write_text(CHECK, encoding="utf-8")
    diagnostics = here / "analysis/study/diagnostics.py"
    replaced(diagnostics, "DIAGNOSTICS = (\n", "from analysis.checks import mondays\n\nDIAGNOSTICS = (\n")
    replaced(
        diagnostics,
        "    Diagnostic(pre_trends.ID",
        "    Diagnostic(mondays.ID, mondays.LABEL, _always, lambda e: mondays.check(e.comparison.panel.cohorts.size)),"
        "\n"
        "    Diagnostic(pre_trends.ID",
    )
    (here / "dashboard/pages/unasked.py").write_text(PAGE, encoding="utf-8")
    pages = here / "dashboard/pages/__init__.py"
    replaced(pages, "overview, plan", "overview, plan, unasked")
    replaced(pages, "methods)\n", "methods, unasked)\n")
    (here / "etl/sources/acme_desk.py").write_text(SOURCE, encoding="utf-8")
    replaced(here / "etl/configuration/formats.py", "= {\n", '= {\n    "acme_desk": "etl.sources.acme_desk",\n')
    (here / "sql/checks/long_contacts.sql").write_text(DATA_CHECK, encoding="utf-8")
    return here


def run(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder), "EMPATHY_KEY": hashlib.sha256(b"how-to").hexdigest()}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_estimator_a_check_a_kpi_and_a_page_are_added_where_the_how_tos_say(copy: Path) -> None:
    assert run(copy, "-c", PROOF).split() == ["estimator", "check", "kpi", "page"]


def test_a_source_a_check_of_the_data_and_the_kpi_go_through_a_build(copy: Path) -> None:
    exports = copy / "exports"
    exports.mkdir()
    rows = [f"c{i},a{i % 3},2024-01-{1 + i:02d} 10:00:00,voice" for i in range(20)]
    (exports / "desk.csv").write_text("\n".join(["Ref,Who,Begun,Kind", *rows]) + "\n", encoding="utf-8")
    (copy / "empathy.toml").write_text(
        '[project]\nname = "T"\n[sources.desk]\nformat = "acme_desk"\npath = "exports/desk.csv"\ntimezone = "UTC"\n'
        '[[programme.courses]]\nid = "E"\ntreatment = true\n[programme.assignment]\nmode = "unknown"\nunit = "team"\n',
        encoding="utf-8",
    )
    code = "import sys; from empathy import main; sys.argv = ['empathy', 'build', '--json']; sys.exit(main())"
    report = run(copy, "-c", code)
    code = (
        "from etl.warehouse.reader import Warehouse\n"
        "with Warehouse('warehouse').reader() as cursor:\n"
        "    ask = lambda sql: print(cursor.execute('select count(*) from ' + sql).fetchone()[0])\n"
        "    ask('core.interaction')\n"
        "    ask('meta.check_result where \"check\" = $$long_contacts$$')\n"
        "    ask('(select long_contact_share_den from mart.agent_week) where 1 = 0')\n"
    )

    assert '"read": 20' in report
    assert run(copy, "-c", code).split() == ["20", "1", "0"]
