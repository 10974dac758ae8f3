"""Exchange data sets and bundles with object stores, and write data sets in other formats."""
