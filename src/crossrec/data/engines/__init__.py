"""Shelf of engines: what runs table expressions."""
