"""What a person types to find transactions: read (`parser`), looked up (`preparing`), and said in SQL (`conditions`).

docs/search.md is its manual.
"""
