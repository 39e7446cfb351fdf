"""Where messages go. Each destination sends one message to one address, once, and says how it went by its errors."""
