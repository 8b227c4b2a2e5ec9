"""What people are told: an inbox for each, and the mail that follows from it."""
