"""Measuring speed against plain builds of the same endpoints. `python -m bench <family>` prints one JSON line a row."""
