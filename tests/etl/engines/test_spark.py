"""The small dirty centre with its contacts on Spark: every relation, row by row. ``make spark`` runs it."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pyarrow as pa
import pytest

from etl import privacy
from etl.engines.spark import EngineError, Spark, session

MISSING = [
    name
    for name, found in (
        ("pyspark", importlib.util.find_spec("pyspark")),
        ("Java", shutil.which("java") or os.environ.get("JAVA_HOME")),
    )
    if not found
]
pytestmark = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("EMPATHY_SPARK"), reason=f"no {' and no '.join(MISSING)}: see make spark"
)


@pytest.fixture(scope="module")
def engine() -> Spark:
    opened = session("local[1]")
    opened.conf.set("spark.sql.shuffle.partitions", "1")
    opened.sparkContext.setLogLevel("OFF")
    return Spark(opened)


def test_pseudonyms_are_the_same_function(engine: Spark) -> None:
    import duckdb

    ids = ["1001", "é", "a b", ""]
    with duckdb.connect(":memory:") as con:
        privacy.Pseudonyms(con, b"a key for tests only")
        pads = con.execute("select getvariable('pseudonym_inner'), getvariable('pseudonym_outer')").fetchone()
    engine.ship("staging.variable", pa.table({"name": ["pseudonym_inner", "pseudonym_outer"], "value": list(pads)}))
    engine.ship("staging.id", pa.table({"identifier": ids}))
    for kind in ("agent", "customer"):
        said = privacy.Pseudonyms.sql(kind, "identifier")
        for name in ("pseudonym_inner", "pseudonym_outer"):
            said = said.replace(f"getvariable('{name}')", f"(select value from staging.variable where name = '{name}')")
        found = engine.read(f"select identifier, {said} as pseudonym from staging.id").to_pylist()
        expected = {one: privacy.pseudonym(b"a key for tests only", kind, one) for one in ids}
        assert {row["identifier"]: row["pseudonym"] for row in found} == expected


def test_every_relation_is_the_same_with_contacts_on_spark(
    in_duckdb, engine: Spark, tmp_path, filled_world, differing
) -> None:
    with filled_world(tmp_path / "work", lambda: engine) as world:
        assert differing(in_duckdb, world) == {}


def test_what_spark_cannot_do_is_one_sentence(engine: Spark) -> None:
    with pytest.raises(EngineError) as told:
        engine.read("select no_such_column from core.no_such_relation")
    assert "\n" not in str(told.value)
    assert str(told.value).endswith("Nothing was published.")
