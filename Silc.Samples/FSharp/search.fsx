// Searches the demo's images by words, and says what is where in one of them.
//   dotnet fsi Silc.Samples/FSharp/search.fsx ["a red star" ...]          (after train-demo.fsx)
#load "silc.fsx"
open Silc
open Silc.Datasets

let device = Device.Best()
let model = SilcModel.Load(device, Silc.modelPath)
let images = DemoSource.Evaluation(perClass = 2, seed = 1, size = 64)

// An index of your own: vectors, ids and captions; Save and Load keep it as .npy and .csv.
let titles = [| for i in 0 .. images.Count - 1 -> images.ClassNames[images.Label i] |]
let index = EmbeddingIndex(model.EmbedImages images, [| for i in 0 .. images.Count - 1 -> string i |], titles)

let queries =
    match List.ofArray fsi.CommandLineArgs |> List.tail with
    | [] -> [ "a red star"; "a blue circle" ]
    | words -> words

for query, hits in Seq.zip queries (Search.Find(index, model.EmbedTexts queries, k = 3)) do
    for hit in hits do
        printfn $"{query}: {hit.Title} ({hit.Score:F2})"

// Each pixel belongs to the colour whose word its patch is closest to.
let colours = ClassList.Of [ "red"; "orange"; "yellow"; "green"; "blue"; "purple"; "pink"; "white"; "black" ]
let segmenter = model.Segmenter(model.Prototypes(colours, Prompts.NameOnly))
let labels = segmenter.Segment(images.Read(0).Image)
let colour, pixels = labels.Labels |> Seq.countBy id |> Seq.maxBy snd
printfn $"{titles[0]}: most pixels look {colours.Names[colour]} ({pixels} of {labels.Labels.Length})"
