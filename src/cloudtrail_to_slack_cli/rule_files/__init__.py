"""Rule files and configurations, read with the positions of everything in them."""
