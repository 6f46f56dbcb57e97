"""The synchronization of one user: records, log, services, and the task that joins them."""
