#!/usr/bin/env bash
# Checks an exported Papierlos log with bash, openssl, xxd and coreutils.
#
#   ./verify.sh [--key NAME+ID+KEY ... | --policy FILE] [--all] [--tsa-roots FILE] [FOLDER]
#
# Manifest, signature of the checkpoint, root over all tiles, cosignatures of witnesses; of the records: form of the
# chain, number and place in the tree, for all up to 1,000 records or with --all, else for the last 256; of all of
# them how many tell of a handover. With the root certificates of the timestamp authority in FILE (PEM): the newest
# timestamp.
# Exit: 0 nothing found, 1 tampering, 2 material missing, 3 usage. See VERIFY.txt for the format.
set -euo pipefail
export LC_ALL=C

usage() { echo "usage: verify.sh [--key NAME+ID+KEY ... | --policy FILE] [--all] [--tsa-roots FILE] [FOLDER]" >&2; exit 3; }
bad() { echo "  $1: ${2-}"; codes+=" $1 "; status=1; }
missing() { echo "  $1: ${2-}"; codes+=" $1 "; if [ "$status" = 0 ]; then status=2; fi; }
found() { # whether one of these codes was said
    local code
    for code in "$@"; do
        case $codes in *" $code "*) return 0 ;; esac
    done
    return 1
}

folder=$(dirname "$0") trusted=() policy='' all='' roots='' codes='' status=0
while [ $# -gt 0 ]; do
    case $1 in
        --key) [ $# -ge 2 ] || usage; trusted+=("$2"); shift ;;
        --policy) [ $# -ge 2 ] && [ -f "$2" ] || usage; policy=$2; shift ;;
        --all) all=yes ;;
        --tsa-roots) [ $# -ge 2 ] || usage; roots=$2; shift ;;
        -*) usage ;;
        *) folder=$1 ;;
    esac
    shift
done
log=$folder/data/log
[ -d "$log" ] || { echo "$folder is not an exported log" >&2; exit 3; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# 1. the manifests: transport only, proves nothing about who wrote the files
for manifest in manifest-sha256.txt tagmanifest-sha256.txt; do
    [ -f "$folder/$manifest" ] || { missing bundle-file-missing "$manifest"; continue; }
    # a line that is none, or that leads out of the folder: nothing is read by it
    if grep -Eqv '^[0-9a-f]{64}  [^/]' "$folder/$manifest" ||
        grep -Eq '  (.*/)?\.\.(/|$)' "$folder/$manifest"; then
        bad bundle-file-changed "$manifest"; continue
    fi
    if ! (cd "$folder" && sha256sum --check --quiet --strict "$manifest") >"$tmp/sums" 2>&1; then
        if grep -q 'FAILED$' "$tmp/sums"; then bad bundle-file-changed "$manifest"
        else missing bundle-file-missing "$manifest"; fi
    fi
done

# every file of the payload is listed, the tags list the manifest, and bagit.txt is there (RFC 8493)
if [ -f "$folder/manifest-sha256.txt" ]; then
    (cd "$folder" && find data/ ! -type d) | sort >"$tmp/there"
    cut -c 67- "$folder/manifest-sha256.txt" | sort >"$tmp/listed"
    while IFS= read -r file; do bad bundle-file-unlisted "$file"; done < <(comm -23 "$tmp/there" "$tmp/listed")
    if [ -f "$folder/tagmanifest-sha256.txt" ] &&
        ! grep -q '  manifest-sha256\.txt$' "$folder/tagmanifest-sha256.txt"
    then bad bundle-file-unlisted manifest-sha256.txt; fi
fi
[ -f "$folder/bagit.txt" ] || missing bundle-file-missing bagit.txt

# 2. the keys: name + id + base64(01 || 32 bytes)
[ ${#trusted[@]} = 0 ] || [ -z "$policy" ] || usage
if [ ${#trusted[@]} = 0 ]; then
    if [ -z "$policy" ]; then
        policy=$log/policy
        echo "signature: the key came with the bundle; nobody vouched for it"
    fi
    [ -f "$policy" ] || { missing bundle-file-missing "$policy"; exit "$status"; }
    mapfile -t trusted < <(sed -n 's/^log \([^ ]*\).*/\1/p' "$policy")
fi
[ ${#trusted[@]} != 0 ] || usage
key_parts() { # a key: its name and id, and itself for openssl
    local rest=${1#*+} found
    name=${1%%+*} id=${rest%%+*}
    public=$(printf %s "${rest#*+}" | base64 -d 2>/dev/null | xxd -p -c 64) || return 1
    [ "${public:0:2}" = 01 ] && [ ${#public} = 66 ] || return 1
    found=$({ printf '%s\n' "$name"; xxd -r -p <<<"$public"; } | sha256sum)
    [ "${found:0:8}" = "$id" ] || return 1
    public=${public:2}
}
short() { # a key: its name and id; behind them there may be a "+" as well
    local rest=${1#*+}
    echo "${1%%+*}+${rest%%+*}"
}
text() { sed -n '1,/^$/p' "$1" | sed '$d'; }
lines() { # note, name, id: the signatures of this key, in hex behind a sign
    sed '1,/^$/d' "$1" | while read -r dash signer signature; do
        raw=$(printf %s "$signature" | base64 -d 2>/dev/null | xxd -p -c 128) || raw=''
        if [ "$dash" = $'\xe2\x80\x94' ] && [ "$signer" = "$2" ] && [ "${raw:0:8}" = "$3" ]
        then echo "=${raw:8}"; fi
    done
}
verified() { # message, public key and signature in hex
    xxd -r -p <<<"302a300506032b6570032100$2" >"$tmp/key.der"
    xxd -r -p <<<"$3" >"$tmp/signature"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/key.der" -rawin \
        -in "$1" -sigfile "$tmp/signature" >/dev/null 2>&1
}
signed_by() { # a note and a key: 0 if it has signed everything up to the empty line, 1 wrongly, 2 not
    local name id public raw signed=2
    key_parts "$2" || return 2
    text "$1" >"$tmp/text"
    for raw in $(lines "$1" "$name" "$id"); do
        verified "$tmp/text" "$public" "${raw#=}" || return 1
        signed=0
    done
    return $signed
}
own=() origin=''
[ ! -f "$log/checkpoint" ] || read -r origin <"$log/checkpoint" || true
for key in "${trusted[@]}"; do
    key_parts "$key" || usage
    [ "$name" != "$origin" ] || own+=("$key")
done
# keys of other logs say nothing of this one
[ ${#own[@]} = 0 ] || trusted=("${own[@]}")

# the handovers from key to key, each signed by both: the keys that count, and from which size to which
keys=() from=() upto=() handovers=0
while [ -f "$log/keys/$((handovers + 1))" ]; do
    handovers=$((handovers + 1)) note=$log/keys/$handovers line='' origin='' size='' old='' new='' rest=x
    { read -r line; read -r origin; read -r size; read -r _; read -r old; read -r new; read -r rest; } <"$note" || true
    if [ "$line" != papierlos.key/v1 ] || [ -n "$rest" ] || [ "$old" = "$new" ] ||
        [ "${old%%+*}" != "$origin" ] || [ "${new%%+*}" != "$origin" ] ||
        ! [[ $size =~ ^(0|[1-9][0-9]{0,17})$ ]] || [ "$(sed '1,/^$/d' "$note" | wc -l)" != 2 ] ||
        ! signed_by "$note" "$old" || ! signed_by "$note" "$new" ||
        { [ $handovers -gt 1 ] && { [ "$old" != "${keys[-1]}" ] || [ "$size" -le "${from[-1]}" ]; }; }
    then bad key-handover-invalid "keys/$handovers"; break; fi
    [ $handovers -gt 1 ] || keys=("$old") from=(0) upto=('')
    upto[-1]=$size keys+=("$new") from+=("$size") upto+=('')
done
while [ -f "$log/keys/$((handovers + 1))" ]; do handovers=$((handovers + 1)); done
linked='' others=() unlinked=''
for key in "${trusted[@]}"; do
    case " ${keys[*]} " in *" $key "*) linked=yes; continue ;; esac
    others+=("$key") beside=''
    # without a handover a key stands for itself, and leads to no second one of its name: told at the end
    for other in "${trusted[@]}"; do
        [ "${other%%+*}" != "${key%%+*}" ] || [ "$other" = "$key" ] || beside=yes
    done
    if [ $handovers != 0 ]; then bad key-handover-invalid "they do not lead to $(short "$key")"
    elif [ -n "$beside" ]; then unlinked+="${unlinked:+, }$(short "$key")"; fi
done
[ -n "$linked" ] || keys=() from=() upto=()
for key in "${others[@]}"; do keys+=("$key") from+=(0) upto+=(''); done

# 3. the signature, by a key in its time
if [ ! -f "$log/checkpoint" ]; then
    missing no-checkpoint; exit "$status"
fi
{ read -r origin; read -r size; read -r root; } <"$log/checkpoint" || true
case $size in *[!0-9]* | '') bad checkpoint-malformed; exit "$status" ;; esac
signed_in_time() { # a note over so many records: 0 if a key has signed it in its time, 1 wrongly, 2 none, 3 out of its time
    local at code signed=2
    for at in "${!keys[@]}"; do
        code=0; signed_by "$1" "${keys[at]}" || code=$?
        [ $code != 1 ] || return 1
        [ $code = 0 ] || continue
        if [ "$2" -lt "${from[at]}" ] || [ "$2" -gt "${upto[at]:-$2}" ]; then return 3; fi
        signed=0
    done
    return $signed
}
code=0; signed_in_time "$log/checkpoint" "$size" || code=$?
case $code in
    1) bad checkpoint-signature-invalid ;;
    2) bad key-unknown ;;
    3) bad key-retired "size $size" ;;
esac
root=$(printf %s "$root" | base64 -d | xxd -p -c 32)
[ "$origin" = "${keys[0]%%+*}" ] || bad key-unknown "$origin"

# 4. the root, from the hashes of all leaves: pairs of lines, each hashed behind 01, until one is left
path() { # level, index, width
    local index=$2 groups
    groups=$(printf %03d $((index % 1000)))
    while [ "$index" -ge 1000 ]; do
        index=$((index / 1000))
        groups=x$(printf %03d $((index % 1000)))/$groups
    done
    if [ "$3" -lt 256 ] && [ ! -f "$log/tile/$1/$groups" ]; then groups=$groups.p/$3; fi
    echo "$log/tile/$1/$groups"
}
: >"$tmp/leaves"
for ((index = 0; index * 256 < size; index++)); do
    width=$((size - index * 256 < 256 ? size - index * 256 : 256))
    file=$(path 0 "$index" "$width")
    if [ -f "$file" ]; then xxd -p -c 32 "$file" | head -n "$width" >>"$tmp/leaves"
    else missing tile-missing "$file"; fi
done
root_of() { # over so many leaves
    head -n "$1" "$tmp/leaves" >"$tmp/level"
    while [ "$(wc -l <"$tmp/level")" -gt 1 ]; do
        mkdir "$tmp/nodes"
        paste -d '\0' - - <"$tmp/level" >"$tmp/pairs"
        (grep -E '^.{128}$' "$tmp/pairs" || true) | sed 's/^/01/' | xxd -r -p |
            (cd "$tmp/nodes" && split -b 65 -a 8 -d -)
        (cd "$tmp/nodes" && printf '%s\0' * | xargs -0 sha256sum) | cut -c 1-64 >"$tmp/next"
        grep -E '^.{64}$' "$tmp/pairs" >>"$tmp/next" || true
        mv "$tmp/next" "$tmp/level"
        rm -r "$tmp/nodes"
    done
    cat "$tmp/level"
}
if [ "$(wc -l <"$tmp/leaves")" != "$size" ] && [ "$status" != 2 ]; then bad log-shorter-than-checkpoint; fi
if [ "$size" -gt 0 ] && [ "$(root_of "$size")" != "$root" ]; then
    [ "$status" = 2 ] || bad checkpoint-root-mismatch "size $size"
fi

# 5. the witnesses of the policy: what they cosigned is the beginning of this log, and they are enough
if [ -z "$policy" ] || ! grep -q '^witness ' "$policy"; then
    echo "witnesses: not checked (the policy names none)"
else
    names=' ' wanted='' seen=''
    if [ -f "$log/witnessed" ]; then
        text "$log/witnessed" >"$tmp/witnessed"
        { read -r _; read -r seen; read -r old; } <"$tmp/witnessed" || true
        case $seen in *[!0-9]* | '') seen=0 ;; esac
        code=0; signed_in_time "$log/witnessed" "$seen" || code=$?
        [ $code != 3 ] || bad key-retired "witnessed, size $seen"
        [ $code = 0 ] || seen=''
    fi
    if [ -n "$seen" ]; then
        old=$(printf %s "$old" | base64 -d | xxd -p -c 32)
        if [ "$seen" -gt "$size" ]; then echo "witnessed $seen records: more than the checkpoint, not compared"
        elif [ "$status" != 2 ] && [ "$seen" != 0 ] && [ "$(root_of "$seen")" != "$old" ]
        then bad fork-against-witnessed-checkpoint "size $seen"; fi
        while read -r _ witness other _; do
            id=${other#*+} number=$(printf %s "${other#*+*+}" | base64 -d | xxd -p -c 64)
            for raw in $(lines "$log/witnessed" "${other%%+*}" "${id%%+*}"); do
                raw=${raw#=}
                { printf 'cosignature/v1\ntime %d\n' $((16#0${raw:0:16})); cat "$tmp/witnessed"; } >"$tmp/message"
                if verified "$tmp/message" "${number:2}" "${raw:16}"; then names+="$witness "
                else bad cosignature-invalid "$witness"; fi
            done
        done < <(grep '^witness ' "$policy")
    fi
    by=$names
    while read -r kind group count members; do
        if [ "$kind" = quorum ]; then wanted=$group; fi
        [ "$kind" = group ] || continue
        read -ra members <<<"$members"
        number=0
        for member in "${members[@]}"; do
            case $names in *" $member "*) number=$((number + 1)) ;; esac
        done
        case $count in any) count=1 ;; all) count=${#members[@]} ;; esac
        [ "$number" -lt "$count" ] || names+="$group "
    done <"$policy"
    case " none$names" in
        *" $wanted "*) echo "witnessed ${seen:-0} records, by:$by" ;;
        *) [ "$status" = 1 ] || missing witness-quorum-missed "cosigned by:$by" ;;
    esac
fi

# 6. the records: their hash is their place in the tree, and each names the one before it
mapfile -t leaves <"$tmp/leaves"
first=0
if [ -z "$all" ] && [ "$size" -gt 1000 ]; then
    first=$(((size - 1) / 256 * 256))
    echo "records before $first: not checked one by one (--all does)"
fi
seq=$first previous=''
[ "$first" = 0 ] || previous=${leaves[first - 1]-}
unbound='' starts=' ' files=(/dev/null)
for at in "${!keys[@]}"; do
    [ "${from[at]}" = 0 ] || continue
    genesis=$(printf 'papierlos.audit/v1/genesis\n%s\n%s' "$origin" "${keys[at]}" | sha256sum)
    starts+="${genesis:0:64} "
done
check_records() { # a file of records: cut apart, hashed in one go, compared line by line
    local hex at=0 length number=0 record name hash hashes links numbers
    rm -rf "$tmp/records" && mkdir "$tmp/records" && : >"$tmp/hex"
    hex=$(xxd -p "$1" | tr -d '\n')
    while [ $at -lt ${#hex} ]; do
        length=$((16#${hex:at:4}))
        if [ $((at + 4 + length * 2)) -gt ${#hex} ]; then bad entries-malformed "$1"; break; fi
        echo "00${hex:at+4:length*2}" >>"$tmp/hex"
        at=$((at + 4 + length * 2))
    done
    # Written by the shell itself: a process for each record would take most of the time.
    while IFS= read -r record; do
        printf -v name %08d $number
        printf %b "$record" >"$tmp/records/$name"
        number=$((number + 1))
    done < <(sed 's/../\\x&/g' "$tmp/hex")
    [ $number -gt 0 ] || return 0
    mapfile -t hashes < <(cd "$tmp/records" && sha256sum -- * | cut -c 1-64)
    mapfile -t links < <(cd "$tmp/records" && grep -aho '"prev":"[0-9a-f]\{64\}"' -- * | cut -c 9-72)
    mapfile -t numbers < <(cd "$tmp/records" && grep -aho '"seq":[0-9]*,"subj":' -- * | cut -d : -f 2)
    if [ ${#links[@]} != $number ] || [ ${#numbers[@]} != $number ]; then bad leaf-malformed "$1"; fi
    for ((at = 0; at < number; at++)); do
        hash=${hashes[at]}
        [ "${numbers[at]-}" = "$seq,\"subj\"" ] || bad seq-gap "record $seq"
        if [ $seq = 0 ]; then
            case $starts in *" ${links[at]-} "*) ;; *) unbound=yes ;; esac
        elif [ "${links[at]-}" != "$previous" ]; then bad chain-link-broken "record $seq"; fi
        if [ $seq -lt "$size" ] && [ "$hash" != "${leaves[seq]-}" ]; then bad tile-mismatch "record $seq"; fi
        previous=$hash seq=$((seq + 1))
    done
}
for ((index = 0; index * 256 < size; index++)); do
    width=$((size - index * 256 < 256 ? size - index * 256 : 256))
    file=$(path entries "$index" "$width")
    if [ ! -f "$file" ]; then
        missing entries-missing "$file"
        [ $((index * 256)) -lt $first ] || seq=$(((index + 1) * 256))
        continue
    fi
    files+=("$file")
    [ $((index * 256)) -lt $first ] || check_records "$file"
done
if [ -f "$log/tail" ]; then
    files+=("$log/tail")
    [ "$seq" -lt "$size" ] || check_records "$log/tail"
fi
# a log begins with its first key; all records, also those of before, name each handover, and no handover is without one
rotations=$({ printf '%s\0' "${files[@]}" | xargs -0 cat -- | grep -ao '"action":"log\.rotate_key"' || true; } | wc -l)
if [ "$rotations" -gt $handovers ]; then missing key-handover-missing "$((rotations - handovers)) of $rotations"
else
    [ -z "$unlinked" ] || missing key-handover-missing "none leads to $unlinked"
    if [ -n "$unbound" ] && ! found key-handover-invalid; then bad genesis-mismatch; fi
fi
if [ "$rotations" -lt $handovers ] && ! found bundle-file-missing entries-missing entries-malformed leaf-malformed \
    seq-gap log-shorter-than-checkpoint checkpoint-root-mismatch
then bad key-handover-invalid "the log tells of $rotations handovers, $handovers are here"; fi
echo "records read $first to $((seq - 1)), under the checkpoint $size"

# 7. the newest timestamp (RFC 3161) is over the checkpoint beside it, by an authority that leads to one of the roots
newest=$(find "$log/anchors" -name '*.tsr' 2>/dev/null | sed 's/.*\///; s/\.tsr$//' | grep -E '^[0-9]+$' | sort -n | tail -n 1) || newest=''
if [ -z "$newest" ]; then echo "timestamps: none"
elif [ -z "$roots" ]; then echo "timestamps: the newest is over $newest records, not checked (--tsa-roots does)"
elif openssl ts -verify -data "$log/anchors/$newest.checkpoint" -in "$log/anchors/$newest.tsr" -CAfile "$roots" >/dev/null 2>&1
then echo "timestamps: the newest is over $newest records and right"
else bad timestamp-invalid "size $newest"; fi
[ "$status" != 0 ] || echo "nothing found"
exit "$status"
