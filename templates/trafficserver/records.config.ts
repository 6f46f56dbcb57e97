import { text } from '../../lib/index.ts'

export interface TrafficServerRecords {
  /** What it listens on, in its own words. */
  readonly ports: string
}

/** Settings of Traffic Server 9 that differ from its own; whatever concerns one service is in its program. */
export function trafficServerRecords({ ports }: TrafficServerRecords): string {
  if (!/^[a-z0-9:= ]+$/.test(ports))
    throw new TypeError(`${JSON.stringify(ports)} cannot stand in records.config`)
  return text`# Written by fleet; changes here are overwritten.
CONFIG proxy.config.http.server_ports STRING ${ports}
CONFIG proxy.config.admin.user_id STRING trafficserver
# Only root may tell it what to do.
CONFIG proxy.config.admin.api.restricted INT 1
CONFIG proxy.config.exec_thread.autoconfig INT 1
CONFIG proxy.config.core_limit INT 0

CONFIG proxy.config.ssl.TLSv1 INT 0
CONFIG proxy.config.ssl.TLSv1_1 INT 0
CONFIG proxy.config.ssl.server.session_ticket.enable INT 0

# The program says where each request goes; no name of a request is ever looked up.
CONFIG proxy.config.reverse_proxy.enabled INT 1
CONFIG proxy.config.url_remap.remap_required INT 0
CONFIG proxy.config.url_remap.pristine_host_hdr INT 1
CONFIG proxy.config.http.insert_request_via_str INT 0
CONFIG proxy.config.http.insert_response_via_str INT 0
CONFIG proxy.config.http.insert_squid_x_forwarded_for INT 0
CONFIG proxy.config.http.insert_client_ip INT 0
CONFIG proxy.config.http.insert_age_in_response INT 1
CONFIG proxy.config.http.response_server_enabled INT 0
CONFIG proxy.config.http.number_of_redirections INT 0

CONFIG proxy.config.http.keep_alive_no_activity_timeout_in INT 15
CONFIG proxy.config.http.transaction_no_activity_timeout_in INT 60
CONFIG proxy.config.http.transaction_no_activity_timeout_out INT 60
CONFIG proxy.config.http.transaction_active_timeout_in INT 0
CONFIG proxy.config.http.accept_no_activity_timeout INT 10
CONFIG proxy.config.websocket.no_activity_timeout INT 3600
CONFIG proxy.config.websocket.active_timeout INT 0

# A connection to a slot is for one request: what is open there is what is under way, and a service that closes what it
# thinks idle fails nobody.
CONFIG proxy.config.http.keep_alive_enabled_out INT 0
CONFIG proxy.config.http.connect_attempts_timeout INT 3
CONFIG proxy.config.http.post_connect_attempts_timeout INT 60
CONFIG proxy.config.http.connect_attempts_max_retries INT 3
CONFIG proxy.config.http.connect_attempts_max_retries_dead_server INT 3
CONFIG proxy.config.http.connect_attempts_rr_retries INT 0
CONFIG proxy.config.http.down_server.cache_time INT 0
# With 1, a request that may be answered from the cache is never asked again.
CONFIG proxy.config.http.doc_in_cache_skip_dns INT 0

# Kept is what the service itself says how long to keep; never an error, never what is stale.
CONFIG proxy.config.http.cache.required_headers INT 2
CONFIG proxy.config.http.cache.max_stale_age INT 0
CONFIG proxy.config.http.negative_caching_enabled INT 0
CONFIG proxy.config.http.negative_revalidating_enabled INT 0
CONFIG proxy.config.http.push_method_enabled INT 0

# The counts of slots, twenty times a second.
CONFIG proxy.config.raw_stat_sync_interval_ms INT 50
CONFIG proxy.config.stat_api.max_stats_allowed INT 8192

CONFIG proxy.config.log.logging_enabled INT 3
CONFIG proxy.config.log.max_space_mb_for_logs INT 500
CONFIG proxy.config.log.rolling_enabled INT 3
CONFIG proxy.config.log.rolling_size_mb INT 50
CONFIG proxy.config.log.auto_delete_rolled_files INT 1
`
}
