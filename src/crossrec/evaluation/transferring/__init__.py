"""Does another domain help: controls, differences with intervals, and what the gate makes of it."""
