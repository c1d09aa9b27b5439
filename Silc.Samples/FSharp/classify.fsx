// Says which of some labels a picture shows; without arguments, how often that is right on the demo's held-out pictures.
//   dotnet fsi Silc.Samples/FSharp/classify.fsx [picture.png "a red circle" "a blue star" ...]          (after train-demo.fsx)
#load "silc.fsx"
open Silc
open Silc.Datasets

let model = SilcModel.Load(Device.Best(), Silc.modelPath)

match List.ofArray fsi.CommandLineArgs |> List.tail with
| picture :: labels when not labels.IsEmpty ->
    for struct (label, score) in ZeroShot.Classify(model.EmbedImages [ picture ], model.EmbedTexts labels, labels |> ResizeArray) do
        printfn $"{picture}: {label} (cosine {score:F2})"
| _ ->
    let pictures = DemoSource.Evaluation(perClass = 2, seed = 1, size = 64)
    let predicted = ZeroShot.Predict(model.EmbedPictures pictures, model.EmbedTexts DemoClasses.Captions)
    let struct (kind, colour, shape) = DemoClasses.Accuracy(predicted, pictures.Classes.Of)
    printfn $"{pictures.Count} held-out pictures: {kind:P1} right of 108 classes, colour {colour:P1}, shape {shape:P1}"
