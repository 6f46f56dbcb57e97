"""What the web front-end, the sync workers and the cron jobs share."""
