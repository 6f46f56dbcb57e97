-- One row a live worker process; user_id is the user it holds, if any.
CREATE TABLE sync_workers (
    process      integer NOT NULL,
    host         text NOT NULL,
    heartbeat    timestamptz NOT NULL,
    startup      timestamptz NOT NULL,
    version      text NOT NULL,
    worker_index integer NOT NULL,
    state        text NOT NULL,
    user_id      char(24),
    PRIMARY KEY (host, process)
);

-- When the watchdog of each sync host last ran.
CREATE TABLE sync_watchdogs (
    host        text PRIMARY KEY,
    "timestamp" timestamptz NOT NULL
);
