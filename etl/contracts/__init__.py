"""The canonical tables as they land: one declaration each."""
