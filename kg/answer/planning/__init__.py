"""Planning: what comes next, what blocks it, what is late and why; nothing here is optimised."""
