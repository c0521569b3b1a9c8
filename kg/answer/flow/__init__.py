"""Flow: by which steps the five links travel, what is measured of them, where they go dark."""
