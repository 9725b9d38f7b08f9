"""What a reader may be shown: minimum groups, suppression, redaction."""
