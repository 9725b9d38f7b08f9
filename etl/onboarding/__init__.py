"""``empathy init``: propose an empathy.toml from a folder of exports."""
