"""The one way torch networks are trained: epochs, early stop, seed, resume, export."""
