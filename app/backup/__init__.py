"""The whole of an installation, database and attachments, in one file, and back from it."""
