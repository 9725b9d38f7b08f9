"""``[engine]``: where contacts are reduced to agents and weeks, and resource limits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from etl.configuration.section import Section


class EngineOptions(Section):
    """``[engine] options``: ``contacts = "reduce"`` keeps agents and weeks, and no single contacts."""

    contacts: Literal["keep", "reduce"] = Field(
        default="keep", description="keep the contacts in the version, or reduce them to agents and weeks"
    )


LakeTable = Literal["interaction", "escalation", "survey_response", "offer", "qa_evaluation", "customer_event"]


class Engine(Section):
    """``[engine]``: where contacts are reduced, threads, memory, and number of versions kept."""

    kind: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="where contacts are reduced to agents and weeks; see the page on engines"
    )
    url: str = Field(
        default="local[*]",
        pattern=r"^(local\[(\*|\d+)\]|sc://\S+)$",
        description="Spark: local[N] for N threads of this machine, or sc://HOST:PORT of a Spark Connect server",
    )
    tables: dict[LakeTable, str] = Field(
        default_factory=dict,
        description="Spark: canonical table = name in its catalogue, or a path of Parquet files with a slash in it",
    )

    threads: int | None = Field(
        default=None,
        ge=1,
        description="threads of the database and processes that estimate; all processors when absent",
    )
    memory_limit: str | None = Field(
        default=None, pattern=r"^\d+(\.\d+)? ?(MB|GB|MiB|GiB)$", description="most memory of the database, such as 4 GB"
    )
    keep_versions: int = Field(default=3, ge=1, description="versions of the warehouse to keep")
    options: EngineOptions = Field(default=EngineOptions(), description="how much is kept")

    @model_validator(mode="after")
    def _tables_of_spark(self) -> Engine:
        if self.tables and self.kind != "spark":
            raise ValueError('[engine.tables] are read by kind = "spark"; set it, or export these tables as files.')
        if self.kind == "spark" and "interaction" not in self.tables:
            raise ValueError(
                'kind = "spark" needs [engine.tables] interaction = "CATALOG.TABLE"; without contacts in Spark DuckDB '
                "does all."
            )
        return self
