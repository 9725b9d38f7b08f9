"""Wrong entries about people are corrected in a file of its own: applied, accounted for, restated, or refused."""

from __future__ import annotations

from pathlib import Path

from analysis.words.numbers import Reader
from dashboard.views import coverage as view
from etl.contracts.corrections import CORRECTABLE, TABLES
from etl.warehouse.reader import frame
from tests.etl.real_exports import CONTACTS_SOURCE, Read, contacts, read

HEAD = "table_name,source_agent_id,entry,action,field,value,corrected_by,corrected_at,why\n"
SOURCES = (
    CONTACTS_SOURCE
    + """
[sources.lms]
format = "tabular"
table = "training"
path = "training.csv"
timezone = "UTC"
[sources.roster]
format = "tabular"
table = "agent_day"
path = "roster.csv"
timezone = "UTC"
[sources.corrections]
format = "tabular"
table = "correction"
path = "corrections.csv"
timezone = "UTC"
max_reject_share = 1.0
"""
)
TRAINING = "source_agent_id,course_id,status,completed_at\n" + "".join(
    f"E{n},EMP101,completed,2025-03-1{n} 10:00:00\n" for n in (1, 2, 3)
)
ROSTER = "source_agent_id,day,worked_s,absent\n" + "".join(
    f"E{n},2025-03-0{day},28800,false\n" for n in (1, 2, 3) for day in (3, 4, 5)
)


def corrected(folder: Path, *lines: str) -> Read:
    files = {
        "contacts.csv": contacts(), "training.csv": TRAINING, "roster.csv": ROSTER,
        "corrections.csv": HEAD + "".join(f"{line}\n" for line in lines),
    }  # fmt: skip
    return read(folder, files, SOURCES)


BY = "K. Officer,2025-04-01 09:00:00,the report was wrong"


def test_every_kind_of_entry_is_corrected(tmp_path: Path) -> None:
    found = corrected(
        tmp_path,
        f"training,E1,EMP101,,completed_at,2025-03-20 08:00:00,{BY}",
        f"training,E2,EMP101,withdraw,,,{BY}",
        f"agent_team,1,2024-01-08,,team_id,Team B,{BY}",
        f"agent_day,E3,2025-03-04,,absent,true,{BY}",
        f"agent,1,,,left_on,2025-03-21,{BY}",
        f"agent,3,2024-01-08,,role,,{BY}",
    )
    assert [reason for reason in found.reasons() if "withdrawn" not in reason] == []
    trained = found.rows("select cast(trained_on as varchar) from mart.agent order by 1")
    assert trained == [("2025-03-13",), ("2025-03-20",), (None,)]
    teams = found.rows("select team_id, count(*) from core.agent_team group by all order by all")
    assert teams == [("Team A", 1), ("Team B", 2)]
    assert found.total("absence_rate") == (1, 9)
    assert found.rows("select count(left_on), count(role) from core.agent where is_agent") == [(1, 2)]
    books = found.rows("select status, sum(entries) from core.correction group by 1 order by 1")
    assert books == [("applied", 5), ("withdrawn", 1)]
    rejected = found.rows("select path, line, reasons, status from landing.reject order by all")
    assert rejected == [("training.csv", 3, ["withdrawn by a correction"], "dropped")]
    assert found.rows('select sum("read" - loaded - rejected - duplicate) from landing.file_manifest') == [(0,)]
    assert found.stops == ()
    shown = view.corrections(frame(found.con, "select * from core.correction"), Reader("en_GB", "EUR"))
    assert view.corrections_title(shown, Reader("en_GB", "EUR")) == "6 entries of exports corrected by 1 person"
    assert {(row["what"], row["status"]) for row in shown} >= {
        ("training: whole entry", "withdrawn"), ("agent_day: absent", "applied"),
    }  # fmt: skip
    assert {(row["who"], row["when"], row["why"]) for row in shown} == {
        ("K. Officer", "1 Apr 2025", "the report was wrong"),
    }


def test_the_newest_of_two_corrections_counts(tmp_path: Path) -> None:
    found = corrected(
        tmp_path,
        "training,E1,EMP101,,completed_at,2025-03-25 08:00:00,A. Officer,2025-04-02 09:00:00,looked it up again",
        f"training,E1,EMP101,,completed_at,2025-03-20 08:00:00,{BY}",
    )
    (day,) = found.rows("select max(cast(trained_on as varchar)) from mart.agent")[0]
    assert day == "2025-03-25"
    assert found.rows("select corrected_by, status from core.correction order by all") == [
        ("A. Officer", "applied"), ("K. Officer", "superseded"),
    ]  # fmt: skip


REFUSED = (
    (f"training,E9,EMP101,,completed_at,2025-03-20,{BY}", "no export has this entry of training"),
    (f"training,E1,EMP999,,completed_at,2025-03-20,{BY}", "no export has this entry of training"),
    (f"training,E1,EMP101,,complete,2025-03-20,{BY}", "field is no column that can be corrected"),
    (f"training,E1,EMP101,,completed_at,soon,{BY}", "value cannot be read as the timestamp"),
    (f"training,E1,EMP101,,completed_at,,{BY}", "the entry would be wrong after it: status is completed but"),
    (f"training,E1,EMP101,,status,done,{BY}", "value is not one of planned, assigned"),
    (f"agent_day,E1,,,absent,true,{BY}", "entry is empty: which day or course is it about?"),
    (f"agent_day,E1,2025-03-03,,absent,perhaps,{BY}", "value cannot be read as the boolean"),
    (f"agent,1,,,left_on,2020-01-01,{BY}", "the entry would be wrong after it: left_on is before hired_on"),
    (f"agent_team,1,2024-01-08,withdraw,team_id,,{BY}", "an entry is withdrawn whole"),
    (f"agent_team,1,2024-01-08,,,,{BY}", "field is empty: which column is wrong?"),
    ("training,E1,EMP101,,score,0.5,K. Officer,2025-04-01 09:00:00,", "why: empty, but required"),
    ("training,E1,EMP101,,score,0.5,,2025-04-01 09:00:00,because", "corrected_by: empty, but required"),
    (f"contact,c1,,,channel,voice,{BY}", "is not one of agent, agent_team, agent_day, training"),
)  # fmt: skip
"""Lines of the file, and what is said of each."""


def test_corrections_that_cannot_be_made_are_refused_with_a_sentence(tmp_path: Path) -> None:
    found = corrected(tmp_path, *(line for line, _ in REFUSED))
    said = dict(found.rows("select line, array_to_string(reasons, '; ') from landing.reject"))
    assert {line: reason in said[line] for line, (_, reason) in enumerate(REFUSED, start=2)} == dict.fromkeys(
        range(2, len(REFUSED) + 2), True
    )
    assert found.rows("select count(*) from core.correction") == [(0,)]
    assert found.rows("select count(*), count(completed_at) from core.training") == [(3, 3)]
    assert found.rows("select count(left_on) from core.agent") == [(0,)]
    assert found.rows('select sum("read" - loaded - rejected - duplicate) from landing.file_manifest') == [(0,)]


def test_a_correction_made_after_the_day_asked_for_is_not_known_yet() -> None:
    import datetime as dt

    import duckdb

    from etl.marts.corrections import apply_corrections

    con = duckdb.connect()
    con.execute("attach ':memory:' as landing; attach ':memory:' as staging")
    con.execute(
        "create table landing._day as select 'E1' as source_agent_id, date '2025-03-03' as \"day\", false as absent, "
        "1.0::double as worked_s, 'roster' as _source, 'f' as _file_id, 2::bigint as _line"
    )
    con.execute("create view landing.agent_day as select * from landing._day")
    con.execute(
        "create table landing.correction as select 'agent_day' as table_name, 'E1' as source_agent_id, "
        "null::varchar as corrected_source, '2025-03-03' as entry, 'set' as action, 'absent' as field, "
        "'true' as value, timestamp '2025-04-02' as corrected_at, 'g' as _file_id, 2::bigint as _line"
    )

    def refuse(table: str, relation: str, *, dropped: bool = False) -> None:
        raise AssertionError(table)

    for day, absent in ((dt.date(2025, 4, 1), False), (dt.date(2025, 4, 2), True)):
        apply_corrections(con, refuse, day)
        assert con.execute("select absent from landing.agent_day").fetchone() == (absent,)


def test_only_columns_of_a_table_may_be_corrected() -> None:
    assert all(name in TABLES[table] for table, names in CORRECTABLE.items() for name in names)
