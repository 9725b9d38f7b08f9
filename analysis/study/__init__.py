"""Studies: all result tables of a warehouse version, and single studies for interactive pages."""
