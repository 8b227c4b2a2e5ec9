"""The weekly report: what came in, what went out, and what comes next week, by mail and as JSON."""
