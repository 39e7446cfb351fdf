"""Predict the messages, threads and summaries of each channel from the alerts of a backtest."""
