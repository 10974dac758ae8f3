"""The words of the domain. Imports nothing of ours, and of third parties only numpy, scipy, numba and polars."""
