#!/usr/bin/env bash
# The ladder of docs/results.md on the demo: silc ablate with the demo's towers and recipe, two global views and KoLeo on top.
#
#   Silc.Samples/Bench/ladder.sh --out DIR [further options of silc ablate, e.g. --device cuda --precision tf32]
#
# SILC names the program, if it is not to be built from the sources.
set -euo pipefail
silc=(dotnet run -c Release --project "$(dirname "$0")/.." --)
[ -n "${SILC:-}" ] && silc=("$SILC")
exec "${silc[@]}" ablate --data demo \
    --steps 950 --warmup 50 --batch 128 --lr 0.002 --beta2 0.99 --ema 0.99 --distillation 0.3 --koleo 0.1 \
    --tokenizer words --text-length 12 --text-pooling mean --image-size 48 --global-views 2 --local-views 2 --min-crop 0.9 \
    --set model.image.width=64 --set model.image.depth=4 --set model.image.heads=4 --set model.image.mlpDim=256 --set model.image.qkNorm=true \
    --set model.text.width=64 --set model.text.depth=0 --set model.text.heads=2 --set model.text.mlpDim=256 \
    --set model.head.hidden=128 --set model.head.bottleneck=32 --set model.head.prototypes=256 --set model.stemPatch=4 \
    --set model.positions=sinCos --set model.views.localSize=16 --set model.views.localScaleMin=0.1 \
    --set model.views.aspectMin=0.9523809523809523 --set model.views.aspectMax=1.05 "$@"
