"""Schedules: transactions that come again, and what became of each occurrence."""
