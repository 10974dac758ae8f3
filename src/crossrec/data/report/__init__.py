"""The quality report: figures, plots and the page."""
