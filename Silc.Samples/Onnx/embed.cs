#:package Microsoft.ML.OnnxRuntime
#:project ../../Silc.Core/Silc.Core.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// Scores images against captions with nothing but ONNX Runtime and the exported towers:
//   silc export onnx --model runs/demo --out runs/demo/onnx
//   dotnet run Silc.Samples/Onnx/embed.cs -- runs/demo/onnx image.png "a red star" "a blue circle"

using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Silc;

if (args is not [var folder, var file, .. { Length: > 0 } captions])
{
    Console.Error.WriteLine("usage: dotnet run embed.cs -- ONNX_FOLDER IMAGE CAPTION...");
    return 2;
}
using var image = new InferenceSession(Path.Combine(folder, "image.onnx"));
using var text = new InferenceSession(Path.Combine(folder, "text.onnx"));
var about = text.ModelMetadata.CustomMetadataMap;
double Number(string key, double usual) => about.TryGetValue(key, out var value)
    ? double.Parse(value, CultureInfo.InvariantCulture) : usual;

int length = (int)Number("silc.text_length", 0),
    size = int.Parse(image.ModelMetadata.CustomMetadataMap["silc.image_size"], CultureInfo.InvariantCulture);
var tokenizer = about["silc.tokenizer"] switch
{
    "" => throw new InvalidOperationException("the model was exported without a tokenizer: silc export onnx --tokenizer FILE"),
    var name when Tokenizers.IsBuiltIn(name) => Tokenizers.Open(name),
    var name => Tokenizers.Open(Path.Combine(folder, name)),
};
long[] ids = [.. captions.SelectMany(caption => tokenizer.Tokens(caption, length)).Select(id => (long)id)];
float[] zText = Run(text, NamedOnnxValue.CreateFromTensor("input_ids", new DenseTensor<long>(ids, [captions.Length, length])));

// Rows of RGB pixels to one plane a channel.
var shown = image.ModelMetadata.CustomMetadataMap;
var rule = new ImageRule().WithResize(shown["silc.resize"]).WithBackground(shown["silc.background"]);
var pixels = ViewSampler.EvalPixels(ImageFile.Read(file), size, rule: rule);
var planes = new float[pixels.Length];
for (int i = 0; i < pixels.Length; i++) planes[i % 3 * size * size + i / 3] = pixels[i];
float[] zImage = Run(image, NamedOnnxValue.CreateFromTensor("pixel_values", new DenseTensor<float>(planes, [1, 3, size, size])));

double scale = Number("silc.logit_scale", 1), bias = Number("silc.logit_bias", 0);
var scores = captions.Select((caption, i) => (caption, cosine: zImage.Zip(zText.Skip(i * zImage.Length), (a, b) => a * b).Sum()));
foreach (var (caption, cosine) in scores.OrderByDescending(score => score.cosine))
    Console.WriteLine($"{cosine,6:F3}  {scale * cosine + bias,7:F2}  {caption}");
return 0;

static float[] Run(InferenceSession session, NamedOnnxValue input)
{
    using var results = session.Run([input]);
    return [.. results[0].AsTensor<float>()];
}
