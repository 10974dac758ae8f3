"""JSON lines whose ids are read as codes: read once, checked on the way, cut by month, written."""
