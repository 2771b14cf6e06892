#!/usr/bin/env bash
# A one-box Ceph with an S3 gateway on loopback, all state in a scratch folder: monitor, one store in memory, gateway.
#   scripts/ceph.sh start DIR   starts it and prints PAPIERLOS_TEST_S3's value: endpoint,bucket,access,secret,region
#   scripts/ceph.sh stop DIR    ends its processes and removes the folder
set -euo pipefail

die() {
    echo "ceph: $1" >&2
    exit 1
}

# A port nobody listens on, below the range from which the kernel hands out its own.
free_port() {
    local port
    for _ in $(seq 50); do
        port=$(shuf -n 1 -i "$1-$2")
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    die "no free port between $1 and $2"
}

write_config() {
    local dir=$1 monitor_port=$2 gateway_port=$3 fsid=$4
    # No authentication between the daemons: they talk on loopback and live for one test run.
    # The gateway would otherwise insist on an encrypted talk with the monitor: hence the mode `crc`.
    cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $fsid
mon_host = v2:127.0.0.1:$monitor_port/0
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_port_min = $((monitor_port + 1))
ms_bind_port_max = $((monitor_port + 90))
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 2
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
osd_data = $dir/osd
osd_class_load_list = *
osd_class_default_list = *
memstore_device_bytes = 1073741824
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 2000
mon_data = $dir/mon
mon_data_avail_crit = 1
run_dir = $dir
pid_file = $dir/\$type.pid
log_file = $dir/log/\$type.log
admin_socket = $dir/\$name.asok
[client.rgw]
ms_mon_client_mode = crc
rgw_frontends = beast endpoint=127.0.0.1:$gateway_port
rgw_dns_name = localhost
rgw_enable_usage_log = false
rgw_num_control_oids = 1
rgw_data = $dir/rgw
CONF
}

# Repeats a command until it works, for at most the given number of seconds.
until_works() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

store_is_up() { ceph -c "$1/ceph.conf" osd stat 2>/dev/null | grep -q '1 up'; }

start() {
    local dir=$1 monitor_port gateway_port fsid osd access secret
    for tool in ceph-mon ceph-osd radosgw radosgw-admin monmaptool curl openssl; do
        command -v "$tool" >/dev/null || die "$tool is missing (Debian packages radosgw ceph-mon ceph-osd ceph-common)"
    done
    mkdir -p "$dir"/{mon,osd,rgw,log}
    dir=$(cd "$dir" && pwd)
    monitor_port=$(free_port 20000 25900)
    gateway_port=$(free_port 26000 31999)
    fsid=$(cat /proc/sys/kernel/random/uuid)
    write_config "$dir" "$monitor_port" "$gateway_port" "$fsid"
    export CEPH_CONF=$dir/ceph.conf

    {
        monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$monitor_port]" "$dir/monmap"
        ceph-mon -i a --mkfs --monmap "$dir/monmap"
        ceph-mon -i a --public-addr "127.0.0.1:$monitor_port"
        osd=$(cat /proc/sys/kernel/random/uuid)
        # The store must be made under the name by which the monitor knows it.
        timeout 60 ceph osd new "$osd"
        ceph-osd -i 0 --mkfs --osd-uuid "$osd"
        ceph-osd -i 0
    } >>"$dir/start.log" 2>&1 || {
        tail -n 20 "$dir/start.log" >&2
        die "the cluster did not start"
    }
    until_works 60 store_is_up "$dir" || die "the store did not come up"

    radosgw -f -n client.rgw --id rgw >"$dir/log/gateway.out" 2>&1 &
    echo $! >"$dir/gateway.pid"
    until_works 120 curl -s -o /dev/null -m 1 "http://127.0.0.1:$gateway_port/" || {
        tail -n 20 "$dir/log/gateway.out" >&2
        die "the gateway did not answer"
    }
    access=papierlos
    secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    radosgw-admin -n client.rgw user create --uid=papierlos --display-name=papierlos \
        --access-key="$access" --secret-key="$secret" >>"$dir/start.log" 2>&1 || die "no user could be made"
    make_bucket "http://127.0.0.1:$gateway_port" papierlos-test "$access" "$secret"
    echo "http://127.0.0.1:$gateway_port,papierlos-test,$access,$secret,us-east-1"
}

# PUT of a bucket, signed the old way (version 2): all that a shell needs for one request.
make_bucket() {
    local endpoint=$1 bucket=$2 access=$3 secret=$4 date signature
    date=$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S GMT')
    signature=$(printf 'PUT\n\n\n%s\n/%s' "$date" "$bucket" | openssl dgst -sha1 -hmac "$secret" -binary | base64)
    curl -sS --fail -o /dev/null -X PUT -H "Date: $date" -H "Authorization: AWS $access:$signature" "$endpoint/$bucket" ||
        die "the bucket could not be made"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

stop() {
    local dir=$1 file pid
    for file in "$dir"/{gateway,osd,mon}.pid; do
        [ -s "$file" ] || continue
        pid=$(cat "$file")
        kill "$pid" 2>/dev/null || continue
        until_works 10 gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
    done
    rm -rf "$dir"
}

case ${1:-} in
start) start "${2:?a scratch folder}" ;;
stop) stop "${2:?the scratch folder}" ;;
*)
    echo "usage: scripts/ceph.sh start|stop DIR" >&2
    exit 2
    ;;
esac
