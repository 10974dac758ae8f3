"""The commands about transfer between domains."""
