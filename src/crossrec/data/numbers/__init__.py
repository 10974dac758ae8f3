"""Files of numbers: read by all cores, held as numbers, written by month."""
