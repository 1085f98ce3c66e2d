# The ways in which redis_outage has Redis fail. Each kind has up to five functions:
#
#   deploy_<kind>   starts it and sets `redis`, what the gateway is told; default: one server
#   fail_<kind>     returns at once
#   await_<kind>    returns when it is time to heal; default: after $outage seconds
#   heal_<kind>     returns when Redis is back; default: it is, by itself
#   dials_<kind>    how many connections were begun so far, with those in own_dials, which the kind itself begins
#                   meanwhile; default: all those of this network
#
# While it lasts, the file $home/outage exists.

all_kinds=(killed stopped blackhole password readonly oom busy loading slow resets midreply restarted noscript
           failover node)
# Nobody answers at all.
is_dead() { [[ " killed stopped blackhole password " = *" $1 "* ]]; }
# What is right while it lasts: `away`, what on_store_failure says; `redis`, as if nothing were the matter;
# `either`, because Redis comes and goes.
right_during() {
  case $1 in
    slow | resets | midreply | restarted) echo either ;;
    noscript) echo redis ;;
    *) echo away ;;
  esac
}
# Seconds that it may last longer than it was told to.
declare -A overtime=([loading]=3 [failover]=4 [node]=6)
declare -A own_dials=([failover]=1 [node]=2)

step() {
  local name=$1_$kind
  declare -F "$name" >/dev/null || name=$1_default
  "$name"
}

redis_port=(0 "$(free_port)" "$(free_port)" "$(free_port)" "$(free_port)")  # of node 1 and so on
# launch <node> <arguments>...: a Redis that keeps nothing.
launch() {
  local node=$1
  shift
  mkdir -p "$home/redis.$node"
  redis-server --port "${redis_port[node]}" --bind 127.0.0.1 --unixsocket "$home/redis.$node/socket" --save '' \
    --appendonly no --dir "$home/redis.$node" --enable-debug-command yes --busy-reply-threshold 10 "$@" \
    >>"$home/redis.$node/out" &
  processes[redis-$node]=$!
}
start() {
  launch "$@"
  wait_until answers "$1" PONG ping
}
ask() {
  local node=$1
  shift
  redis-cli -s "$home/redis.$node/socket" "$@"
}
# answers <node> <text> <command>...
answers() { ask "$1" "${@:3}" 2>/dev/null | grep -q "$2"; }
tell() { ask 1 "$@" >>"$home/redis-cli.out" 2>&1 || true; }
kill_node() {
  kill -KILL "${processes[redis-$1]}"
  wait "${processes[redis-$1]}" 2>/dev/null || true
}
# await <text> <command of redis-cli>...: asks on one connection until the answer has the text.
await() {
  until grep -qm 1 "$1" < <(redis-cli "${@:2}" 2>/dev/null); do sleep 0.02; done
}
again_and_again() {
  while [ -e "$home/outage" ]; do "$@"; done
}

deploy_default() {
  start 1
  redis="{url: 'redis://127.0.0.1:${redis_port[1]}'}"
}
await_default() { sleep "$outage"; }
heal_default() { :; }
dials_default() {
  awk '$1 == "Tcp:" && !column { while ($++column != "ActiveOpens") continue; next }
       $1 == "Tcp:" { print $column }' /proc/net/snmp
}

# ---- nobody answers
fail_killed() { kill_node 1; }
heal_killed() { start 1; }

# The kernel goes on accepting connections for it.
fail_stopped() { kill -STOP "${processes[redis-1]}"; }
heal_stopped() { kill -CONT "${processes[redis-1]}"; }

# The kernel does so no longer: a queue that is full has it drop every SYN, as nobody's address does.
deploy_blackhole() {
  start 1 --tcp-backlog 64
  redis="{url: 'redis://127.0.0.1:${redis_port[1]}'}"
}
fail_blackhole() {
  fail_stopped
  own_dials[blackhole]=1  # the last of these does not get through
  while timeout 0.1 bash -c ": </dev/tcp/127.0.0.1/${redis_port[1]}" 2>/dev/null; do
    own_dials[blackhole]=$((own_dials[blackhole] + 1))
  done
}
heal_blackhole() { heal_stopped; }

fail_password() { tell config set requirepass secret; tell -a secret client kill type normal; }
heal_password() { tell -a secret config set requirepass ''; }

# ---- it answers, but does not do it
fail_readonly() { tell replicaof 127.0.0.1 1; }
heal_readonly() { tell replicaof no one; }
fail_oom() { tell config set maxmemory 1; }
heal_oom() { tell config set maxmemory 0; }
fail_busy() { tell eval 'while true do end' 0 & failing=$!; }
heal_busy() { tell script kill; wait $failing; }

# As many keys as take so long to load at half a millisecond each.
deploy_loading() {
  deploy_default
  tell debug populate $((outage * 2000))
  tell save
}
fail_loading() {
  kill_node 1
  launch 1 --key-load-delay 500 --loading-process-events-interval-bytes 1024
}
await_loading() { await PONG -s "$home/redis.1/socket" -r -1 -i 0.02 ping; }

# ---- it comes and goes
nap() { tell debug sleep 0.2; sleep 0.02; }
fail_slow() { again_and_again nap & failing=$!; }
heal_slow() { wait $failing; }

reset_all() { tell client kill type normal; sleep 0.02; }
fail_resets() { again_and_again reset_all & failing=$!; }
heal_resets() { wait $failing; }

deploy_midreply() {
  start 1
  "$programs/bench_relay" "${redis_port[2]}" "$home/redis.1/socket" "$home/outage" &
  processes[relay]=$!
  redis="{url: 'redis://127.0.0.1:${redis_port[2]}'}"
}
fail_midreply() { :; }

# Empty each time: it knows no script.
fail_restarted() { :; }
await_restarted() {
  local end=$((SECONDS + outage))
  while [ $SECONDS -lt $end ]; do
    kill_node 1
    start 1
    sleep 0.5
  done
}

forget_scripts() { tell script flush; sleep 0.05; }
fail_noscript() { again_and_again forget_scripts & failing=$!; }
heal_noscript() { wait $failing; }

# ---- several servers, which connect to each other too: so it is counted who connects to those that are left
received() {
  local node
  for node in "$@"; do ask "$node" info stats; done |
    awk -F: '$1 == "total_connections_received" { sum += $2 } END { print sum }'
}

deploy_failover() {
  start 1
  start 2 --replicaof 127.0.0.1 "${redis_port[1]}"
  wait_until answers 2 master_link_status:up info replication
  printf '%s\n' "port ${redis_port[3]}" "bind 127.0.0.1" "dir $home" \
    "sentinel monitor shared 127.0.0.1 ${redis_port[1]} 1" \
    "sentinel down-after-milliseconds shared $((outage * 1000))" >"$home/sentinel.conf"
  redis-server "$home/sentinel.conf" --sentinel >"$home/sentinel.out" &
  processes[sentinel]=$!
  wait_until sh -c "redis-cli -p ${redis_port[3]} sentinel replicas shared | grep -q ${redis_port[2]}"
  redis="{sentinels: {primary: shared, nodes: ['127.0.0.1:${redis_port[3]}']}}"
}
fail_failover() { kill_node 1; }
# It is over when the sentinel names the new primary, as far as anybody can know.
await_failover() {
  await "^${redis_port[2]}\$" -p "${redis_port[3]}" -r -1 -i 0.02 sentinel get-master-addr-by-name shared
}
dials_failover() { received 2; }

# The third node is the one that fails. It has the bucket of acct_bench (slot 15354), the first one that of
# acct_elsewhere (slot 738).
start_cluster_node() {
  start "$1" --cluster-enabled yes --cluster-port "${cluster_port[$1]}" --cluster-node-timeout 1000 \
    --cluster-require-full-coverage no
}
deploy_node() {
  local node nodes=("${redis_port[@]:1:3}")
  cluster_port=(0 "$(free_port)" "$(free_port)" "$(free_port)")
  for node in 1 2 3; do start_cluster_node $node; done
  redis-cli --cluster create "${nodes[@]/#/127.0.0.1:}" --cluster-yes >"$home/cluster.out"
  for node in 1 2 3; do wait_until answers $node cluster_state:ok cluster info; done
  redis="{cluster: {nodes: ['127.0.0.1:${nodes[0]}', '127.0.0.1:${nodes[1]}']}}"
}
fail_node() { kill_node 3; }
heal_node() {
  start_cluster_node 3
  wait_until answers 3 cluster_state:ok cluster info
}
dials_node() { received 1 2; }
