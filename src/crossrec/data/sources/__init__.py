"""The shelf of sources: one public format a module."""
