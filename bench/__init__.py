"""Measurements of Rackwright, side by side with its peers; run by ``make bench``, read in ``docs/bench.md``."""
