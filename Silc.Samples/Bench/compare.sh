#!/usr/bin/env bash
# Silc beside TorchSharp on one machine, taking turns; medians as a table in Markdown.
#
#   Silc.Samples/Bench/compare.sh [--presets "mini ti"] [--batch 16] [--rounds 3] [--steps 8] [--narrow] [--peer COMMAND]
#
# --narrow holds both to 256-bit vectors. --peer is what runs peer.cs, where the machine's own C library is too old for libtorch.
# After the steps, the rates of matrix products of the two, for the shapes of mini and ti, one image, and large heads.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
presets="mini ti" batch=16 rounds=3 steps=8 narrow="" peer=""
while [ $# -gt 0 ]; do
    case $1 in
        --presets) presets=$2; shift ;;
        --batch) batch=$2; shift ;;
        --rounds) rounds=$2; shift ;;
        --steps) steps=$2; shift ;;
        --peer) peer=$2; shift ;;
        --narrow) narrow=yes ;;
        *) echo "no option '$1'; there are --presets, --batch, --rounds, --steps, --narrow and --peer" >&2; exit 2 ;;
    esac
    shift
done
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

dotnet build "$root/Silc.Samples" -c Release -v quiet > "$work/build" || { cat "$work/build"; exit 1; }
if [ -z "$peer" ]; then
    dotnet build "$root/Silc.Samples/Bench/peer.cs" -c Release -v quiet -o "$work/peer" > "$work/build" || { cat "$work/build"; exit 1; }
    peer=$work/peer/peer
fi
if [ -n "$narrow" ]; then export DOTNET_EnableAVX512=0 MKL_ENABLE_INSTRUCTIONS=AVX2 ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2; fi
silc=$root/Silc.Samples/bin/Release/net10.0/silc.dll
silc() { dotnet "$silc" "$@"; }
torch() { $peer "$@"; }
median() { sort -n | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }

# take NAME COMMAND...: keeps one run's line "PRESET, batch N: step X ms, Y samples/s, peak Z MiB, embed W images/s, first step after S s".
take() {
    local name=$1
    shift
    "$@" 2> "$work/error" | grep "batch $batch: step" >> "$work/$name" || { cat "$work/error" >&2; echo "$name failed" >&2; exit 1; }
}

row() {
    local name=$1 file="$work/$2"
    field() { sed -E "s/.*$1.*/\1/; s/,//g" "$file" | median; }
    printf '| %s | %s ms | %s | %s MiB | %s | %s s |\n' "$name" "$(field 'step ([0-9]+) ms')" "$(field ' ([0-9.]+) samples')" \
        "$(field 'peak ([0-9,]+) MiB')" "$(field 'embed ([0-9.]+)')" "$(field 'after ([0-9.]+) s')"
}

# What narrows .NET's vectors and MKL's does not narrow an OpenCL driver's.
opencl=$([ -z "$narrow" ] && silc devices | grep -q 'opencl:0' && echo yes || true)
for preset in $presets; do
    for ((round = 0; round < rounds; round++)); do
        take "$preset-cpu" silc bench "$preset" --batch "$batch" --steps "$steps" --device cpu
        take "$preset-torch" torch "$preset" "$batch" "$steps"
        [ -z "$opencl" ] || take "$preset-opencl" silc bench "$preset" --batch "$batch" --steps "$steps" --device opencl
        # PoCL keeps what it has compiled; a new folder is what a new machine has.
        [ -z "$opencl" ] || take "$preset-cold" env POCL_CACHE_DIR="$(mktemp -d -p "$work")" dotnet "$silc" bench "$preset" --batch "$batch" --steps "$steps" --device opencl
    done
done
echo "| preset, batch $batch | step | samples/s | peak memory | images embedded/s | first step after |"
echo "|---|---|---|---|---|---|"
for preset in $presets; do
    row "$preset, Silc, CPU" "$preset-cpu"
    row "$preset, TorchSharp" "$preset-torch"
    [ -z "$opencl" ] || row "$preset, Silc, OpenCL" "$preset-opencl"
    [ -z "$opencl" ] || row "$preset, Silc, OpenCL, nothing compiled" "$preset-cold"
done

# Tokens of a batch of 16 by channels and hidden layers, prototypes, one image.
echo
echo "| product M x N x K | forward: Silc / MKL | input gradient | kernel gradient |"
echo "|---|---|---|---|"
while read -r m n k; do
    for ((round = 0; round < rounds; round++)); do
        silc bench matmul "$m" "$n" "$k" --device cpu | grep GFLOP | awk '{ print NR, $(NF - 1) }' >> "$work/ours-$m-$n-$k"
        torch matmul "$m" "$n" "$k" | grep GFLOP | awk '{ print NR, $(NF - 1) }' >> "$work/theirs-$m-$n-$k"
    done
    printf '| %s x %s x %s |' "$m" "$n" "$k"
    for form in 1 2 3; do
        ours=$(awk -v f=$form '$1 == f { print $2 }' "$work/ours-$m-$n-$k" | median)
        theirs=$(awk -v f=$form '$1 == f { print $2 }' "$work/theirs-$m-$n-$k" | median)
        awk -v a="$ours" -v b="$theirs" 'BEGIN { printf " %.0f / %.0f = %.2f |", a, b, a / b }'
    done
    echo
done << 'SHAPES'
2048 128 128
2048 512 128
2048 128 512
1024 512 128
128 512 2048
2048 192 192
2048 768 192
2048 192 768
192 768 2048
64 4096 128
64 65536 256
16 768 768
1 768 768
1 3072 768
1536 1536 1536
SHAPES
