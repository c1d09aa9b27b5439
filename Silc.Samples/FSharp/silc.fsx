// What every script here loads: the library as `dotnet build -c Release` made it.
#I "../bin/Release/net10.0"
#r "CsvHelper.dll"
#r "HarfBuzzSharp.dll"
#r "SkiaSharp.dll"
#r "SkiaSharp.HarfBuzz.dll"
#r "System.IO.Hashing.dll"
#r "ILGPU.dll"
#r "ILGPU.Algorithms.dll"
#r "Silc.Core.dll"
#r "Silc.Gpu.dll"

open System.IO
open System.Runtime.InteropServices
open System.Runtime.Loader

// fsi knows no .deps.json, so it has to be told where the packages keep their native libraries: linux-x64, win-arm64, but osx.
let private natives =
    let rid = RuntimeInformation.RuntimeIdentifier
    [ for name in [ rid; rid.Split('-')[0] ] -> Path.Combine(__SOURCE_DIRECTORY__, "../bin/Release/net10.0/runtimes", name, "native") ]
    |> List.filter Directory.Exists

AssemblyLoadContext.GetLoadContext(typeof<SkiaSharp.SKCanvas>.Assembly).add_ResolvingUnmanagedDll(fun _ name ->
    natives
    |> Seq.collect (fun folder -> Directory.GetFiles(folder, name + ".*"))
    |> Seq.tryHead
    |> Option.map NativeLibrary.Load
    |> Option.defaultValue 0n)

/// Where train-demo.fsx leaves its model, and the other scripts find it.
let modelPath = Path.GetFullPath(Path.Combine(__SOURCE_DIRECTORY__, "../../runs/fsharp/model.safetensors"))
