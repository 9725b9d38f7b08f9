"""What has landed is not read again; what changed is; what is gone is gone. Duplicates within and across files."""

from __future__ import annotations

import gzip
import os
import re
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from etl import durable
from etl.code_hash import code_hash
from etl.landing import duplicates, extract, landed_files
from etl.reading import text_file
from etl.sources.format import SourceError

Make = Callable[..., str]

HEAD = "interaction_id,agent,started_at,channel,queue,changed\n"
MAPPING = 'columns = { source_agent_id = "agent", row_version = "changed" }'


def contact(number: int, queue: str = "q", changed: str = "2025-03-11 00:00:00") -> str:
    return f"c{number},u{number % 3},2025-03-10 10:{number % 60:02d}:00,voice,{queue},{changed}\n"


def test_code_that_formats_share_decides_how_files_are_read(
    workspace: Any, tabular: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = workspace.config(tabular("a.csv", "agent_day"))
    before = landed_files.reading_key(config, "data")
    for name in ("etl.contracts", "etl.landing", "etl.reading", "etl.sources", "etl.scrubbing", "etl.timezones"):
        monkeypatch.setattr(
            landed_files, "code_hash", lambda asked, name=name: "changed" if asked == name else code_hash(asked)
        )
        assert landed_files.reading_key(config, "data") != before, name


def test_an_unchanged_file_is_not_read_again(workspace: Any, tabular: Make) -> None:
    file = workspace.write("a.csv", HEAD + contact(1))
    workspace.write("b.csv", HEAD + contact(2))
    toml = tabular("*.csv", "interaction", MAPPING)
    first = workspace.extract(toml)
    before = workspace.rows("FROM landing.interaction ORDER BY 1")
    assert (first.fresh, first.kept) == (2, 0)

    second = workspace.extract(toml)
    assert (second.fresh, second.kept) == (0, 2)
    assert workspace.told == []
    assert second.fingerprint == first.fingerprint
    assert workspace.rows("FROM landing.interaction ORDER BY 1") == before

    os.utime(file, (1, 1))
    assert workspace.extract(toml).fresh == 0


def test_a_changed_file_is_read_again_and_a_late_one_added(workspace: Any, tabular: Make) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    toml = tabular("*.csv", "interaction", MAPPING)
    first = workspace.extract(toml)

    workspace.write("a.csv", HEAD + contact(1) + contact(3))
    workspace.write("b.csv", HEAD + contact(2))
    second = workspace.extract(toml)

    assert (second.fresh, second.kept) == (2, 0)
    assert second.fingerprint != first.fingerprint
    assert workspace.rows("SELECT interaction_id FROM landing.interaction ORDER BY 1") == [("c1",), ("c2",), ("c3",)]


def test_same_size_same_second_another_content(workspace: Any, tabular: Make) -> None:
    """A file rewritten within the clock's grain is still seen to have changed."""
    file = workspace.write("a.csv", HEAD + contact(1, "qa"))
    toml = tabular("*.csv", "interaction", MAPPING)
    workspace.extract(toml)
    status = file.stat()
    file.write_text(HEAD + contact(1, "qb"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    workspace.extract(toml)

    assert workspace.rows("SELECT queue FROM landing.interaction") == [("qb",)]


def test_a_file_that_is_gone_takes_its_rows_along(workspace: Any, tabular: Make) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    file = workspace.write("b.csv", HEAD + contact(2))
    toml = tabular("*.csv", "interaction", MAPPING)
    workspace.extract(toml).commit()
    file.unlink()

    report = workspace.extract(toml)
    report.commit()

    assert workspace.rows("SELECT interaction_id FROM landing.interaction") == [("c1",)]
    assert len(list(report.folder.glob("*-*"))) == 1


@pytest.mark.parametrize(
    "change",
    [
        ("values", 'values = { queue = { q = "Billing" } }'),
        ("zone", 'timezone = "Europe/Madrid"'),
        ("option", 'options = { date_format = "%Y-%m-%d %H:%M:%S" }'),
    ],
    ids=lambda item: item[0],
)
def test_another_mapping_reads_again(workspace: Any, tabular: Make, change: tuple[str, str]) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    workspace.extract(tabular("*.csv", "interaction", MAPPING))

    assert workspace.extract(tabular("*.csv", "interaction", f"{MAPPING}\n{change[1]}")).fresh == 1


def test_a_stop_rule_does_not_decide_what_is_read(workspace: Any, tabular: Make) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    toml = tabular("*.csv", "interaction", MAPPING)
    workspace.extract(toml)

    assert workspace.extract(toml.replace("max_reject_share = 1.0", "max_reject_share = 0.1")).fresh == 0


def test_an_interrupted_landing_is_read_again(workspace: Any, tabular: Make) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    toml = tabular("*.csv", "interaction", MAPPING)
    report = workspace.extract(toml)
    (report.files[0].folder / "manifest.json").unlink()

    assert workspace.extract(toml).fresh == 1


@pytest.mark.parametrize("name", ["records.parquet", "rejects.parquet"])
@pytest.mark.parametrize("damage", [lambda content: content[:-40], lambda content: bytes(len(content)), lambda _: b""])
def test_a_damaged_landing_is_read_again(
    workspace: Any, tabular: Make, name: str, damage: Callable[[bytes], bytes]
) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    toml = tabular("*.csv", "interaction", MAPPING)
    landed = workspace.extract(toml).files[0].folder / name
    landed.write_bytes(damage(landed.read_bytes()))

    assert workspace.extract(toml).fresh == 1
    assert workspace.books() == {"a.csv": (1, 1, 0, 0)}


def test_damage_inside_a_landing_is_an_error_that_says_what_to_remove(workspace: Any, tabular: Make) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    toml = tabular("*.csv", "interaction", MAPPING)
    landed = workspace.extract(toml).files[0].folder / "records.parquet"
    content = landed.read_bytes()
    landed.write_bytes(content[:4] + bytes(len(content) - 12) + content[-8:])

    told = rf"a.csv before is damaged.*Remove the folder {landed.parent} and build again"
    with pytest.raises(SourceError, match=told):
        workspace.extract(toml)


def test_what_landed_is_on_disk_before_it_has_its_name(
    workspace: Any, tabular: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(durable, "flush", lambda path: flushed.append(path.name))
    workspace.write("a.csv", HEAD + contact(1))
    folder = workspace.extract(tabular("*.csv", "interaction", MAPPING)).files[0].folder

    assert {path.name for path in folder.iterdir()} == set(flushed[:-2])
    assert flushed[-2].startswith(folder.name)  # the folder itself, under its temporary name
    assert flushed[-1] == folder.parent.name


def test_the_newest_version_counts_across_files(workspace: Any, tabular: Make) -> None:
    workspace.write("a.csv", HEAD + contact(1, "new", "2025-03-12 00:00:00") + contact(2))
    workspace.write(
        "b.csv", HEAD + contact(1, "old", "2025-03-11 00:00:00") + contact(1, "older", "2025-03-10 00:00:00")
    )
    workspace.extract(tabular("*.csv", "interaction", MAPPING))

    assert workspace.rows("SELECT queue, row_version FROM landing.interaction WHERE interaction_id = 'c1'") == [
        ("new", datetime(2025, 3, 12))
    ]
    assert workspace.books() == {"a.csv": (2, 2, 0, 0), "b.csv": (2, 0, 0, 2)}


def test_without_versions_the_last_record_counts(workspace: Any, tabular: Make) -> None:
    workspace.write("a.csv", HEAD + contact(1, "first", "") + contact(1, "second", ""))
    workspace.write("b.csv", HEAD + contact(1, "third", ""))
    workspace.extract(tabular("*.csv", "interaction", MAPPING))

    assert workspace.rows("SELECT queue FROM landing.interaction") == [("third",)]
    assert workspace.books() == {"a.csv": (2, 0, 0, 2), "b.csv": (1, 1, 0, 0)}


def test_a_copy_of_a_file_gives_only_duplicates(workspace: Any, tabular: Make) -> None:
    content = HEAD + "".join(contact(number) for number in range(50))
    workspace.write("a.csv", content)
    workspace.write("b.csv", content)
    workspace.extract(tabular("*.csv", "interaction", MAPPING))

    assert workspace.books() == {"a.csv": (50, 0, 0, 50), "b.csv": (50, 50, 0, 0)}
    assert workspace.rows("SELECT count(*), count(DISTINCT interaction_id) FROM landing.interaction") == [(50, 50)]


def test_the_same_id_in_two_sources_is_two_contacts(workspace: Any, tabular: Make) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    toml = tabular("a.csv", "interaction", MAPPING)
    second = toml[toml.index("[sources.data]") :].replace("[sources.data]", "[sources.other]")
    workspace.extract(toml + second)

    assert workspace.rows("SELECT _source FROM landing.interaction ORDER BY 1") == [("data",), ("other",)]


def test_rows_of_a_further_table_may_repeat_and_are_counted(workspace: Any, tabular: Make) -> None:
    workspace.write(
        "a.csv",
        "interaction_id,started_at,channel,case\n"
        + "".join(f"c{n},2025-03-10 10:0{n}:00,voice,case-1\n" for n in range(3)),
    )
    workspace.extract(
        tabular(
            "a.csv",
            "interaction",
            "[sources.data.also.escalation]\n"
            'columns = { escalation_id = "case", interaction_id = "interaction_id", at = "started_at" }\n'
            'constants = { kind = "complaint" }',
        )
    )

    assert workspace.rows("SELECT count(*) FROM landing.interaction") == [(3,)]
    assert workspace.rows("SELECT escalation_id FROM landing.escalation") == [("case-1",)]
    assert workspace.rows("FROM landing.derived_duplicate") == [("data", "escalation", 2)]
    assert workspace.books()["a.csv"] == (3, 3, 0, 0)


def test_many_files_are_one_view(workspace: Any, tabular: Make) -> None:
    for number in range(40):
        workspace.write(f"day-{number:02d}.csv", HEAD + contact(number))
    workspace.extract(tabular("day-*.csv", "interaction", MAPPING))

    sql = workspace.rows("SELECT sql FROM duckdb_views() WHERE database_name = 'landing' AND view_name = 'interaction'")
    assert sql[0][0].count("read_parquet(") == 1
    assert workspace.rows("SELECT count(DISTINCT _file_id), min(_line), max(_line) FROM landing.interaction") == [
        (40, 2, 2)
    ]


def test_keys_found_distinct_are_not_compared_again(workspace: Any, tabular: Make, monkeypatch: Any) -> None:
    compared: list[str] = []
    are_unique = duplicates.are_unique

    def watched(con: Any, keys: Any, relation: str, rows: int) -> bool:
        compared.append(relation)
        return are_unique(con, keys, relation, rows)

    monkeypatch.setattr(duplicates, "are_unique", watched)
    workspace.write("a.csv", HEAD + contact(1) + contact(2))
    toml = tabular("*.csv", "interaction", MAPPING)
    workspace.extract(toml).commit()
    assert len(compared) == 1
    workspace.extract(toml).commit()
    assert len(compared) == 1

    workspace.write("b.csv", HEAD + contact(2) + contact(3))
    for _ in range(2):  # what repeats is looked for every time
        workspace.extract(toml).commit()
        assert workspace.books() == {"a.csv": (2, 1, 0, 1), "b.csv": (2, 2, 0, 0)}
    assert len(compared) == 3


def test_small_files_are_read_at_the_same_time(workspace: Any, tabular: Make, monkeypatch: Any) -> None:
    """Two files are in hand at once: neither is read before the other has been begun."""
    both = threading.Barrier(2, timeout=20)
    land = extract.land

    def together(*given: Any) -> Any:
        both.wait()
        return land(*given)

    for name in "abcd":
        workspace.write(f"{name}.csv", HEAD + "".join(contact(number) for number in range(ord(name), ord(name) + 3)))
    toml = tabular("*.csv", "interaction", MAPPING)
    monkeypatch.setattr(extract, "land", together)
    at_once = workspace.extract(toml, folder=workspace.folder / "at once")
    rows = workspace.rows("FROM landing.interaction ORDER BY ALL")
    monkeypatch.undo()
    workspace.con.execute("SET threads = 1")
    one_by_one = workspace.extract(toml, folder=workspace.folder / "one by one")

    assert [file.path for file in at_once.files] == ["a.csv", "b.csv", "c.csv", "d.csv"]
    assert at_once.fingerprint == one_by_one.fingerprint
    assert rows == workspace.rows("FROM landing.interaction ORDER BY ALL")


def test_a_large_file_is_read_alone(workspace: Any, tabular: Make, monkeypatch: Any) -> None:
    monkeypatch.setattr(extract, "SMALL_FILE", 200)
    in_hand: set[str] = set()
    beside_large: list[set[str]] = []
    land = extract.land

    def watched(con: Any, job: Any, *rest: Any) -> Any:
        in_hand.add(job.path.name)
        landed = land(con, job, *rest)
        if "large.csv" in in_hand:
            beside_large.append(set(in_hand))
        in_hand.remove(job.path.name)
        return landed

    monkeypatch.setattr(extract, "land", watched)
    workspace.write("large.csv", HEAD + "".join(contact(number) for number in range(20)))
    for name in "abc":
        workspace.write(f"{name}.csv", HEAD + contact(100 + ord(name)))
    workspace.extract(tabular("*.csv", "interaction", MAPPING))

    assert beside_large == [{"large.csv"}]


def test_faults_of_several_files_are_told_in_their_order(workspace: Any, tabular: Make) -> None:
    for name in "abc":
        workspace.write(f"{name}.csv", "")
    with pytest.raises(SourceError) as error:
        workspace.extract(tabular("*.csv", "interaction", MAPPING))
    assert re.findall(r"[abc]\.csv", str(error.value)) == ["a.csv", "b.csv", "c.csv"]


def test_a_file_that_grows_while_it_is_read_is_refused(workspace: Any, tabular: Make, monkeypatch: Any) -> None:
    file = workspace.write("a.csv", HEAD + contact(1))
    toml = tabular("*.csv", "interaction", MAPPING)
    land = extract.land

    def growing(*given: Any) -> Any:
        with file.open("a") as export:
            export.write(contact(2))
        return land(*given)

    monkeypatch.setattr(extract, "land", growing)
    with pytest.raises(SourceError, match=r"a\.csv: the file changed while it was read\. Build again"):
        workspace.extract(toml)
    monkeypatch.undo()
    assert workspace.extract(toml).fresh == 1
    assert workspace.books() == {"a.csv": (2, 2, 0, 0)}


def test_two_sources_may_read_one_compressed_file_at_once(workspace: Any, tabular: Make, monkeypatch: Any) -> None:
    """Each has a copy of its own, or one would cut off what the other is reading."""
    folders: list[Path] = []
    prepare = text_file.prepare

    def watched(path: Path, encoding: str, work_dir: Path) -> Any:
        folders.append(work_dir)
        return prepare(path, encoding, work_dir)

    monkeypatch.setattr(text_file, "prepare", watched)
    workspace.write("a.csv.gz", gzip.compress((HEAD + contact(1) + contact(2)).encode()))
    one = tabular("a.csv.gz", "interaction", MAPPING)
    workspace.extract(f"{one}[sources.again]\n{one.partition('[sources.data]')[2]}")

    assert workspace.rows("SELECT _source, count(*) FROM landing.interaction GROUP BY 1 ORDER BY 1") == [
        ("again", 2), ("data", 2),
    ]  # fmt: skip
    assert len(folders) == len(set(folders)) == 2


@pytest.mark.parametrize("damage", ["", "[", "[]", "3", "null", '{"a.csv": 3}', '{"a.csv": [1]}'])
def test_a_damaged_memory_is_forgotten(workspace: Any, tabular: Make, damage: str) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    toml = tabular("*.csv", "interaction", MAPPING)
    report = workspace.extract(toml)
    report.commit()
    for name in ("hashes", "distinct", "index"):
        (report.folder / f"{name}.json").write_text(damage.replace("a.csv", str(workspace.folder / "a.csv")))

    workspace.extract(toml).commit()
    assert workspace.books() == {"a.csv": (1, 1, 0, 0)}


def test_what_killed_runs_left_is_swept(workspace: Any, tabular: Make) -> None:
    workspace.write("a.csv", HEAD + contact(1))
    toml = tabular("*.csv", "interaction", MAPPING)
    report = workspace.extract(toml)
    (report.folder / "hashes.99.tmp").write_text("{")
    report.commit()

    assert not list(report.folder.glob("*.tmp"))
