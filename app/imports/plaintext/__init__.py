"""Readers for plain-text ledgers, pure from text to transactions: no files, no database."""
