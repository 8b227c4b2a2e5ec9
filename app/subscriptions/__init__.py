"""Regular payments and regular income, found in a book's own history."""
