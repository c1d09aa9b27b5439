// Trains a small model for a few steps on images that the library draws, and saves it for embed.fsx and classify.fsx.
//   dotnet build -c Release && dotnet fsi Silc.Samples/FSharp/train-demo.fsx [steps]
#load "silc.fsx"
open Silc
open Silc.Datasets

let steps = match fsi.CommandLineArgs with [| _; n |] -> int n | _ -> 60
let tower = TowerConfig(Width = 64, Depth = 2, Heads = 2, MlpDim = 128)
let config =
    SilcConfig(Image = tower, Text = tower, ImageSize = 48, TextLength = 12, VocabSize = 4096,
               Head = HeadConfig(128, 32, 256), Views = ViewConfig(Global = 1, Local = 2, LocalSize = 16))

let device = Device.Best()
let model = SilcModel.Create(device, config, seed = 42, tokenizer = WordTokenizer 4096)
let data = DemoSource(2048, seed = 0, size = 64)
let train = TrainConfig(BatchSize = 32, TotalSteps = steps, LearningRate = 2e-3, EmaMomentum = 0.98)

let run = new TrainRun(model, data, train)
let report (r: TrainReport) = printfn $"step {r.Metrics.Step, 4}  loss {r.Metrics.Loss:F3}  {r.SamplesPerSecond:F0} images/s"
run.Run(report, reportEvery = 20) |> printfn "%A"
model.Save(modelPath, tokenizer = "words")
printfn $"wrote {modelPath}"
