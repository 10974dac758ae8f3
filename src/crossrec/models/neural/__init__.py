"""Shelf: networks over histories without order (torch)."""
