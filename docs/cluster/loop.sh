#!/bin/sh
# One study in shards without any scheduler:   sh loop.sh stress-test 10000000 8
# Run the same line again after a crash: shards that are done are left alone, an unfinished one goes on where it stood.
# Several machines may share the work: give each its own numbers as further arguments, as in `sh loop.sh ... 8 1 2 3`.
set -eu
scenario=$1
draws=$2
shards=$3
shift 3
[ $# -gt 0 ] || set -- $(seq "$shards")

mkdir -p parts
for number in "$@"; do
  part=parts/$number-of-$shards.part
  [ -e "$part" ] || citysim run "$scenario" --draws "$draws" --seed 2025 --shard "$number/$shards" --out "$part" --resume -q
done

if [ "$(ls parts/*-of-"$shards".part | wc -l)" -eq "$shards" ]; then
  citysim merge parts/*-of-"$shards".part --out result.nc
fi
