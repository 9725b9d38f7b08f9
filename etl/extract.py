"""Files in, landing tables out: every row typed, in UTC, checked against its contract, and accounted for.

``extract(config, work_dir, con, progress)`` reads every file of every source once and leaves, on ``con``, an attached
in-memory catalogue called ``landing`` with

- ``landing.<table>`` for every name in :data:`etl.contracts.CONTRACTS`, a view with exactly the contract's columns in
  their order and types, followed by ``_source VARCHAR, _file_id VARCHAR, _line BIGINT, _run_id VARCHAR,
  _time_flag VARCHAR``. It is there, and empty, when no source fills the table. Duplicates and rejected records are not
  in it: ``(_source, *key)`` of the contract is unique. Ids are the sources' own: ``source_agent_id``,
  ``source_customer_id`` (prefixed ``NAMESPACE:`` when the source sets ``customer_ids``), ``source_supervisor_id``,
  ``source_evaluator_id``.
- ``landing.file_manifest(file_id, source, format, path, sha256, bytes, read, loaded, rejected, duplicate)``: one row
  per file; ``read = loaded + rejected + duplicate`` in records of the file.
- ``landing.reject(file_id, source, path, line, table_name, reasons VARCHAR[], raw, status)``: one row per refused
  record; ``raw`` is masked; ``status`` is ``open``, ``dropped`` (left out on purpose) or ``replayed``.
- ``landing.derived_duplicate(source, table_name, rows)``: rows of a table left out because another record gave the
  same key; they belong to loaded records, so the manifest does not count them, but a row reconciliation must.

Being attached in memory, nothing of this enters the warehouse file unless it is copied there.

Later stages (an agent id nobody knows, an ambiguous one) refuse records too. They call::

    report.ledger.refuse(con, table="interaction", relation="...")   # relation: _file_id, _line, reason VARCHAR

any number of times, then read ``landing.file_manifest`` and ``landing.reject`` again: loaded and rejected have moved,
the sum has not.

The views read Parquet files under ``<warehouse>/landing/<key>/``; the key is a hash of the file's content, the source's
section, the contracts and the format, so what is there is never changed, only added and, when no longer used, swept.
A build reads each view once; for speed read it with ``preserve_insertion_order = false``.
"""
