"""Delivery: routes, deduplication, queues, retries and message limits."""
