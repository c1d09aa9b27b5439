// Embeds image files and captions and prints how close each pair is.
//   dotnet fsi Silc.Samples/FSharp/embed.fsx          (after train-demo.fsx)
#load "silc.fsx"
open System.IO
open Silc

let model = SilcModel.Load(Device.Best(), Silc.modelPath)
let folder = Directory.CreateTempSubdirectory("silc").FullName
let pairs = [ for i in 0 .. 3 -> DemoSource(4, seed = 7).Read i ]
let files = [ for i, pair in List.indexed pairs -> Path.Combine(folder, $"{i}.png") ]
List.iter2 (fun (file: string) (pair: ImageTextPair) -> ImageFile.Write(file, pair.Image)) files pairs

let images = model.EmbedImages files                                    // rows of length 1
let texts = model.EmbedTexts [ for pair in pairs -> pair.Captions[0] ]
let cosines = images.Similarities texts
for i, pair in List.indexed pairs do
    printfn "%-44s %s" pair.Captions[0] (String.concat " " [ for j in 0 .. 3 -> $"{cosines[i, j], 6:F2}" ])

let r = Retrieval.ImageToText(images, texts)
printfn $"{images.Width} dimensions, recall@1 {r.At1:P0}"
Directory.Delete(folder, recursive = true)
