"""The contracts: declared once, and the DDL and the documentation made from them are those that are used."""

from __future__ import annotations

import duckdb
import pytest

from etl.contracts.documentation import PAGE, document, with_landing_tables
from etl.contracts.grammar import SQL_TYPES, Column, Contract
from etl.contracts.tables import CONTRACTS, PROVENANCE, ddl


def test_every_table_of_the_design_is_there() -> None:
    assert set(CONTRACTS) == {
        "agent", "agent_identity", "agent_team", "agent_day", "training", "interaction", "escalation",
        "survey_response", "offer", "qa_evaluation", "customer_event", "event", "utterance", "correction",
    }  # fmt: skip


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=list(CONTRACTS))
def test_the_ddl_is_valid_and_enforces_what_it_says(contract: Contract) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA landing")
        con.execute(ddl(contract))
        rows = con.execute(f"DESCRIBE landing.{contract.name}").fetchall()
        assert [row[0] for row in rows] == [item.name for item in (*contract.columns, *PROVENANCE)]
        required = next(item for item in contract if item.required)
        with pytest.raises(duckdb.ConstraintException):
            con.execute(f"INSERT INTO landing.{contract.name} ({required.name}) VALUES (NULL)")


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=list(CONTRACTS))
def test_every_rule_runs_over_the_table(contract: Contract) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA landing")
        con.execute(ddl(contract))
        for rule in contract.rules:
            predicate = rule.broken_when.replace("at is null", '"at" is null') if "at" in contract else rule.broken_when
            con.execute(f"SELECT count(*) FROM landing.{contract.name} WHERE {predicate}")


def test_references_name_keys_that_exist() -> None:
    for contract in CONTRACTS.values():
        for reference in contract.references:
            target = CONTRACTS[reference.table]
            assert all(name in contract for name in reference.columns)
            assert all(name in target for name in reference.target)
            assert [contract[name].type for name in reference.columns] == [target[n].type for n in reference.target]


def test_every_column_has_a_meaning_a_type_and_a_sane_range() -> None:
    for contract in CONTRACTS.values():
        for item in contract:
            assert item.doc.endswith("."), f"{contract.name}.{item.name}"
            assert item.type in SQL_TYPES
            assert (item.low is None) == (item.high is None)
            assert item.low is None or item.high is None or item.low < item.high


def test_ids_of_people_are_private_or_become_pseudonyms() -> None:
    for contract in CONTRACTS.values():
        for item in contract:
            if "customer" in item.name or item.name in ("email", "employee_number"):
                assert item.private, f"{contract.name}.{item.name}"


def test_a_contract_that_contradicts_itself_cannot_be_declared() -> None:
    column = Column("a", "text", "A.")
    with pytest.raises(ValueError, match="declared twice"):
        Contract("t", "T.", ("a",), (column, column))
    with pytest.raises(ValueError, match="key column b"):
        Contract("t", "T.", ("b",), (column,))


def test_the_data_model_page_is_current() -> None:
    """After a change of a contract ``python -m etl.contracts.documentation`` writes the page."""
    page = PAGE.read_text(encoding="utf-8")

    assert document() in page
    assert page == with_landing_tables(page)


def test_a_page_without_marks_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        with_landing_tables("# Data model")
