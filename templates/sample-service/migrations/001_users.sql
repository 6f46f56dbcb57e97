-- One row a user. synchronization_worker, the PID of the worker that holds the user, is the lock.
CREATE TABLE users (
    id                               char(24) PRIMARY KEY CHECK (id ~ '^[0-9a-f]{24}$'),
    email                            text NOT NULL UNIQUE,
    created                          timestamptz NOT NULL DEFAULT now(),
    next_synchronization             timestamptz,
    last_synchronization             timestamptz,
    last_synchronization_version     text,
    next_sync_is_exhaustive          boolean NOT NULL DEFAULT false,
    queued_at                        timestamptz,
    queued_generation                text,
    synchronization_host_restriction text,
    synchronization_worker           integer,
    synchronization_host             text,
    synchronization_start_time       timestamptz,
    synchronization_step             text,
    synchronization_progress         double precision,
    suppress_auto_sync               boolean NOT NULL DEFAULT false,
    nonblocking_sync_error_count     integer NOT NULL DEFAULT 0,
    blocking_sync_error_count        integer NOT NULL DEFAULT 0
);

CREATE INDEX users_due ON users (next_synchronization) WHERE queued_at IS NULL;
CREATE INDEX users_locked ON users (synchronization_host) WHERE synchronization_worker IS NOT NULL;
