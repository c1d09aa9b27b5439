#!/usr/bin/env bash
# On a machine with a GPU, from the unpacked bundle: is it right, and how fast is it?
#
#   ./device.sh [--device cuda] [--presets "mini ti s b"] [--batch 64] [--steps 8] [--peer peer_torch.py] [--out results]
#
# The tests of devices come first, and nothing is timed if one fails. Then silc bench in every precision that the device knows, beside PyTorch if
# --peer names its script and python3 has torch: eager and compiled.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
device=cuda presets="mini ti s b" batch=64 steps=8 peer="" out=results
while [ $# -gt 0 ]; do
    case $1 in
        --device) device=$2 ;;
        --presets) presets=$2 ;;
        --batch) batch=$2 ;;
        --steps) steps=$2 ;;
        --peer) peer=$2 ;;
        --out) out=$2 ;;
        *) echo "no option '$1'; there are --device, --presets, --batch, --steps, --peer and --out" >&2; exit 2 ;;
    esac
    shift 2
done
mkdir -p "$out"
export DOTNET_CLI_TELEMETRY_OPTOUT=1

"$here/silc" devices | tee "$out/devices.txt"
command -v nvidia-smi > /dev/null && nvidia-smi | tee "$out/nvidia-smi.txt"

# Every operation on every device, CUDA's own kernels in every precision, layers, losses and whole steps against PyTorch's numbers.
echo "tests: see $out/tests.txt"
if ! "$here/Silc.Tests" --progress off \
    --filter "FullyQualifiedName~OpTests|FullyQualifiedName~Cuda|FullyQualifiedName~LayerGradient|FullyQualifiedName~GoldenStep" > "$out/tests.txt" 2>&1; then
    grep -E "^failed|error|Exception" "$out/tests.txt" | head -20
    tail -8 "$out/tests.txt"
    echo "tests failed: nothing is timed" >&2
    exit 1
fi
tail -8 "$out/tests.txt"

torch=""
if [ -n "$peer" ] && python3 -c 'import torch' 2> /dev/null; then torch=yes; else echo "no PyTorch beside it: ${peer:-no --peer was given}"; fi
torch_device=${device%%:*}
for preset in $presets; do
    for precision in float32 tf32 bf16; do
        "$here/silc" bench "$preset" --device "$device" --precision "$precision" --batch "$batch" --steps "$steps" 2>&1 | sed "s/^/$precision: /" | tee -a "$out/bench.txt"
    done
    [ -n "$torch" ] || continue
    for options in "--dtype float32" "--dtype bf16" "--dtype bf16 --compile"; do
        # shellcheck disable=SC2086 # the options are words
        python3 "$peer" "$preset" --device "$torch_device" --batch "$batch" --steps $((steps + 4)) $options 2>&1 | tail -1 | tee -a "$out/bench.txt"
    done
done

# Where the time of the largest goes.
"$here/silc" bench "${presets##* }" --device "$device" --batch "$batch" --steps "$steps" --ops > "$out/ops.txt" 2>&1 || tail -2 "$out/ops.txt"
echo "results are in $out"
