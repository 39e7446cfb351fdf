"""The results of a backtest, in the formats of the option --format."""
