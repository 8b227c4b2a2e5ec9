"""What runs the application as a process: its socket, its database, its signals."""
