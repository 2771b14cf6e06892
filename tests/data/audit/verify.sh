#!/usr/bin/env bash
# Checks an exported Papierlos log with bash, openssl, xxd and coreutils.
#
#   ./verify.sh [--key NAME+ID+KEY | --policy FILE] [--all] [--tsa-roots FILE] [FOLDER]
#
# Manifest, signature of the checkpoint, root over all tiles, cosignatures of witnesses; of the records: form of the chain, number
# and place in the tree, for all up to 1,000 records or with --all, else for the last 256. With the root
# certificates of the timestamp authority in FILE (PEM): the newest timestamp.
# Exit: 0 nothing found, 1 tampering, 2 material missing, 3 usage. See VERIFY.txt for the format.
set -euo pipefail
export LC_ALL=C

usage() { echo "usage: verify.sh [--key NAME+ID+KEY | --policy FILE] [--all] [--tsa-roots FILE] [FOLDER]" >&2; exit 3; }
bad() { echo "  $1: ${2-}"; status=1; }
missing() { echo "  $1: ${2-}"; if [ "$status" = 0 ]; then status=2; fi; }

folder=$(dirname "$0") key='' policy='' all='' roots='' status=0
while [ $# -gt 0 ]; do
    case $1 in
        --key) [ $# -ge 2 ] || usage; key=$2; shift ;;
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

# 2. the key: name + id + base64(01 || 32 bytes)
[ -z "$key" ] || [ -z "$policy" ] || usage
if [ -z "$key" ]; then
    if [ -z "$policy" ]; then
        policy=$log/policy
        echo "signature: the key came with the bundle; nobody vouched for it"
    fi
    key=$(sed -n 's/^log \([^ ]*\).*/\1/p' "$policy" | head -n 1)
fi
name=${key%%+*} rest=${key#*+}
id=${rest%%+*} encoded=${rest#*+}
public=$(printf %s "$encoded" | base64 -d 2>/dev/null | xxd -p -c 64) || usage
[ "${public:0:2}" = 01 ] && [ ${#public} = 66 ] || usage
found=$({ printf '%s\n' "$name"; xxd -r -p <<<"$public"; } | sha256sum)
[ "${found:0:8}" = "$id" ] || usage

# 3. the signature: over everything up to the last empty line
if [ ! -f "$log/checkpoint" ]; then
    missing no-checkpoint; exit "$status"
fi
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
text "$log/checkpoint" >"$tmp/text"
signed=''
for raw in $(lines "$log/checkpoint" "$name" "$id"); do
    if verified "$tmp/text" "${public:2}" "${raw#=}"
    then signed=yes; else bad checkpoint-signature-invalid; signed=wrong; fi
done
[ -n "$signed" ] || bad key-unknown
{ read -r origin; read -r size; read -r root; } <"$tmp/text"
root=$(printf %s "$root" | base64 -d | xxd -p -c 32)
[ "$origin" = "$name" ] || bad key-unknown "$origin"
case $size in *[!0-9]* | '') bad checkpoint-malformed; exit "$status" ;; esac

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
        for raw in $(lines "$log/witnessed" "$name" "$id"); do
            if verified "$tmp/witnessed" "${public:2}" "${raw#=}"; then seen=yes; fi
        done
    fi
    if [ -n "$seen" ]; then
        { read -r _; read -r seen; read -r old; } <"$tmp/witnessed"
        case $seen in *[!0-9]* | '') seen=0 ;; esac
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
genesis=$(printf 'papierlos.audit/v1/genesis\n%s\n%s' "$origin" "$key" | sha256sum)
[ "$first" != 0 ] || previous=${genesis:0:64}
check_records() { # a file of records: cut apart, hashed in one go, compared line by line
    local hex at=0 length number=0 name hash hashes links numbers lengths=()
    rm -rf "$tmp/records" && mkdir "$tmp/records" && : >"$tmp/hex"
    hex=$(xxd -p "$1" | tr -d '\n')
    while [ $at -lt ${#hex} ]; do
        length=$((16#${hex:at:4}))
        if [ $((at + 4 + length * 2)) -gt ${#hex} ]; then bad entries-malformed "$1"; break; fi
        echo "00${hex:at+4:length*2}" >>"$tmp/hex"
        lengths+=("$length")
        at=$((at + 4 + length * 2))
    done
    xxd -r -p "$tmp/hex" >"$tmp/bytes"
    exec 3<"$tmp/bytes"
    for length in "${lengths[@]}"; do
        printf -v name %08d $number
        head -c $((length + 1)) <&3 >"$tmp/records/$name"
        number=$((number + 1))
    done
    exec 3<&-
    [ $number -gt 0 ] || return 0
    mapfile -t hashes < <(cd "$tmp/records" && sha256sum -- * | cut -c 1-64)
    mapfile -t links < <(cd "$tmp/records" && grep -aho '"prev":"[0-9a-f]\{64\}"' -- * | cut -c 9-72)
    mapfile -t numbers < <(cd "$tmp/records" && grep -aho '"seq":[0-9]*,"subj":' -- * | cut -d : -f 2)
    if [ ${#links[@]} != $number ] || [ ${#numbers[@]} != $number ]; then bad leaf-malformed "$1"; fi
    for ((at = 0; at < number; at++)); do
        hash=${hashes[at]}
        [ "${numbers[at]-}" = "$seq,\"subj\"" ] || bad seq-gap "record $seq"
        [ "${links[at]-}" = "$previous" ] || bad chain-link-broken "record $seq"
        if [ $seq -lt "$size" ] && [ "$hash" != "${leaves[seq]-}" ]; then bad tile-mismatch "record $seq"; fi
        previous=$hash seq=$((seq + 1))
    done
}
for ((index = first / 256; index * 256 < size; index++)); do
    width=$((size - index * 256 < 256 ? size - index * 256 : 256))
    file=$(path entries "$index" "$width")
    if [ -f "$file" ]; then check_records "$file"; else missing entries-missing "$file"; seq=$(((index + 1) * 256)); fi
done
[ ! -f "$log/tail" ] || [ "$seq" -lt "$size" ] || check_records "$log/tail"
echo "records read $first to $((seq - 1)), under the checkpoint $size"

# 6. the newest timestamp (RFC 3161) is over the checkpoint beside it, by an authority that leads to one of the roots
newest=$(find "$log/anchors" -name '*.tsr' 2>/dev/null | sed 's/.*\///; s/\.tsr$//' | grep -E '^[0-9]+$' | sort -n | tail -n 1) || newest=''
if [ -z "$newest" ]; then echo "timestamps: none"
elif [ -z "$roots" ]; then echo "timestamps: the newest is over $newest records, not checked (--tsa-roots does)"
elif openssl ts -verify -data "$log/anchors/$newest.checkpoint" -in "$log/anchors/$newest.tsr" -CAfile "$roots" >/dev/null 2>&1
then echo "timestamps: the newest is over $newest records and right"
else bad timestamp-invalid "size $newest"; fi
[ "$status" != 0 ] || echo "nothing found"
exit "$status"
