"""Read and validate empathy.toml and kpis.toml into frozen models."""
