"""Settings of a model, searched for on the validation part alone."""
