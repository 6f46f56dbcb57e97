-- One row a finished synchronization, kept for an hour: what sync_stats is computed from.
CREATE TABLE sync_worker_stats (
    at            timestamptz NOT NULL DEFAULT now(),
    host          text NOT NULL,
    worker        integer NOT NULL,
    user_id       char(24) NOT NULL,
    queue_seconds double precision,
    sync_seconds  double precision NOT NULL
);

CREATE INDEX sync_worker_stats_at ON sync_worker_stats (at);

CREATE TABLE sync_stats (
    at                   timestamptz PRIMARY KEY DEFAULT now(),
    users                integer NOT NULL,
    queued               integer NOT NULL,
    locked               integer NOT NULL,
    stranded             integer NOT NULL,
    syncs_last_minute    integer NOT NULL,
    syncs_last_hour      integer NOT NULL,
    median_queue_seconds double precision
);
