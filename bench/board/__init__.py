"""How the board holds up in a browser while its machines change: frames, memory, first page."""
