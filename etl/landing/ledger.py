"""The ledger of records: manifest of files and list of rejects, updated by every stage.

Extraction creates it; a later stage that rejects a record (such as one of an unknown agent) enters it with
:meth:`Ledger.refuse`, and the sum still holds: read = loaded + rejected + duplicate. The three are counted
independently: loaded rows are counted in the landing tables, so the sum fails when a record is lost on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb

from etl.contracts.columns import PERSON_IDS
from etl.contracts.tables import CONTRACTS
from etl.errors import StopRuleError
from etl.landing.land_file import LandedFile
from etl.scrubbing import mask_sql
from etl.sql_text import insert_rows, literal, quoted

MOST_TEXTS = 10_000
"""Rows refused at one go beyond this many are entered without their text."""


_CONFLICTS = (
    "SELECT lost.file_id, lost.line, text.table_name, ['the same key as in line ' || lost.kept_line || ', which says "
    "otherwise, and nothing tells which of the two is newer: map row_version, or what else tells records apart'], "
    "text.raw, 'open' FROM landing._lost AS lost LEFT JOIN landing._conflict_text AS text USING (file_id, line) "
    "WHERE lost.kind = 'conflict'"
)


@dataclass(frozen=True)
class SourceCount:
    """Records of one source.

    Attributes
    ----------
    source : str
    files, read, loaded, rejected, duplicate, dropped : int
        ``rejected`` includes ``dropped``.
    max_reject_share : float
    optional : bool
        Whether it may be without files.
    """

    source: str
    files: int
    read: int
    loaded: int
    rejected: int
    duplicate: int
    dropped: int
    max_reject_share: float
    optional: bool = False

    @property
    def gives_nothing(self) -> bool:
        """Whether a source that is not optional has no row in any table."""
        return self.loaded == 0 and self.read > 0 and self.dropped == self.rejected and not self.optional

    @property
    def reject_share(self) -> float:
        """Rejected records among those not dropped on purpose."""
        wanted = self.read - self.dropped
        return (self.rejected - self.dropped) / wanted if wanted else 0.0

    @property
    def stops(self) -> bool:
        """Whether the stop-rule of the source is broken."""
        return self.reject_share > self.max_reject_share


class Ledger:
    """Manifest and rejects of one run.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the catalogue ``landing`` attached.
    files : sequence of LandedFile
    limits : dict of str to float
        ``max_reject_share`` of every source.
    optional : collection of str
        Sources that may give nothing.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        files: Sequence[LandedFile],
        limits: dict[str, float],
        *,
        optional: Collection[str] = (),
    ) -> None:
        self._limits = limits
        self._optional = optional
        con.execute(
            "CREATE TABLE landing._file (file_id VARCHAR, source VARCHAR, format VARCHAR, path VARCHAR, "
            "sha256 VARCHAR, bytes BIGINT, read BIGINT, refused BIGINT, dropped BIGINT, lost BIGINT, given BIGINT)"
        )
        con.execute(
            "CREATE TABLE landing._refused "
            "(file_id VARCHAR, line BIGINT, table_name VARCHAR, reason VARCHAR, dropped BOOLEAN)"
        )
        con.execute("CREATE TABLE landing._refused_text (file_id VARCHAR, line BIGINT, raw VARCHAR)")
        rows: dict[str, list[str | int]] = {}
        for file in files:
            known = rows.setdefault(
                file.file_id, [file.file_id, file.source, file.format, file.path, file.sha256, file.bytes, 0, 0, 0]
            )
            for place, count in ((6, file.read), (7, file.rejected), (8, file.dropped)):
                known[place] = int(known[place]) + count
        insert_rows(con, "landing._file", [(*row, 0, 0) for row in rows.values()])
        con.execute(
            "UPDATE landing._file SET lost = found.n, refused = refused - found.dropped + found.conflicts, "
            "dropped = landing._file.dropped - found.dropped FROM (SELECT file_id, "
            "count(*) FILTER (kind <> 'conflict') AS n, count(*) FILTER (kind = 'conflict') AS conflicts, "
            "count(*) FILTER (dropped) AS dropped FROM landing._lost GROUP BY file_id) AS found "
            "WHERE found.file_id = landing._file.file_id"
        )
        con.execute(
            "UPDATE landing._file SET given = found.records FROM landing._given AS found "
            "WHERE found.file_id = landing._file.file_id"
        )
        con.execute(
            "CREATE VIEW landing.file_manifest AS "
            "SELECT file.file_id, source, format, path, sha256, bytes, read, "
            "given - coalesce(later.n, 0) AS loaded, refused + coalesce(later.n, 0) AS rejected, "
            "lost AS duplicate FROM landing._file AS file LEFT JOIN "
            "(SELECT file_id, count(DISTINCT line) AS n FROM landing._refused GROUP BY file_id) AS later "
            "USING (file_id)"
        )
        con.execute(self._reject_view(files))
        con.execute(
            "CREATE VIEW landing.duplicate AS SELECT file.source, lost.kind, file.path, lost.line, "
            "kept.path AS kept_path, lost.kept_line FROM landing._lost AS lost "
            "JOIN landing._file AS file USING (file_id) JOIN landing._file AS kept ON kept.file_id = lost.kept_file_id"
        )

    @staticmethod
    def _reject_view(files: Sequence[LandedFile]) -> str:
        with_rejects = [file for file in files if file.rejected]
        early = (
            "SELECT NULL::VARCHAR AS file_id, NULL::BIGINT AS line, NULL::VARCHAR AS table_name, "
            "NULL::VARCHAR[] AS reasons, NULL::VARCHAR AS raw, NULL::VARCHAR AS status WHERE false"
        )
        if with_rejects:
            paths = ", ".join(literal(str(file.folder / "rejects.parquet")) for file in with_rejects)
            replayed = [file.folder / "rejects.parquet" for file in with_rejects if file.hides_open]
            listed = ", ".join(literal(str(path)) for path in replayed)
            hidden = f" WHERE status = 'dropped' OR filename NOT IN ({listed})" if replayed else ""
            start = len(str(with_rejects[0].folder.parent)) + 2
            early = (
                f"SELECT * FROM (SELECT substr(filename, {start}, 12) AS file_id, line, table_name, reasons, raw, "
                f"status FROM read_parquet([{paths}], filename = true){hidden}) "
                f"ANTI JOIN landing._lost USING (file_id, line)"
            )
        return (
            "CREATE VIEW landing.reject AS SELECT rejected.file_id, file.source, file.path, line, table_name, reasons, "
            f"raw, status FROM ({early} UNION ALL {_CONFLICTS} UNION ALL "
            "SELECT later.file_id, later.line, later.table_name, later.reasons, coalesce(text.raw, ''), "
            "CASE WHEN later.dropped THEN 'dropped' ELSE 'open' END FROM "
            "(SELECT file_id, line, min(table_name) AS table_name, list_sort(list(DISTINCT reason)) AS reasons, "
            "bool_and(dropped) AS dropped "
            "FROM landing._refused GROUP BY file_id, line) AS later LEFT JOIN "
            "(SELECT file_id, line, min(raw) AS raw FROM landing._refused_text GROUP BY file_id, line) AS text "
            "USING (file_id, line)) AS rejected JOIN landing._file AS file USING (file_id)"
        )

    def refuse(self, con: duckdb.DuckDBPyConnection, table: str, relation: str, *, dropped: bool = False) -> int:
        """Enter records refused by a later stage.

        Parameters
        ----------
        con : duckdb.DuckDBPyConnection
        table : str
            The canonical table in which the fault was found.
        relation : str
            A table, view, or query in parentheses with ``_file_id, _line, reason``; several rows of one record are one
            reject with several reasons.
        dropped : bool
            Whether they are left out on purpose, and do not count towards ``max_reject_share``.

        Returns
        -------
        int
            Number of rows entered.
        """
        before = con.execute("SELECT count(*) FROM landing._refused").fetchone() or (0,)
        con.execute(
            f"INSERT INTO landing._refused SELECT DISTINCT _file_id, _line, {literal(table)}, reason, "
            f"{dropped} FROM {relation}"
        )
        after = con.execute("SELECT count(*) FROM landing._refused").fetchone() or (0,)
        added = int(after[0]) - int(before[0])
        if added:
            public = [
                item.name
                for item in CONTRACTS[table]
                if not item.private and not item.free_text and item.name not in PERSON_IDS
            ]
            fields = ", ".join(
                f"{quoted(name)} := {mask_sql(field) if CONTRACTS[table][name].type == 'text' else field}"
                for name in public
                for field in (f"row.{quoted(name)}",)
            )
            con.execute(
                f"CREATE OR REPLACE TABLE landing._refused_row AS SELECT row.* FROM landing.{table} AS row SEMI JOIN "
                f"(SELECT DISTINCT file_id AS _file_id, line AS _line FROM landing._refused "
                f"WHERE table_name = {literal(table)} LIMIT {MOST_TEXTS}) AS wanted USING (_file_id, _line)"
            )
            con.execute(
                f"INSERT INTO landing._refused_text SELECT row._file_id, row._line, "
                f"to_json(struct_pack({fields}))::VARCHAR FROM landing._refused_row AS row"
            )
            con.execute("DROP TABLE landing._refused_row")
        return added

    def counts(self, con: duckdb.DuckDBPyConnection) -> tuple[SourceCount, ...]:
        """Return the counts by source."""
        rows = con.execute(
            "SELECT manifest.source, count(*), sum(manifest.read)::BIGINT, sum(loaded)::BIGINT, sum(rejected)::BIGINT, "
            "sum(duplicate)::BIGINT, sum(file.dropped + coalesce(later.n, 0))::BIGINT "
            "FROM landing.file_manifest AS manifest "
            "JOIN landing._file AS file USING (file_id) LEFT JOIN (SELECT file_id, count(*) AS n FROM "
            "(SELECT file_id FROM landing._refused GROUP BY file_id, line HAVING bool_and(dropped)) GROUP BY file_id) "
            "AS later USING (file_id) GROUP BY manifest.source ORDER BY manifest.source"
        ).fetchall()
        return tuple(
            SourceCount(
                source, files, read, loaded, rejected, duplicate, dropped, self._limits.get(source, 1.0),
                source in self._optional,
            )
            for source, files, read, loaded, rejected, duplicate, dropped in rows
        )

    def stop_reasons(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        """Return one sentence per source whose stop-rule is broken, with its commonest reasons."""
        sentences = []
        for count in self.counts(con):
            if count.gives_nothing:
                why = con.execute(
                    "SELECT reasons[1] AS reason, count(*) AS n FROM landing.reject WHERE source = ? "
                    "GROUP BY reason ORDER BY n DESC, reason LIMIT 2",
                    [count.source],
                ).fetchall()
                sentences.append(
                    f"[sources.{count.source}]: none of its {count.read:,} records gives a row: "
                    f"{'; '.join(f'{n:,} x {reason}' for reason, n in why)}. Correct its options, export more, or set "
                    "optional = true if there may be none."
                )
            if not count.stops:
                continue
            rows = con.execute(
                "SELECT regexp_replace(reason, '\"[^\"]*\"', '…') AS kind, count(*) AS n, min(path), min(line) "
                "FROM (SELECT unnest(reasons) AS reason, path, line FROM landing.reject "
                "WHERE source = ? AND status = 'open') GROUP BY kind ORDER BY n DESC, kind LIMIT 3",
                [count.source],
            ).fetchall()
            common = "; ".join(f"{n:,} x {kind} (first {path}, line {line})" for kind, n, path, line in rows)
            sentences.append(
                f"[sources.{count.source}]: {count.rejected - count.dropped:,} of {count.read - count.dropped:,} "
                f"records were rejected ({count.reject_share:.1%}; at most {count.max_reject_share:.1%} is allowed): "
                f"{common}. "
                f"Correct the export or the mapping, or raise max_reject_share."
            )
        return tuple(sentences)

    def enforce(self, con: duckdb.DuckDBPyConnection) -> None:
        """Stop the run when a source lost more records than it may.

        Raises
        ------
        StopRuleError
            Naming every such source, its share and its commonest reasons.
        """
        reasons = self.stop_reasons(con)
        if reasons:
            raise StopRuleError("\n".join([*reasons, "Nothing was published."]))
