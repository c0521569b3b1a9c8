"""How long it takes until what a machine publishes is in the answers, and what an event costs."""
