#!/usr/bin/env bash
# On a machine with an NVIDIA GPU and little time, from the unpacked bundle: is it right, and how fast is it?
#
#   ./device.sh [--device cuda] [--minutes 9] [--batch 64] [--presets "b s ti mini"] [--peer peer_torch.py] [--out results]
#
# Stages in the order of what they are worth, each with a limit of its own and its output in results/STAGE.txt as it comes; none stops another.
# What fits side by side runs side by side, for the driver's assembler takes most of the first minute. results/summary.txt is one page; it is
# written anew behind every stage, so that a machine that is taken away leaves what was found.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
device=cuda minutes=9 batch=64 presets="b s ti mini" peer="" out=results
while [ $# -gt 0 ]; do
    case $1 in
        --device) device=$2 ;;
        --minutes) minutes=$2 ;;
        --batch) batch=$2 ;;
        --presets) presets=$2 ;;
        --peer) peer=$2 ;;
        --out) out=$2 ;;
        *) echo "no option '$1'; there are --device, --minutes, --batch, --presets, --peer and --out" >&2; exit 2 ;;
    esac
    shift 2
done
case $minutes in '' | *[!0-9]*) echo "--minutes takes a whole number, not '$minutes'" >&2; exit 2 ;; esac
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap '[ ! -s "$work/sampler" ] || kill "$(cat "$work/sampler")" 2> /dev/null; rm -rf "$work"' EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1 PYTHONUNBUFFERED=1
# No OpenCL: PoCL asserts where several processes share its cache, and ends the tests with it.
export OCL_ICD_VENDORS="$work/no-opencl"
mkdir -p "$OCL_ICD_VENDORS"
end=$((SECONDS + 60 * minutes))

# stage NAME LIMIT COMMAND...: its output and, in the last line, how it ended.
stage() {
    local name=$1 limit=$2 left=$((end - SECONDS)) start=$SECONDS status
    shift 2
    if [ "$left" -lt 5 ]; then echo "not begun: no time left" > "$out/$name.txt"; return; fi
    timeout -k 2 "$((limit < left ? limit : left))" "$@" > "$out/$name.txt" 2>&1
    status=$?
    case $status in
        0) echo "ended well after $((SECONDS - start)) s" ;;
        124 | 137) echo "stopped after $((SECONDS - start)) s: that is its limit" ;;
        *) echo "failed with $status after $((SECONDS - start)) s" ;;
    esac >> "$out/$name.txt"
    echo "$name: $(tail -1 "$out/$name.txt")"
}

# reason FILE: the last line that a stage which did not end well has printed.
reason() {
    case $(tail -1 "$1") in failed* | stopped*) [ "$(wc -l < "$1")" -lt 2 ] || echo ": $(tail -2 "$1" | head -1 | cut -c1-100)" ;; esac
}

# beside: products of the first preset and attention in microseconds, by mma.sync, by wgmma (attention: as it is launched), and by PyTorch.
beside() {
    local first=${presets%% *} column=0 file files=()
    for file in "products-$first-wgmma-0" "products-$first-wgmma-1" "sweep-$first-bf16" "products-$first-torch"; do
        column=$((column + 1))
        [ ! -s "$out/$file.txt" ] || files+=("column=$((column > 2 ? column - 1 : column))" "$out/$file.txt")
    done
    [ ${#files[@]} -eq 0 ] || awk '
        # Rows end in microseconds and TFLOP/s; of the sweep those of attention count that were launched by default.
        / attention / && $NF == "default" { NF-- }
        $NF !~ /^[0-9.]+$/ || $(NF - 1) !~ /^[0-9.]+$/ || !/^(global|local|text) / { next }
        { us = $(NF - 1); NF -= 2; if (!($0 in known)) { known[$0]; order[++rows] = $0 } time[$0, column] = us }
        END { for (i = 1; i <= rows; i++) { r = order[i]; printf "%-44s %9s %9s %9s\n", r, time[r, 1], time[r, 2], time[r, 3] } }' "${files[@]}"
}

summary() {
    {
        echo "== $(date -u +%Y-%m-%dT%H:%MZ), $(grep -hoE 'NVIDIA [A-Z0-9]+[^|│]*' "$out/driver.txt" "$out/devices.txt" 2> /dev/null | head -1)"
        grep -hE 'Driver Version' "$out/driver.txt" 2> /dev/null
        echo "== stages"
        for file in "$out"/*.txt; do
            [ "$file" = "$out/summary.txt" ] || echo "$(basename "$file" .txt): $(tail -1 "$file")$(reason "$file")"
        done
        echo "== tests that failed"
        grep -hE '^failed ' "$out"/test-*.txt 2> /dev/null | grep -vE '^failed with [0-9]'
        echo "== last losses, contrastive and distillation, beside the CPU's"
        for file in "$out"/losses-*.csv; do [ -s "$file" ] && echo "$(basename "$file" .csv): $(tail -1 "$file" | cut -d, -f3,4)"; done
        echo "== steps"
        grep -hE ': step |^torch' "$out"/bench-*.txt "$out"/torch-*.txt 2> /dev/null
        echo "== the demo: scores on held-out images"
        grep -hE '[│|].*[│|]' "$out/demo.txt" 2> /dev/null | head -20
        echo "== microseconds of products and attention: mma.sync, wgmma, PyTorch"
        beside
        echo "== best tiles and blocks, where they are not the default"
        grep -hE '^best of ' "$out"/sweep-*.txt 2> /dev/null | grep -v ': default,' | head -40
        echo "== kernels with local memory"
        grep -hoE ' [1-9][0-9]* local bytes .*' "$out/kernels.txt" "$out"/bench-*.txt 2> /dev/null | sort -u | head -20
    } > "$out/summary.txt"
}

# train STEPS BATCH LOG-EVERY DEVICE PRECISION NAME
train() {
    "$here/silc" train --data demo --steps "$1" --batch "$2" --text-length 40 --ema 0.98 --log-every "$3" --device "$4" --precision "$5" \
        --out "$work/$6" "${@:7}"
}

# smoke NAME DEVICE PRECISION
smoke() {
    train 3 16 1 "$2" "$3" "smoke-$1" && cp "$work/smoke-$1/metrics.csv" "$out/losses-$1.csv"
}

# losses NAME DEVICE PRECISION: six steps with every loss after SILC.
losses() {
    train 6 16 1 "$2" "$3" "losses-$1" --mask 0.25 --gram 1 --anchor-every 2 --decoder 1 --koleo 0.1 --centering sinkhorn \
        && cp "$work/losses-$1/metrics.csv" "$out/losses-after-$1.csv"
}

# long DEVICE PRECISION NAME SEED: the demo with the preset mini, the losses of each 10 steps.
long() {
    "$here/silc" train --seed "$4" --data demo --preset mini --steps 950 --batch 128 --lr 0.002 --beta2 0.99 --tokenizer words --text-length 12 --text-pooling mean \
        --image-size 48 --distillation 0.3 --global-views 1 --local-views 2 --min-crop 0.9 --ema 0.99 --log-every 10 --device "$1" --precision "$2" \
        --out "$work/long-$3" && cp "$work/long-$3/metrics.csv" "$out/losses-long-$3.csv" \
        && "$here/silc" eval zero-shot --model "$work/long-$3" --data demo --device "$1"
}

# demo: the demo's recipe to its end, as newcomers start it, and its patches; the sheet, metrics, plot and weights stay.
demo() {
    "$here/silc" --device "$device" --steps 950 --out "$out/demo" \
        && "$here/silc" eval segmentation --model "$out/demo" --data demo --images 40 --device "$device"
}

# ranks DEVICE: two ranks on one device by MPI, beside one rank alone.
ranks() {
    local one=$1
    [ "$one" = cuda ] && one=cuda:0
    local line=(train --data demo --steps 20 --batch 32 --tokenizer words --text-length 12 --image-size 48 --log-every 1 --device "$one")
    mpiexec -n 2 "$here/silc" "${line[@]}" --collective mpi --out "$work/two" && "$here/silc" "${line[@]}" --out "$work/one" \
        && "$here/silc" ranks check "$work/one" "$work/two"
    mpiexec -n 2 "$here/silc" bench collectives --device "$one"
}

# alone DEVICE: one rank by NCCL, which works in the context that its library wants; then two, which newer libraries allow on one GPU.
alone() {
    local one=$1
    [ "$one" = cuda ] && one=cuda:0
    export MASTER_ADDR=127.0.0.1 MASTER_PORT=29541
    local status=0
    WORLD_SIZE=1 RANK=0 LOCAL_RANK=0 "$here/silc" bench collectives --collective nccl --device "$1" || status=$?
    WORLD_SIZE=1 RANK=0 LOCAL_RANK=0 train 5 16 1 "$1" bf16 nccl --collective nccl || status=$?
    export NCCL_MULTI_RANK_GPU_ENABLE=1 MASTER_PORT=29542 WORLD_SIZE=2
    RANK=1 LOCAL_RANK=1 "$here/silc" bench collectives --collective nccl --device "$one" > "$work/second" 2>&1 &
    RANK=0 LOCAL_RANK=0 "$here/silc" bench collectives --collective nccl --device "$one"
    wait
    cat "$work/second"
    return "$status"
}

# train_head KIND: a head on the shipped model.
train_head() {
    "$here/silc" head train "$1" --steps 200 --model mini --data demo --device "$device" --out "$work/head-$1"
}

# ladder SEED: silc ablate, whose numbers are kept as they come.
ladder() {
    SILC=$here/silc "$here/ladder.sh" --device "$device" --precision tf32 --seeds 1 --seed "$1" --out "$out/ladder-$1"
}
export -f train smoke losses long demo ranks alone train_head ladder
export here work out device

tests() { stage "test-$1" "$2" "$here/Silc.Tests" --progress off --filter "$3"; }

stage devices 30 "$here/silc" devices
if command -v nvidia-smi > /dev/null; then
    stage driver 20 nvidia-smi
    stage clocks 20 nvidia-smi -q -d CLOCK,POWER,PERFORMANCE,TEMPERATURE
    # Clocks and power while stages run, to see what slowed a timing down; in a shell of its own, so that no wait below waits for it.
    (
        timeout $((60 * minutes)) nvidia-smi --loop=2 --format=csv \
            --query-gpu=timestamp,clocks.sm,clocks.max.sm,clocks.mem,power.draw,power.limit,temperature.gpu,utilization.gpu > "$out/clocks.csv" 2>&1 &
        echo $! > "$work/sampler"
    )
fi
summary

# Correct? All at once; what is compiled here the driver keeps for the timings.
stage smoke-cpu 100 bash -c 'smoke cpu cpu float32' &
for precision in float32 tf32 bf16; do stage "smoke-$precision" 100 bash -c "smoke $precision $device $precision" & done
stage losses-cpu 100 bash -c 'losses cpu cpu float32' &
for precision in float32 tf32 bf16; do stage "losses-$precision" 100 bash -c "losses $precision $device $precision" & done
tests wgmma 150 "FullyQualifiedName~CudaWgmma" &
tests products 150 "FullyQualifiedName~CudaMatMul|FullyQualifiedName~CudaGrouped" &
tests stored 150 "FullyQualifiedName~CudaBf16|FullyQualifiedName~CudaWeight|FullyQualifiedName~CudaLaunch|FullyQualifiedName~CudaArrival" &
tests attention 150 "FullyQualifiedName~CudaAttention|FullyQualifiedName~CudaStep" &
tests operations 150 "FullyQualifiedName~OpTests" &
tests golden 150 "FullyQualifiedName~GoldenStep|FullyQualifiedName~LayerGradient" &
tests heads 150 "FullyQualifiedName~CatSeg|FullyQualifiedName~Head|FullyQualifiedName~OwlLayers|FullyQualifiedName~TextDecoder|FullyQualifiedName~DetectCommand" &
tests losses 150 "FullyQualifiedName~LossTests|FullyQualifiedName~LossGolden|FullyQualifiedName~LossSpan|FullyQualifiedName~MaskedPatch|FullyQualifiedName~Distillation" &
tests training 150 "FullyQualifiedName~TrainerTests|FullyQualifiedName~Teacher|FullyQualifiedName~WeightAverage|FullyQualifiedName~TowerVariant|FullyQualifiedName~FineTune|FullyQualifiedName~SkippedStep|FullyQualifiedName~Health" &
stage kernels 150 "$here/Silc.Tests" --progress off --filter "FullyQualifiedName~CudaKernelSize" &
for preset in $presets; do
    stage "warm-$preset" 100 "$here/silc" bench "$preset" --device "$device" --precision bf16 --batch 4 --steps 1 &
done
torch="" any_torch=""
if python3 -c 'import torch' 2> /dev/null; then any_torch=yes; else echo "python3 has no PyTorch to stand beside it"; fi
if [ -z "$peer" ]; then echo "no steps of PyTorch's beside it: no --peer was given"; else torch=$any_torch; fi
torch_device=${device%%:*} first=${presets%% *}
# Compiling takes PyTorch minutes: it begins here and is kept in its cache for the timing at the end.
[ -n "$torch" ] && { stage "warm-torch-$first-compiled" 200 python3 "$peer" "$first" --device "$torch_device" --batch "$batch" --steps 3 --dtype bf16 --compile & torch_compiles=$!; }
for job in $(jobs -p); do [ "$job" = "${torch_compiles:-}" ] || wait "$job"; done
summary

# Products by both ways that the GPU has and PyTorch's, whole steps with what there is to choose from, and PyTorch's beside them.
for wgmma in 0 1; do
    stage "products-$first-wgmma-$wgmma" 30 env SILC_WGMMA=$wgmma "$here/silc" bench products "$first" --batch "$batch" --device "$device" --precision bf16
done
[ -n "$any_torch" ] \
    && stage "products-$first-torch" 60 python3 "$here/products_torch.py" "$first" --batch "$batch" --device "$torch_device" --dtype bf16
for preset in $presets; do
    kernels=""
    [ "$torch_device" = cuda ] && kernels=--kernels
    for wgmma in 0 1; do
        stage "bench-$preset-wgmma-$wgmma" 60 env SILC_WGMMA=$wgmma "$here/silc" bench "$preset" --device "$device" --precision bf16 --batch "$batch" --steps 8 $kernels
    done
    stage "bench-$preset-launches" 40 "$here/silc" bench "$preset" --cuda-graph false --device "$device" --precision bf16 --batch "$batch" --steps 8
    stage "bench-$preset-bytes" 40 "$here/silc" bench "$preset" --eight-bit --device "$device" --precision bf16 --batch "$batch" --steps 8
    [ -n "$torch" ] && stage "torch-$preset" 60 python3 "$peer" "$preset" --device "$torch_device" --batch "$batch" --steps 12 --dtype bf16
    summary
done
[ -n "$torch" ] && wait "$torch_compiles" && stage "torch-$first-compiled" 60 python3 "$peer" "$first" --device "$torch_device" --batch "$batch" --steps 12 --dtype bf16 --compile

# The demo; losses of long runs in each precision; heads; ranks that share the device.
stage demo 150 bash -c demo &
for precision in float32 tf32 bf16; do
    for seed in 0 1 2; do stage "long-$precision-$seed" 120 bash -c "long $device $precision $precision-$seed $seed" & done
done
stage long-bf16-launches 120 env SILC_CUDA_GRAPH=0 bash -c "long $device bf16 bf16-launches 0" &
command -v mpiexec > /dev/null && stage ranks-mpi 60 bash -c "ranks $device" &
stage ranks-nccl 60 bash -c "alone $device" &
for kind in segment detect caption; do stage "head-$kind" 60 bash -c "train_head $kind" & done
for job in $(jobs -p); do wait "$job"; done
summary
for precision in tf32 float32; do
    stage "bench-$first-$precision" 60 "$here/silc" bench "$first" --device "$device" --precision "$precision" --batch "$batch" --steps 4
done
# Which tiles, stages and launch bounds are fastest for each shape: a table, and the best of each shape as it is found.
for precision in bf16 tf32 float32; do
    stage "sweep-$first-$precision" 120 "$here/silc" bench sweep "$first" --device "$device" --precision "$precision" --batch "$batch"
done
summary
for seed in 0 1 2; do stage "ladder-$seed" 400 bash -c "ladder $seed" & done
wait
summary
# What bounds the kernels, by the profiler's counters, where it is there.
if command -v ncu > /dev/null; then
    stage "ncu-products" 60 ncu --section SpeedOfLight --section MemoryWorkloadAnalysis --section WarpStateStats --section Occupancy --print-summary per-kernel \
        --launch-count 30 "$here/silc" bench products "$first" --batch "$batch" --device "$device" --precision bf16
    stage "ncu-step" 90 ncu --section SpeedOfLight --section WarpStateStats --section Occupancy --print-summary per-kernel \
        --launch-skip 900 --launch-count 400 "$here/silc" bench "$first" --batch 16 --device "$device" --precision bf16 --steps 2
fi
wait
summary
cat "$out/summary.txt"
