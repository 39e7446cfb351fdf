"""What a backtest found, in the formats of the option --format."""
