#:project ../../Silc.Gpu/Silc.Gpu.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// What can be your own: the images, the tokenizer, the schedule, the loop of training; and a layer with its loss on top of frozen towers.
//   dotnet run -c Release Silc.Samples/CSharp/own.cs -- [STEPS]          (60)
// Layers and losses inside of a tower are kernels of this repository, for a layer works on device memory whose rules cannot be kept from
// another assembly: CONTRIBUTING.md says how one is added. What follows needs none of that.

using Silc;

int steps = args.Length > 0 ? int.Parse(args[0]) : 60;
using var device = Device.Best();
var tower = TowerConfig.Mini with { Width = 32, Depth = 1, Heads = 2, MlpDim = 64 };
var tokenizer = new Letters();
var config = new SilcConfig(tower, tower, ImageSize: 16, PatchSize: 8, TextLength: 24, VocabSize: tokenizer.VocabSize,
    Head: new(32, 16, 64), Views: new(Global: 1, Local: 1, LocalSize: 8));
using var model = SilcModel.Create(device, config, seed: 1, tokenizer);
var source = new Gradients(256);

// An own loop: batches are loaded ahead, a step is queued, and metrics are read when they are wanted.
var train = new TrainConfig(BatchSize: 16, TotalSteps: steps, LearningRate: 1);
using (var trainer = new Trainer(model, train) { Schedule = step => 3e-3 * Math.Min(1, (step + 1) / 10.0) / Math.Sqrt(1 + step / 50.0) })
using (var loader = new BatchLoader(source, tokenizer, config, train.BatchSize, train.Seed))
    foreach (var batch in loader.Take(steps))
    {
        trainer.Step(batch);
        if (trainer.Steps % 20 != 0) continue;
        var metrics = trainer.ReadMetrics();
        Console.WriteLine($"step {metrics.Step,4}  contrast {metrics.Contrastive:F3}  rate {metrics.LearningRate:E1}");
    }

// An own layer and loss on frozen features, in plain C#: y = w · z + b tells how slanted the gradient is, by Huber's loss.
Vectors z = model.EmbedImages(source, normalize: true);
var layer = new Slant(z.Width);
float first = layer.Epoch(z, source.Angle, rate: 0), last = first;
for (int epoch = 0; epoch < 200; epoch++) last = layer.Epoch(z, source.Angle, rate: 0.2f);
Console.WriteLine($"own layer: Huber's loss of the angle {first:F4} -> {last:F4}");

/// <summary>One output: w · z + b. Forward, loss and gradient by hand.</summary>
sealed class Slant(int width)
{
    readonly float[] w = new float[width], gradient = new float[width];
    float b;

    /// <summary>One step of gradient descent over all rows; the mean loss before it.</summary>
    public float Epoch(Vectors z, Func<int, float> truth, float rate)
    {
        Array.Clear(gradient);
        float loss = 0, db = 0;
        for (int i = 0; i < z.Count; i++)
        {
            float y = b;
            for (int k = 0; k < width; k++) y += w[k] * z[i][k];
            float error = y - truth(i), slope = Math.Clamp(error, -1, 1);
            loss += Math.Abs(error) < 1 ? error * error / 2 : Math.Abs(error) - 0.5f;
            for (int k = 0; k < width; k++) gradient[k] += slope * z[i][k];
            db += slope;
        }
        for (int k = 0; k < width; k++) w[k] -= rate * gradient[k] / z.Count;
        b -= rate * db / z.Count;
        return loss / z.Count;
    }
}

/// <summary>Images of your own: grey ramps, whose caption says where they rise to.</summary>
sealed class Gradients(int count) : IImageTextSource
{
    public string Name => "gradients";

    public int Count => count;

    public float Angle(int index) => index % 16 / 16f;

    public ImageTextPair Read(int index)
    {
        const int side = 24;
        var (sin, cos) = MathF.SinCos(Angle(index) * MathF.Tau);
        var rgba = new byte[4 * side * side];
        for (int i = 0; i < side * side; i++)
        {
            var level = (byte)(127.5f + 5 * (cos * (i % side - side / 2) + sin * (i / side - side / 2)));
            (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]) = (level, level, level, 255);
        }
        return new($"{index}", new RgbImage(side, side, rgba), [$"rises at {360 * (index % 16) / 16} degrees"]);
    }
}

/// <summary>A tokenizer of your own: one id a letter, 0 fills up.</summary>
sealed class Letters : Tokenizer
{
    public override int VocabSize => 128;

    public override int[] Encode(string text) => [.. text.Where(char.IsAscii).Select(letter => (int)letter)];

    public override int[] Tokens(string text, int length)
    {
        var ids = new int[length];
        Encode(text).Take(length - 1).ToArray().CopyTo(ids, 0);
        return ids;
    }
}
