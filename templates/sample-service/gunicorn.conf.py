"""How gunicorn serves the web front-end; read from the working directory."""

import os

bind = "0.0.0.0:8000"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", 2))
threads = 16

# SIGTERM lets requests in flight finish; the longest may take 30 seconds.
graceful_timeout = 35
timeout = 60

# An idle connection that is kept open would be cut by a restart just as the proxy sends on it.
keepalive = 0

# The heartbeat file must not wait for the container's disk.
worker_tmp_dir = "/dev/shm"
accesslog = "-"
