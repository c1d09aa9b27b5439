#!/usr/bin/env bash
# Steps of training heads, Silc beside PyTorch on one machine, taking turns; medians as a table in Markdown.
#
#   Silc.Samples/Bench/heads.sh [--batch 8] [--image-size 64] [--rounds 5] [--steps 10] [--cores 0,1] [--python /usr/bin/python3]
#
# --cores holds both to these, by taskset. The Python needs torch: Debian, apt-get install python3-torch libopenblas0-pthread.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
batch=8 side=64 rounds=5 steps=10 cores="" python=/usr/bin/python3
while [ $# -gt 0 ]; do
    case $1 in
        --batch) batch=$2; shift ;;
        --image-size) side=$2; shift ;;
        --rounds) rounds=$2; shift ;;
        --steps) steps=$2; shift ;;
        --cores) cores=$2; shift ;;
        --python) python=$2; shift ;;
        *) echo "no option '$1'; there are --batch, --image-size, --rounds, --steps, --cores and --python" >&2; exit 2 ;;
    esac
    shift
done
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 OMP_WAIT_POLICY=PASSIVE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build "$root/Silc.Samples" -c Release -v quiet > "$work/build" || { cat "$work/build"; exit 1; }
on() { if [ -n "$cores" ]; then taskset -c "$cores" "$@"; else "$@"; fi; }
silc() { on dotnet "$root/Silc.Samples/bin/Release/net10.0/silc.dll" "$@"; }
torch() { on "$python" -B "$root/Silc.Samples/Bench/heads_torch.py" "$@"; }
median() { sort -n | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }

# take NAME COMMAND...: keeps one run's line "HEAD, batch N: step X ms, Y images/s, peak Z MiB, ...".
take() {
    local name=$1
    shift
    "$@" 2> "$work/error" | grep "batch $batch: step" >> "$work/$name" || { cat "$work/error" >&2; echo "$name failed" >&2; exit 1; }
}

row() {
    field() { sed -E "s#.*$1.*#\1#; s/,//g" "$work/$2" | median; }
    printf '| %s | %s ms | %s | %s MiB |\n' "$1" "$(field 'step ([0-9.]+) ms' "$2")" "$(field ' ([0-9.]+) images/s' "$2")" \
        "$(field 'peak ([0-9,]+) MiB' "$2")"
}

for head in catseg owl; do
    for ((round = 0; round < rounds; round++)); do
        take "$head-silc" silc bench heads "$head" --batch "$batch" --image-size "$side" --steps "$steps" --device cpu
        take "$head-torch" torch "$head" --batch "$batch" --image-size "$side" --steps "$steps"
    done
done
echo "| head, batch $batch, images of $side pixels | step | images/s | peak memory |"
echo "|---|---|---|---|"
for head in catseg owl; do
    row "$head, Silc" "$head-silc"
    row "$head, PyTorch" "$head-torch"
done
echo
echo "products of 512 x 512 and 1536 x 1536 matrices, GFLOP/s, Silc's the second alone:"
torch products
silc bench matmul 1536 1536 1536 --device cpu | sed -n 2p
