"""One module per system's export. A module declares what its export holds; it reads nothing itself.

A source module is a declaration: how a file is cut into *records*, and which SQL expression over a record gives each
canonical column. The engine (:mod:`etl.landing.extract`) does the rest the same way for every format: reading, casting,
time zones, checking against the contracts, reasons, rejects, duplicates, conservation.

A module ``etl/sources/NAME.py`` exports ``FORMAT``, a :class:`SourceFormat`, and is listed in
:data:`etl.configuration.formats.FORMATS`::

    FORMAT = SourceFormat(
        name="amazon_connect",
        label="Amazon Connect contact records",
        tables=("interaction", "escalation"),
        options={"offer_attribute": "attribute that holds the offer's id"},
        recognise=recognise,      # Sample -> Recognition | None
        plan=plan,                # Context -> Plan, called once per file
    )

**Records.** ``Plan.shape`` says how a file becomes records:

- :class:`CsvShape`: one record per CSV row. Expressions name the file's columns, quoted: ``"Course complete"``. All are
  VARCHAR; an empty field is NULL. Optional columns that a file lacks are there, all NULL.
- :class:`JsonShape`: one record per JSON line, or per element of the list found in a JSON document. Expressions use
  the column ``j`` of type JSON: ``j ->> '$.Agent.Username'`` (text) or ``j -> '$.Attributes'`` (JSON). JSON null gives
  NULL. A record that is not a JSON object has been rejected before a plan's expressions see it.
- :class:`TableShape`: one record per row of a Parquet or XLSX file; as :class:`CsvShape`, every column cast to VARCHAR.

Every record relation also has ``_line BIGINT``. A record has one fate: it is loaded with all rows it gives, or rejected
with all reasons of all of them, or it is a duplicate. A record that gives no row and is not dropped is rejected.

**Fields.** :class:`Field` holds the expression, the name of the source field (for messages, documentation and lineage)
and how its text is to be read. The engine casts to the contract's type and refuses what does not cast; do not
``try_cast`` in an expression and lose the reason. Where a value must be computed from several fields, use
``Field(sql, source, typed=True)`` and add :func:`numeric` (or your own :class:`Check`) for the fields that went in.

**Times** with an offset or ``Z`` are converted; times without are read in ``Field.timezone``, or in the source's zone.

**Users may override**: ``columns``, ``values`` and ``constants`` of ``[sources.NAME]`` apply to the first table of any
format, after the module's own mapping (JSON columns by dotted path). Modules need not care.
"""
