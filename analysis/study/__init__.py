"""From a warehouse version to every result table, and from a click to one study."""
