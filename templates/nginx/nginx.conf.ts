import { text } from '../../lib/index.ts'

/** A service behind the proxy. Its slots are not in here: they stand in its folder under `home`. */
export interface NginxService {
  readonly name: string
  /** The names it is asked under. */
  readonly names: readonly string[]
}

export interface NginxConfig {
  readonly services: readonly NginxService[]
  /** PEM file with the key, the certificate and its chain. */
  readonly certificate: string
  /** A folder for each service, in which `current` is a link to the state that serves. */
  readonly home: string
  /** While this file is there, answers end their connection. */
  readonly closing: string
  /** The name under which this host itself is asked what serves, on the loopback. */
  readonly host: string
  /** Seconds after which a reload ends the streams of the old workers. */
  readonly hardStopSeconds?: number
}

/**
 * nginx 1.18 or later in front of services with two slots. The text is the same whichever slot serves: for each request
 * nginx follows the service's link `current`, whose target is named after a group of servers.
 */
export function nginxConfig(config: NginxConfig): string {
  const { services, certificate, home, closing, host, hardStopSeconds = 3600 } = config
  return text`# Written by fleet; changes here are overwritten.
user www-data;
worker_processes auto;
worker_rlimit_nofile 65536;
worker_shutdown_timeout ${hardStopSeconds}s;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log warn;
include /etc/nginx/modules-enabled/*.conf;

events {
    worker_connections 8192;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    server_tokens off;
    server_names_hash_bucket_size 128;
    map_hash_bucket_size 128;
    variables_hash_max_size 2048;
    types_hash_max_size 2048;

    ssl_certificate ${word(certificate)};
    ssl_certificate_key ${word(certificate)};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_tickets off;
    ssl_session_cache shared:fleet:10m;

    client_header_timeout 10s;
    client_body_timeout 60s;
    send_timeout 60s;
    # Programs that read it give a connection up a second before the proxy does.
    keepalive_timeout 15s 14s;
    large_client_header_buffers 4 16k;
    client_max_body_size 0;

    # The first words are counted by fleet: keep them.
    log_format fleet '$msec "$upstream_addr" "$upstream_status" $remote_addr $status $body_bytes_sent $request_time $request_id "$request" "$http_user_agent"';
    access_log /var/log/nginx/access.log fleet;

    # The state that the link of the service names: a group of servers, and a hash of what each slot was told.
    map $realpath_root $fleet_state {
        default none.0;
        "~/states/(?<named>[a-z0-9-]+[.][0-9a-f]+)$" $named;
    }
    map $fleet_state $fleet_group {
        default none;
        "~^(?<group>[a-z0-9-]+)[.]" $group;
    }
    # What may have changed something is not sent over a connection that the service may be closing.
    map $request_method $fleet_once {
        default -once;
        GET '';
        HEAD '';
        OPTIONS '';
    }
    map $http_upgrade $fleet_upgrade {
        default yes;
        '' '';
        ~*^h2c '';
    }
    map "$fleet_upgrade$fleet_once" $fleet_connection {
        default upgrade;
        '' '';
        -once close;
    }

    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_request_buffering off;
    proxy_buffer_size 16k;
    proxy_buffers 8 16k;
    proxy_socket_keepalive on;
    proxy_redirect off;
    proxy_connect_timeout 3s;
    proxy_send_timeout 60s;
    proxy_read_timeout 60s;
    # A request that may have changed something is not sent twice; what took longer than this is not either.
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 4;
    proxy_next_upstream_timeout 10s;
    proxy_set_header Host $http_host;
    proxy_set_header Connection $fleet_connection;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header X-Request-Id $request_id;
    proxy_set_header X-Forwarded-Proto https;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_hide_header X-Request-Id;
    proxy_pass_header Server;
    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
    add_header X-Request-Id $request_id always;

    server {
        listen 80 default_server;
        listen [::]:80 default_server ipv6only=on;
        listen 127.0.0.1:80 default_server;
        server_name _;
        return 308 https://$host$request_uri;
    }

    server {
        listen 443 ssl http2 default_server;
        listen [::]:443 ssl http2 default_server ipv6only=on;
        server_name _;
        default_type text/plain;
        return 421 "no service has this name\\n";
    }

    server {
        listen 127.0.0.1:80;
        server_name ${word(host)};
        access_log off;
        default_type text/plain;
        location / {
            return 404;
        }
${services.map(({ name }) => answers(name, home)).join('\n')}
    }

${services.map(service => server(service, home, closing)).join('\n\n')}
}
`
}

const variable = (name: string): string => `$fleet_known_${name.replaceAll('-', '_')}`

const answers = (name: string, home: string): string => `        location = /${word(name)} {
            root ${word(home)}/${word(name)}/current;
            return 200 "$fleet_state ${variable(word(name))}\\n";
        }`

function server({ name, names }: NginxService, home: string, closing: string): string {
  const pass = 'proxy_pass http://$fleet_group$fleet_once;'
  return text`    include ${word(home)}/${word(name)}/groups.conf;
    server {
        listen 443 ssl http2;
        listen [::]:443 ssl http2;
        server_name ${names.map(item => word(item.toLowerCase())).join(' ')};
        access_log /var/log/nginx/fleet-${word(name)}.log fleet;
        root ${word(home)}/${word(name)}/current;
        error_page 591 = @tunnel;
        error_page 592 = @closing;
        location / {
            if ($fleet_group = none) {
                return 503;
            }
            if ($fleet_upgrade) {
                return 591;
            }
            if (-f ${word(closing)}) {
                return 592;
            }
            ${pass}
        }
        location @tunnel {
            proxy_read_timeout 1h;
            proxy_send_timeout 1h;
            ${pass}
        }
        location @closing {
            keepalive_timeout 0;
            ${pass}
        }
    }`
}

/** A value as one word of the configuration; refuses what could become another directive. */
function word(value: string): string {
  if (!/^[\w./:?&=~%+@-]+$/.test(value))
    throw new TypeError(`${JSON.stringify(value)} cannot stand in nginx.conf`)
  return value
}
