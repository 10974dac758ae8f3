"""Fetch public corpora from their official addresses."""
