// Trains a small model for a few steps on images that the library draws, and saves it for embed.fsx and classify.fsx.
//   dotnet build -c Release && dotnet fsi Silc.Samples/FSharp/train-demo.fsx [steps]
#load "silc.fsx"
open Silc

let steps = match fsi.CommandLineArgs with [| _; n |] -> int n | _ -> 60
let tower = TowerConfig.Mini.With(width = 64, depth = 2, heads = 2, mlpDim = 128)
let views = ViewConfig.Silc.With(globalViews = 1, localViews = 2, localSize = 16)
let config =
    SilcConfig.Mini.With(image = tower, text = tower, imageSize = 48, textLength = 12, vocabSize = 4096,
                         head = HeadConfig(128, 32, 256), views = views)

let device = Device.Best()
let model = SilcModel.Create(device, config, seed = 42, tokenizer = WordTokenizer 4096)
let data = DemoSource(2048, seed = 0, size = 64)
let train = TrainConfig(BatchSize = 32, TotalSteps = steps, LearningRate = 2e-3, EmaMomentum = 0.98)

let run = new TrainRun(model, data, train)
let report (r: TrainReport) = printfn $"step {r.Metrics.Step, 4}  loss {r.Metrics.Loss:F3}  {r.SamplesPerSecond:F0} images/s"
run.Run(report, reportEvery = 20) |> printfn "%A"
model.Save(modelPath, tokenizer = "words")
printfn $"wrote {modelPath}"
