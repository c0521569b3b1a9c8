"""What one event costs, however large the graph is; and events in any order, three times over."""
