"""What the alerts of a backtest would have become: messages, threads and summaries of each channel."""
