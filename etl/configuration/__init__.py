"""empathy.toml and kpis.toml, read and checked once, as frozen models."""
