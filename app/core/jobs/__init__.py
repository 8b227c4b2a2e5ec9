"""Work that is done after the answer, or by the clock: tasks, and putting jobs into the queue."""
