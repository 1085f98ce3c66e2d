# Shared by the programs in this directory: the release build of the gateway in front of an nginx, on
# unix sockets and free ports, all in a temporary directory that goes with the script.
#
# A script sources this file, then calls start_nginx and start_gateway.

set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
gateway_program=${TRACKLY_GATEWAY:-$repository/build/release/trackly-gateway}
[ -x "$gateway_program" ] || {
  echo "$gateway_program is not there: cmake --preset release && cmake --build --preset release" >&2
  exit 1
}

home=$(mktemp -d "${TMPDIR:-/tmp}/trackly-bench.XXXXXX")
declare -A processes=()  # name -> process id

end_process() {
  local process=${processes[$1]:-}
  [ -n "$process" ] || return 0
  unset "processes[$1]"
  kill -CONT "$process" 2>/dev/null || true
  kill -TERM "$process" 2>/dev/null || true
  wait "$process" 2>/dev/null || true
}
leave() {
  for name in "${!processes[@]}"; do end_process "$name"; done
  rm -rf "$home"
}
trap leave EXIT
trap 'exit 130' INT TERM HUP

# wait_until <command>...: tries for ten seconds.
wait_until() {
  for _ in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  echo "gave up waiting for: $*" >&2
  exit 1
}

key=$("$gateway_program" key new | tee "$home/key" | head -n 1)
{
  echo 'accounts: {acct_bench: {status: active}}'
  echo 'keys:'
  tail -n 1 "$home/key" | sed 's/ACCOUNT/acct_bench/; s/NAME/bench/; s/^/  /'
} >"$home/keys.yaml"

message='{"to":"+14155556789","list_number":"+14155551234","body":"Hello!"}'
printf %s "$message" >"$home/message.json"

# A service that accepts everything, on $home/nginx.sock.
start_nginx() {
  cat >"$home/nginx.conf" <<NGINX
daemon off;
pid $home/nginx.pid;
error_log $home/nginx.err;
worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off;
  client_max_body_size 20m;
  client_body_temp_path $home/nginx-body;
  proxy_temp_path $home/nginx-proxy;
  fastcgi_temp_path $home/nginx-fastcgi;
  uwsgi_temp_path $home/nginx-uwsgi;
  scgi_temp_path $home/nginx-scgi;
  default_type application/json;
  keepalive_requests 100000000;
  server {
    listen unix:$home/nginx.sock;
    location / { return 200 '{"success":true,"message_id":"AbC12345","status":"queued"}'; }
  }
}
NGINX
  nginx -p "$home" -e "$home/nginx.err" -c "$home/nginx.conf" &
  processes[nginx]=$!
  wait_until test -S "$home/nginx.sock"
  # nginx's workers are another user.
  chmod 755 "$home"
}

# A Redis that keeps nothing, on $home/redis.sock.
start_redis() {
  redis-server --port 0 --unixsocket "$home/redis.sock" --save '' --appendonly no --dir "$home" \
    >"$home/redis.out" &
  processes[redis]=$!
  wait_until redis-cli -s "$home/redis.sock" ping
}

# start_gateway <name> [<settings of rate_limit> [<further top-level YAML>]]: sets port[name] and
# tls_port[name].
declare -A port=() tls_port=()
upstreams="{default: {endpoints: ['unix:$home/nginx.sock']}}"
api_key='{store: file, file: keys.yaml}'
start_gateway() {
  local name=$1 rate_limit=${2:-} more=${3:-}
  if [ ! -e "$home/server.crt" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
      -subj /CN=localhost -keyout "$home/server.key" -out "$home/server.crt" 2>/dev/null
  fi
  {
    echo "listeners:"
    echo "  - address: 127.0.0.1:0"
    echo "  - address: 127.0.0.1:0"
    echo "    tls: {certificate: server.crt, private_key: server.key}"
    echo "api: $repository/config/trackly/openapi.yaml"
    echo "errors: {catalogue: $repository/config/trackly/errors.yaml}"
    echo "filters:"
    echo "  - request_id: {}"
    echo "  - api_key: $api_key"
    echo "  - payload_limit: {max_bytes: 5MiB}"
    echo "  - batch_limit: {}"
    echo "  - schema: {}"
    [ -z "$rate_limit" ] || echo "  - rate_limit: $rate_limit"
    echo "upstreams: $upstreams"
    echo "access_log: {path: $home/$name.log}"
    echo "$more"
  } >"$home/$name.yaml"
  : >"$home/$name.err"  # that of an earlier one was ready too
  "$gateway_program" run --config "$home/$name.yaml" 2>"$home/$name.err" &
  processes[$name]=$!
  wait_until grep -q ready "$home/$name.err"
  port[$name]=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\).*/\1/p' "$home/$name.err" | sed -n 1p)
  tls_port[$name]=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\).*/\1/p' "$home/$name.err" | sed -n 2p)
}

# The programs that are built for these scripts, in the build directory of the gateway.
build_programs() {
  build=$(dirname "$gateway_program")
  cmake --build "$build" --target bench_service bench_client bench_drain_client bench_relay >"$home/build.out" || {
    cat "$home/build.out" >&2
    exit 1
  }
  programs=$build/tests/bench
}

# A port of the loopback addresses that nobody uses, below those that the system hands out by itself.
free_port() {
  local number
  while true; do
    number=$((10000 + RANDOM % 22000))
    ss -Htln "sport = :$number" | grep -q . || { echo $number; return; }
  done
}

# start_service <name> <address> <port> <protocol>: see bench_service.cc; what it processes is written to
# $home/ids.<name>, and it is not healthy while $home/unhealthy.<name> exists.
start_service() {
  local name=$1 protocol=$4 tls=()
  [ "$protocol" != https ] || tls=("$home/service.crt" "$home/service.key")
  "$programs/bench_service" "$2" "$3" "$protocol" "$home/ids.$name" "$home/unhealthy.$name" "${tls[@]}" \
    2>>"$home/services.err" &
  processes[$name]=$!
}
kill_service() {
  kill -KILL "${processes[$1]}"
  wait "${processes[$1]}" 2>/dev/null || true
  unset "processes[$1]"
}

need_wrk() {
  command -v wrk >/dev/null || { echo 'wrk is missing: apt-get install wrk' >&2; exit 1; }
}
# write_wrk_script <file> [<pause of each connection, in ms>]: sends messages.
write_wrk_script() {
  {
    echo "wrk.method = 'POST'"
    echo "wrk.body = '$message'"
    echo "wrk.headers['X-Api-Key'] = '$key'"
    echo "wrk.headers['Content-Type'] = 'application/json'"
    [ -z "${2:-}" ] || echo "function delay() return $2 end"
  } >"$1"
}
# What they printed into <file>, as "<requests> <failures>": anything but 2xx (h2load) or 2xx and 3xx (wrk).
wrk_result() {
  awk '/ requests in / { requests = $1 }
    /Socket errors:/ { gsub(",", ""); failures += $4 + $6 + $8 + $10 }
    /Non-2xx or 3xx responses:/ { failures += $NF }
    END { print requests + 0, failures + 0 }' "$1"
}
h2load_result() {
  awk '{ gsub(",", "") }
    /^requests:/ { requests = $6; failures += $10 + $12 + $14 }
    /^status codes:/ { failures += $5 + $7 + $9 }
    END { print requests + 0, failures + 0 }' "$1"
}

# Of the process <id>.
resident_kib() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"; }
descriptors() { ls "/proc/$1/fd" | wc -l; }

# quantile <q> : of the numbers on standard input, one a line.
quantile() {
  sort -n | awk -v q="$1" '{ v[NR] = $1 } END { if (NR) { i = int(NR * q); if (i < NR * q) i++; print v[i < 1 ? 1 : i] } else print "-" }'
}
