"""Landing tables to core and marts: relations, identity, history, quality, lineage."""
