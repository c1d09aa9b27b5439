// Two ranks as threads of this program, each with a device and half of every batch, train one model: the numbers of one rank, and the same bits.
//   dotnet build -c Release && dotnet fsi Silc.Samples/FSharp/ranks.fsx [steps]
#load "silc.fsx"
open System
open System.Threading
open Silc
open Silc.Datasets

let steps = match fsi.CommandLineArgs with [| _; n |] -> int n | _ -> 5
let tower = TowerConfig.Mini.With(width = 64, depth = 2, heads = 2, mlpDim = 128)
let views = ViewConfig.Silc.With(globalViews = 1, localViews = 2, localSize = 16)
let config =
    SilcConfig.Mini.With(image = tower, text = tower, imageSize = 48, textLength = 12, vocabSize = 4096,
                         head = HeadConfig(128, 32, 256), views = views)
let tokenizer = WordTokenizer 4096
let data = DemoSource(2048, seed = 0, size = 64)
let train = TrainConfig(BatchSize = 16, TotalSteps = steps, LearningRate = 1e-3, EmaMomentum = 0.98)

/// What a rank ends with: its loss, and a row of its model.
let rank (job: ICollective) =
    use device = Device.Cpu(threads = 1)
    use model = SilcModel.Create(device, config, seed = 42, tokenizer = tokenizer)
    use trainer = new Trainer(model, train, job)
    use loader = new BatchLoader(data, tokenizer, config, train.BatchSize, seed = 0, rank = job.Rank, ranks = job.Size)
    for _ in 1 .. steps do
        let batch = loader.Next()
        trainer.Step batch
        loader.Return batch
    trainer.ReadMetrics().Loss, model.EmbedTexts([ "a red star" ]).Values.ToArray()

/// Every rank on a thread of its own.
let trainOn size =
    let results = Array.create size (0.0, [||])
    let threads =
        [ for job in ICollective.Threads size -> Thread(fun () -> results[job.Rank] <- rank job) ]
    for thread in threads do thread.Start()
    for thread in threads do thread.Join()
    results

let one, two = (trainOn 1)[0], trainOn 2
if snd two[0] <> snd two[1] then failwith "the ranks hold other bits"
let apart = Array.map2 (fun (a: float32) b -> abs (a - b)) (snd one) (snd two[0]) |> Array.max
printfn $"after {steps} steps: loss {fst one:F6} of one rank, {fst two[0]:F6} of two; an embedding differs by {apart:E1}"
if abs (fst one - fst two[0]) > 1e-4 || apart > 1e-4f then failwith "two ranks are not one"
