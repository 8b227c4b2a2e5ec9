"""A reader for the CSV files of trades that brokers export, pure from bytes to lines; it stands on that for banks."""
