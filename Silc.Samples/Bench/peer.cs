#:package TorchSharp-cpu
#:project ../../Silc.Core/Silc.Core.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// The work of silc bench in TorchSharp, libtorch with MKL, to be compared on the same machine:
//   dotnet run -c Release Silc.Samples/Bench/peer.cs -- mini 16 8
//   dotnet run -c Release Silc.Samples/Bench/peer.cs -- matmul 2048 512 128
// libtorch wants a C library as new as Ubuntu 24.04's or Debian 13's.

using System.Diagnostics;
using Silc;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

const double StudentTemperature = 0.1, TeacherTemperature = 0.04, CenterMomentum = 0.9, EmaMomentum = 0.996;
const int Embedded = 32, EmbedRuns = 9;

if (args is ["matmul", .. var sizes] && sizes.Length == 3 && sizes.All(size => int.TryParse(size, out var n) && n > 0))
{
    MatMul(int.Parse(sizes[0]), int.Parse(sizes[1]), int.Parse(sizes[2]));
    return 0;
}
if (args is not [var preset, var batchText, var stepsText] || !int.TryParse(batchText, out var batch) || !int.TryParse(stepsText, out var steps)
    || batch < 1 || steps < 1)
{
    Console.Error.WriteLine("usage: dotnet run -c Release peer.cs -- mini|ti|s|b BATCH STEPS, or matmul M N K");
    return 2;
}
var config = SilcConfig.Preset(preset);
var (globals, locals) = (config.Views.Global, config.Views.Local);
using var student = new ImageTower(config);
using var studentHead = new Head(config);
using var teacher = new ImageTower(config);
using var teacherHead = new Head(config);
using var text = new TextTower(config);
var t = Parameter(tensor(MathF.Log(10)));
var center = zeros(config.Head.Prototypes);
List<Parameter> parameters = [.. student.parameters(), .. studentHead.parameters(), .. text.parameters(), t];
List<(Parameter Average, Parameter Of)> followers =
    [.. teacher.parameters().Zip(student.parameters()), .. teacherHead.parameters().Zip(studentHead.parameters())];
// PyTorch's decay is multiplied by the learning rate: big_vision's 1e-4 at 1e-3.
using var optimizer = optim.AdamW(parameters, lr: 1e-3, weight_decay: 0.1);

var startUp = TimeSpan.Zero;
List<double> times = [];
// As silc bench: the first step ends start-up, one second of steps warms up, the rest counts.
var warmUp = new Stopwatch();
while (times.Count < steps)
{
    using var scope = NewDisposeScope();
    var (large, small) = (Noise(globals * batch, config.ImageSize), Noise(locals * batch, config.Views.LocalSize));
    var tokens = randint(0, config.VocabSize, [batch, config.TextLength], int64);
    var clock = Stopwatch.StartNew();
    Step(large, small, tokens);
    if (warmUp.Elapsed.TotalSeconds > 1) times.Add(clock.Elapsed.TotalSeconds);
    if (startUp == TimeSpan.Zero) startUp = DateTime.Now - Process.GetCurrentProcess().StartTime;
    warmUp.Start();
}
var peak = Process.GetCurrentProcess().PeakWorkingSet64 >> 20;
var (median, embed) = (Median(times), Embed());
Console.WriteLine($"{preset}, batch {batch}: step {1000 * median:F0} ms, {batch / median:F2} samples/s, peak {peak:N0} MiB, embed {embed:F1} "
    + "images/s, "
    + $"first step after {startUp.TotalSeconds:F1} s; TorchSharp, {get_num_threads()} threads");
return 0;

void Step(Tensor large, Tensor small, Tensor tokens)
{
    optimizer.zero_grad();
    Tensor teacherLogits;
    using (no_grad()) teacherLogits = teacherHead.call(teacher.call(large));
    var zImage = functional.normalize(student.call(large), 2, -1).chunk(globals);
    var zText = functional.normalize(text.call(tokens), 2, -1);
    var matches = arange(batch, int64);
    var contrast = zeros(1);
    foreach (var z in zImage)
    {
        var logits = t.exp() * z.matmul(zText.t());
        contrast += (functional.cross_entropy(logits, matches) + functional.cross_entropy(logits.t(), matches)) / (2 * globals);
    }
    var targets = functional.softmax((teacherLogits - center) / TeacherTemperature, -1).reshape(globals, batch, -1).sum([0L]);
    var predicted = functional.log_softmax(studentHead.call(student.call(small)) / StudentTemperature, -1).reshape(locals, batch, -1).sum([0L]);
    var distillation = -(targets * predicted).sum() / (globals * locals * batch);
    var loss = contrast + distillation;
    loss.backward();
    nn.utils.clip_grad_norm_(parameters, 1);
    optimizer.step();
    using (no_grad())
    {
        center.mul_(CenterMomentum).add_(teacherLogits.mean([0L]), 1 - CenterMomentum);
        foreach (var (average, of) in followers) average.mul_(EmaMomentum).add_(of, 1 - EmaMomentum);
    }
    loss.item<float>();
}

double Embed()
{
    using var _ = inference_mode();
    var pixels = Noise(Embedded, config.ImageSize);
    List<double> runs = [];
    for (int i = 0; i <= EmbedRuns; i++)
    {
        using var scope = NewDisposeScope();
        var clock = Stopwatch.StartNew();
        functional.normalize(student.call(pixels), 2, -1).data<float>().ToArray();
        if (i > 0) runs.Add(clock.Elapsed.TotalSeconds);
    }
    return Embedded / Median(runs);
}

// As silc bench matmul: the three forms that a layer needs, into memory that is there.
static void MatMul(int m, int n, int k)
{
    using var _ = inference_mode();
    using Tensor a = rand(m, k), b = rand(k, n), bRows = rand(n, k), aRows = rand(k, m), c = empty(m, n);
    Show("A·B  forward", () => c.addmm_(a, b, beta: 0, alpha: 1));
    Show("A·Bᵀ input gradient", () => { using var turned = bRows.t(); c.addmm_(a, turned, beta: 0, alpha: 1); });
    Show("Aᵀ·B kernel gradient", () => { using var turned = aRows.t(); c.addmm_(turned, b, beta: 0, alpha: 1); });

    void Show(string what, Action run)
    {
        run();
        List<double> seconds = [];
        for (var all = Stopwatch.StartNew(); all.Elapsed.TotalSeconds < 0.3 || seconds.Count < 3;)
        {
            var clock = Stopwatch.StartNew();
            run();
            seconds.Add(clock.Elapsed.TotalSeconds);
        }
        Console.WriteLine($"{what,-22} {2.0 * m * n * k / Median(seconds) / 1e9,8:F1} GFLOP/s");
    }
}

static Tensor Noise(int images, int side) => 2 * rand(images, 3, side, side) - 1;

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

/// <summary>x + attention(norm(x)), then x + MLP(norm(x)).</summary>
sealed class Block : Module<Tensor, Tensor>
{
    readonly LayerNorm norm1, norm2;
    readonly Linear qkv, output, hidden, mlp;
    readonly TowerConfig tower;

    public Block(TowerConfig tower) : base("block")
    {
        this.tower = tower;
        (norm1, norm2) = (LayerNorm(tower.Width, 1e-6), LayerNorm(tower.Width, 1e-6));
        (qkv, output) = (Linear(tower.Width, 3 * tower.Width), Linear(tower.Width, tower.Width));
        (hidden, mlp) = (Linear(tower.Width, tower.MlpDim), Linear(tower.MlpDim, tower.Width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        long batch = x.shape[0], tokens = x.shape[1];
        var heads = qkv.call(norm1.call(x)).reshape(batch, tokens, 3, tower.Heads, tower.Width / tower.Heads).permute(2, 0, 3, 1, 4);
        var attention = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2]);
        x = x + output.call(attention.transpose(1, 2).reshape(batch, tokens, tower.Width));
        return x + mlp.call(functional.gelu(hidden.call(norm2.call(x))));
    }
}

/// <summary>ViT with a MAP head; positions are resized for small views.</summary>
sealed class ImageTower : Module<Tensor, Tensor>
{
    readonly Conv2d embedding;
    readonly Parameter positions, probe;
    readonly ModuleList<Block> blocks;
    readonly LayerNorm norm, poolNorm;
    readonly Linear query, keyValue, output, hidden, mlp;
    readonly SilcConfig config;

    public ImageTower(SilcConfig config) : base("image")
    {
        this.config = config;
        var (width, mlpDim) = (config.Image.Width, config.Image.MlpDim);
        embedding = Conv2d(3, width, config.PatchSize, stride: config.PatchSize);
        (positions, probe) = (Parameter(0.02 * randn(1, width, config.Grid, config.Grid)), Parameter(0.02 * randn(1, 1, width)));
        blocks = ModuleList([.. Enumerable.Range(0, config.Image.Depth).Select(_ => new Block(config.Image))]);
        (norm, poolNorm) = (LayerNorm(width, 1e-6), LayerNorm(width, 1e-6));
        (query, keyValue, output) = (Linear(width, width), Linear(width, 2 * width), Linear(width, width));
        (hidden, mlp) = (Linear(width, mlpDim), Linear(mlpDim, width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor pixels)
    {
        var patches = embedding.call(pixels);
        long grid = patches.shape[2];
        Tensor at = grid == config.Grid ? positions
            : functional.interpolate(positions, [grid, grid], mode: InterpolationMode.Bicubic, align_corners: false);
        var x = (patches + at).flatten(2).transpose(1, 2);
        foreach (var block in blocks) x = block.call(x);
        return Pool(norm.call(x));
    }

    Tensor Pool(Tensor x)
    {
        long batch = x.shape[0], tokens = x.shape[1], width = config.Image.Width, heads = config.Image.Heads;
        var q = query.call(probe.expand(batch, 1, width)).reshape(batch, 1, heads, width / heads).transpose(1, 2);
        var kv = keyValue.call(x).reshape(batch, tokens, 2, heads, width / heads).permute(2, 0, 3, 1, 4);
        var y = output.call(functional.scaled_dot_product_attention(q, kv[0], kv[1]).reshape(batch, width));
        return y + mlp.call(functional.gelu(hidden.call(poolNorm.call(y))));
    }
}

/// <summary>Transformer whose last token stands for the text.</summary>
sealed class TextTower : Module<Tensor, Tensor>
{
    readonly Embedding embedding;
    readonly Parameter positions;
    readonly ModuleList<Block> blocks;
    readonly LayerNorm norm;
    readonly Linear head;

    public TextTower(SilcConfig config) : base("text")
    {
        embedding = Embedding(config.VocabSize, config.Text.Width);
        positions = Parameter(0.02 * randn(1, config.TextLength, config.Text.Width));
        blocks = ModuleList([.. Enumerable.Range(0, config.Text.Depth).Select(_ => new Block(config.Text))]);
        norm = LayerNorm(config.Text.Width, 1e-6);
        head = Linear(config.Text.Width, config.EmbedDim);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens)
    {
        var x = embedding.call(tokens) + positions;
        foreach (var block in blocks) x = block.call(x);
        return head.call(norm.call(x).select(1, -1));
    }
}

/// <summary>DINO's projection: an MLP to the bottleneck, and cosines with the prototypes.</summary>
sealed class Head : Module<Tensor, Tensor>
{
    readonly Linear first, second, bottleneck;
    readonly Parameter prototypes;

    public Head(SilcConfig config) : base("head")
    {
        var head = config.Head;
        (first, second, bottleneck) = (Linear(config.EmbedDim, head.Hidden), Linear(head.Hidden, head.Hidden), Linear(head.Hidden, head.Bottleneck));
        prototypes = Parameter(0.02 * randn(head.Prototypes, head.Bottleneck));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var y = bottleneck.call(functional.gelu(second.call(functional.gelu(first.call(x)))));
        return functional.normalize(y, 2, -1).matmul(functional.normalize(prototypes, 2, -1).t());
    }
}
