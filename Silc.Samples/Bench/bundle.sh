#!/usr/bin/env bash
# Makes one file that runs silc and the tests on a Linux server (x64) without the .NET SDK: Silc.Samples/Bench/bundle.sh [FILE.tar.xz]
# On the server: tar -xf silc-bundle.tar.xz && silc-bundle/device.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
file=$(realpath -m "${1:-silc-bundle.tar.xz}")
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
limit=60      # MB

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$work/silc-bundle

# Both into one folder: they share the runtime. Bundle=true makes the tests a program of their own.
for project in Silc.Samples Silc.Tests; do
    dotnet publish "$root/$project" -c Release -r linux-x64 --self-contained -o "$out" --artifacts-path "$work/artifacts" -v quiet \
        -p:Bundle=true -p:SatelliteResourceLanguages=en -p:DebugType=none -p:GenerateDocumentationFile=false
done
for script in device.sh ladder.sh products_torch.py; do cp "$root/Silc.Samples/Bench/$script" "$out/"; done
# ONNX Runtime serves tests of exports alone, debuggers nobody there.
rm -f "$out"/*.pdb "$out"/*.xml "$out"/libonnxruntime.so "$out"/libmscordbi.so "$out"/libmscordaccore.so "$out"/libcoreclrtraceptprovider.so

tar -C "$work" -c silc-bundle | xz -T0 -9 > "$file"
bytes=$(stat -c %s "$file")
echo "$file: $((bytes / 1000 / 1000)) MB, unpacked $(du -sm "$out" | cut -f1) MiB"
[ "$bytes" -lt $((limit * 1000 * 1000)) ] || { echo "that is above $limit MB" >&2; exit 1; }
