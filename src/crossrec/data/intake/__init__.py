"""From files to rows that can be trusted: the pre-scan, the checks of every row, duplicates, quarantine, the import."""
