"""The benchmark: what each stage of a first load costs, and how that grows with the plant."""
