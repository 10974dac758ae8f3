"""Data: sources, splits and the files of a data set."""
