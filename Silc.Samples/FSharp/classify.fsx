// Says which of some labels an image shows; without arguments, how often that is right on the demo's held-out images.
//   dotnet fsi Silc.Samples/FSharp/classify.fsx [image.png "a red circle" "a blue star" ...]          (after train-demo.fsx)
#load "silc.fsx"
open Silc
open Silc.Datasets

let model = SilcModel.Load(Device.Best(), Silc.modelPath)

match List.ofArray fsi.CommandLineArgs |> List.tail with
| image :: labels when not labels.IsEmpty ->
    for label in model.Classify(ImageFile.Read image, labels, Prompts.NameOnly) do
        printfn $"{image}: {label.Label} (cosine {label.Score:F2}, {label.Probability:P1})"
| _ ->
    let images = DemoSource.Evaluation(perClass = 2, seed = 1, size = 64)
    let predicted = ZeroShot.Predict(model.EmbedImages images, model.EmbedTexts images.Kinds.Captions)
    let struct (kind, colour, shape) = images.Kinds.Accuracy(predicted, images.Classes.Of)
    printfn $"{images.Count} held-out images: {kind:P1} right of {images.ClassNames.Count} classes, colour {colour:P1}, shape {shape:P1}"
