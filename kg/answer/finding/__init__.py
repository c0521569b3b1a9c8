"""Finding: which things of a plant a name, an id or a question in words means."""
