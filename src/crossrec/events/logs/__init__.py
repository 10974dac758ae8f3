"""The shelf of event logs: one a file, chosen by the scheme of a URL."""
