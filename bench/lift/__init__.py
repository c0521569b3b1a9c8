"""The lift beside other engines: the same tables, the same mapping, one run."""
