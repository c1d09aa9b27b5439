namespace Silc.Tests;

/// <summary>Every layer's pullback against central differences, with sizes that fit no vector.</summary>
[TestClass]
public sealed class LayerGradientTests
{
    static readonly TowerConfig Tower = new(Width: 6, Depth: 2, Heads: 2, MlpDim: 9);

    static readonly SilcConfig Config = new(Tower, new(Width: 4, Depth: 1, Heads: 1, MlpDim: 7),
        ImageSize: 6, PatchSize: 2, TextLength: 3, VocabSize: 11, Head: new(Hidden: 7, Bottleneck: 5, Prototypes: 9),
        Views: new(Global: 2, Local: 2, LocalSize: 4));

    [TestMethod, EveryDevice]
    public void LayerNorm(string device)
    {
        using var t = new LayerTest(device);
        var layer = new LayerNorm(t.Parameters, "norm", 7);
        t.Allocate();
        t.Check(t.Input(5, 7), layer.Forward);
    }

    [TestMethod, EveryDevice]
    public void Linear(string device)
    {
        using var t = new LayerTest(device);
        var layer = new Linear(t.Parameters, "dense", 7, 3, Inits.Zeros);
        t.Allocate();
        t.Check(t.Input(5, 7), layer.Forward);
    }

    [TestMethod, EveryDevice]
    public void Mlp(string device)
    {
        using var t = new LayerTest(device);
        var layer = new Mlp(t.Parameters, "norm", "mlp", 5, 9);
        t.Allocate();
        t.Check(t.Input(4, 5), layer.Forward);
    }

    [TestMethod, EveryDevice]
    public void Linear_without_bias(string device)
    {
        using var t = new LayerTest(device);
        var layer = new Linear(t.Parameters, "dense", 7, 3, Inits.Zeros, hasBias: false);
        t.Allocate();
        Assert.HasCount(1, t.Parameters.All);
        t.Check(t.Input(5, 7), layer.Forward);
    }

    [TestMethod, EveryDevice]
    public void Linear_with_layer_scale(string device)
    {
        foreach (var bias in new[] { true, false })
        {
            using var t = new LayerTest(device);
            var layer = new Linear(t.Parameters, "dense", 7, 3, Inits.Zeros, hasBias: bias, gain: ("scale", 0.5));
            t.Allocate();
            t.Check(t.Input(5, 7), layer.Forward);
        }
    }

    [TestMethod, EveryDevice]
    public void Transformer_with_layer_scale(string device)
    {
        using var t = new LayerTest(device);
        var layer = new Transformer(t.Parameters, "transformer", Tower with { LayerScale = 0.1 });
        t.Allocate();
        t.Check(t.Input(2 * 3, 6), (pass, x) => layer.Forward(pass, x, batch: 2), samples: 3);
    }

    [TestMethod, EveryDevice]
    public void Causal_self_attention(string device)
    {
        using var t = new LayerTest(device);
        var layer = new SelfAttention(t.Parameters, "norm", "attention", 6, 2, epsilon: 1e-5, causal: true);
        t.Allocate();
        t.Check(t.Input(2 * 3, 6), (pass, x) => layer.Forward(pass, x, batch: 2));
    }

    [TestMethod, EveryDevice(CpuThreads = 1)]
    public void Mlp_with_exact_or_quick_gelu(string device)
    {
        foreach (var gelu in new[] { GeluKind.Exact, GeluKind.Quick }) MlpWith(device, gelu);
    }

    static void MlpWith(string device, GeluKind gelu)
    {
        using var t = new LayerTest(device);
        var layer = new Mlp(t.Parameters, "norm", "mlp", 5, 9, gelu);
        t.Allocate();
        t.Check(t.Input(4, 5), layer.Forward);
    }

    [TestMethod, EveryDevice]
    public void SelfAttention(string device)
    {
        using var t = new LayerTest(device);
        var layer = new SelfAttention(t.Parameters, "norm", "attention", 6, 2);
        t.Allocate();
        t.Check(t.Input(2 * 3, 6), (pass, x) => layer.Forward(pass, x, batch: 2));
    }

    [TestMethod, EveryDevice]
    public void Self_attention_with_normed_queries_and_keys(string device)
    {
        foreach (var causal in new[] { false, true })
        {
            using var t = new LayerTest(device);
            var layer = new SelfAttention(t.Parameters, "norm", "attention", 6, 2, causal: causal, qkNorm: true);
            t.Allocate();
            t.Check(t.Input(2 * 3, 6), (pass, x) => layer.Forward(pass, x, batch: 2));
        }
    }

    [TestMethod, EveryDevice]
    public void HeadNorm(string device)
    {
        using var t = new LayerTest(device);
        var layer = new HeadNorm(t.Parameters, "norm", width: 15, heads: 3, epsilon: 1e-6);
        t.Allocate();
        t.Check(t.Input(4, 15), (pass, x) =>
        {
            var y = pass.Saved(x.Rows, x.Cols);
            return (y, new Pullback(pass, x, layer.Forward(pass, x, y)));
        });
    }

    [TestMethod, EveryDevice]
    public void Transformer(string device)
    {
        using var t = new LayerTest(device);
        var layer = new Transformer(t.Parameters, "transformer", Tower);
        t.Allocate();
        t.Check(t.Input(2 * 3, 6), (pass, x) => layer.Forward(pass, x, batch: 2), samples: 3);
    }

    [TestMethod, EveryDevice]
    public void CrossAttention(string device)
    {
        using var t = new LayerTest(device);
        var layer = new CrossAttention(t.Parameters, "norm", "attention", 6, 2, source: 7);
        t.Allocate();
        var z = t.Input(2 * 5, 7);
        t.Check(t.Input(2 * 3, 6), (pass, x) => layer.Forward(pass, x, z, batch: 2));
    }

    [TestMethod, EveryDevice]
    public void MapHead(string device)
    {
        using var t = new LayerTest(device);
        var layer = new MapHead(t.Parameters, "pool", Tower);
        t.Allocate();
        t.Check(t.Input(2 * 3, 6), (pass, x) => layer.Forward(pass, x, batch: 2), samples: 16);
    }

    [TestMethod, EveryDevice]
    public void DinoHead(string device)
    {
        foreach (var gains in new[] { false, true })
        {
            using var t = new LayerTest(device);
            var layer = new DinoHead(t.Parameters, "head", 6, Config.Head with { Gains = gains });
            t.Allocate();
            t.Check(t.Input(3, 6), layer.Forward, samples: 16);
        }
    }

    [TestMethod, EveryDevice]
    public void PositionTable(string device)
    {
        foreach (var kind in Enum.GetValues<PositionResize>())
            foreach (var side in new[] { 3, 2, 4 })
            {
                using var t = new LayerTest(device);
                var layer = new PositionTable(t.Parameters, "positions", grid: 3, width: 5, kind);
                t.Allocate();
                t.Check(t.Input(2 * side * side, 5), (pass, x) =>
                {
                    var y = pass.Saved(x.Rows, x.Cols);      // positions are added in place
                    pass.Ops.Copy(x, y);
                    return (y, layer.Add(pass, y, side));
                });
            }
    }

    [TestMethod, EveryDevice]
    public void VisionTransformer(string device)
    {
        foreach (var (side, head, representation) in new[] { (Config.ImageSize, (int?)null, (int?)null), (Config.Views.LocalSize, null, null),
            (Config.ImageSize, 5, null), (Config.ImageSize, 5, 7), (Config.ImageSize, null, 7) })
        {
            using var t = new LayerTest(device);
            var tower = new VisionTransformer(t.Parameters, Config with { ImageHead = head, PreLogits = representation });
            t.Allocate();
            var pixels = t.Input(2, side * side * 3);
            t.Check(pass => tower.Forward(pass, pixels, side), samples: 3);
        }
    }

    // Small patches of 1 and 2 pixels; 9 pixels leave one over. Positions get a gradient, computed or not; the trainer clears it.
    [TestMethod, EveryDevice]
    public void VisionTransformer_with_a_stem_of_two_layers(string device)
    {
        foreach (var (side, patch, small, channels) in new[] { (6, 2, 1, (int?)null), (9, 4, 2, 5), (8, 4, 1, 3) })
        {
            using var t = new LayerTest(device);
            var tower = new VisionTransformer(t.Parameters, Config with
            {
                Image = Tower with { Width = 8, QkNorm = true },
                ImageSize = side,
                PatchSize = patch,
                StemPatch = small,
                StemWidth = channels,
                Positions = PositionKind.SinCos,
            });
            t.Allocate();
            var pixels = t.Input(2, side * side * 3);
            t.Check(pass => tower.Forward(pass, pixels, side), samples: 3);
        }
    }

    // CLIP's: class token, norm in front, no biases, pixels scaled; with a projection and without.
    [TestMethod, EveryDevice]
    public void VisionTransformer_of_CLIP(string device)
    {
        foreach (var (side, head) in new[] { (Config.ImageSize, (int?)5), (Config.Views.LocalSize, 5), (Config.ImageSize, null) })
        {
            using var t = new LayerTest(device);
            var tower = new VisionTransformer(t.Parameters, Clip with { ImageHead = head });
            t.Allocate();
            var pixels = t.Input(2, side * side * 3);
            t.Check(pass => tower.Forward(pass, pixels, side), samples: 3);
            Assert.IsFalse(t.Parameters.All.Any(p => p.Name is "img/embedding/bias" or "img/head/bias"));
        }
    }

    [TestMethod, EveryDevice]
    public void VisionTransformer_with_registers(string device)
    {
        foreach (var (config, side) in new[] { (WithRegisters(Config), Config.Views.LocalSize), (WithRegisters(Clip), Config.ImageSize) })
        {
            using var t = new LayerTest(device);
            var tower = new VisionTransformer(t.Parameters, config);
            t.Allocate();
            var pixels = t.Input(2, side * side * 3);
            t.Check(pass => tower.Forward(pass, pixels, side), samples: 3);
        }
    }

    // dino.txt's: blocks on top, the class token and the mean of the patches; or the mean alone.
    [TestMethod, EveryDevice]
    public void VisionTransformer_with_blocks_on_top(string device)
    {
        var tower = Config.Image with { ClassToken = true, Registers = 2, LayerScale = 0.1 };
        var whole = Config with { Image = tower, ImagePooling = ImagePooling.ClassMean, TopBlocks = 2 };
        foreach (var (config, side) in new[] { (whole, Config.ImageSize), (whole with { TopBlocks = 0 }, Config.Views.LocalSize),
            (Config with { ImagePooling = ImagePooling.Mean, TopBlocks = 1 }, Config.ImageSize),
            (whole with { ImagePooling = ImagePooling.Mean }, Config.Views.LocalSize) })
        {
            using var t = new LayerTest(device);
            var layer = new VisionTransformer(t.Parameters, config);
            t.Allocate();
            var pixels = t.Input(2, side * side * 3);
            t.Check(pass => layer.Forward(pass, pixels, side), samples: 3);
        }
    }

    // Of a locked tower they say the same and get the same gradient, to the last bit, and what is below gets none.
    [TestMethod, EveryDevice]
    public void A_locked_tower_is_run_in_inference(string device)
    {
        using var t = new LayerTest(device);
        var layer = new VisionTransformer(t.Parameters, Config with
        {
            Image = Config.Image with { ClassToken = true, Registers = 2 },
            ImagePooling = ImagePooling.ClassMean,
            TopBlocks = 2,
        });
        t.Allocate();
        var pixels = t.Input(3, 6 * 6 * 3);
        var (free, freeY) = Gradients(t.Pass);
        var (locked, lockedY) = Gradients(t.Pass with { Locked = true });
        Close.Bits(freeY, lockedY, "embeddings");
        foreach (var (name, values) in free)
            if (name.StartsWith("img/Top/", StringComparison.Ordinal)) Close.Bits(values, locked[name], name);
            else Assert.IsTrue((name.EndsWith("key/bias", StringComparison.Ordinal) || values.Any(value => value != 0))
                && locked[name].All(value => value == 0), name);

        (Dictionary<string, float[]> Gradients, float[] Y) Gradients(Pass pass)
        {
            t.Parameters.ZeroGrads();
            using var _ = pass.Frame();
            var (y, back) = layer.Forward(pass, pixels, 6);
            var values = t.Device.Download(y.View.SubView(0, y.Count));
            var dy = pass.Scratch(y.Rows, y.Cols);
            t.Device.Upload<float>([.. values.Select((value, i) => MathF.Cos(i) + value)], dy.View.SubView(0, dy.Count));
            back.Invoke(dy);
            return (t.Parameters.All.ToDictionary(p => p.Name, p => t.Device.Download(p.Grad.View)), values);
        }
    }

    static SilcConfig WithRegisters(SilcConfig config) => config with { Image = config.Image with { Registers = 2 } };

    static SilcConfig Clip => Config with
    {
        Image = Config.Image with { ClassToken = true, PreNorm = true, Gelu = GeluKind.Quick, Epsilon = 1e-5 },
        Text = Config.Text with { Causal = true, Gelu = GeluKind.Quick, Epsilon = 1e-5 },
        ImagePooling = ImagePooling.Class,
        TextPooling = TextPooling.End,
        PatchBias = false,
        ProjectionBias = false,
        Pixels = PixelNorm.Clip,
    };

    [TestMethod, EveryDevice]
    public void TextTransformer(string device)
    {
        foreach (var config in Enum.GetValues<TextPooling>().Select(pooling => Config with { TextPooling = pooling }).Append(Clip)
            .Append(Config with { TextPooling = TextPooling.Mean, Text = Config.Text with { Depth = 0 } })
            .Append(Config with { Text = Config.Text with { QkNorm = true } }))
        {
            using var t = new LayerTest(device);
            var tower = new TextTransformer(t.Parameters, config);
            t.Allocate();
            int[] ids = [4, 0, 10, 4, 4, 7];
            using var buffer = new DeviceIntegers(t.Device, ids);
            using var order = new DeviceIntegers(t.Device, TokenBatch.Sort(ids));
            var tokens = new TokenBatch(buffer.View, order.View, Batch: 2);
            t.Check(pass => tower.Forward(pass, tokens), samples: 4);
        }
    }

    [TestMethod, EveryDevice]
    public void A_wrong_gradient_is_found(string device)
    {
        using var t = new LayerTest(device);
        var layer = new Linear(t.Parameters, "dense", 7, 3, Inits.Zeros);
        t.Allocate();
        double error = GradientCheck.Run(t.Pass, t.Parameters, t.Input(5, 7), (pass, x) =>
        {
            var (y, back) = layer.Forward(pass, x);
            return (y, new Pullback(pass, x, (dy, dx) =>
            {
                back.Into(dy, dx);
                pass.Ops.Add(dx, dx);       // twice what it should be
            }
            ));
        });
        Assert.IsTrue(error is > 0.1 and < 1, $"error {error}");
    }

    /// <summary>Inference reuses memory, and must say the same.</summary>
    [TestMethod, EveryDevice]
    public void Towers_without_training_give_the_same_embeddings(string device)
    {
        var variant = Config with { StemPatch = 1, Image = Tower with { QkNorm = true, LayerScale = 0.1 } };
        var mean = WithRegisters(Clip) with { ImagePooling = ImagePooling.ClassMean, TopBlocks = 1 };
        foreach (var config in new[] { Config, Clip, variant, WithRegisters(Config), mean }) WithoutTraining(device, config);
    }

    static void WithoutTraining(string device, SilcConfig config)
    {
        using var t = new LayerTest(device);
        var tower = new VisionTransformer(t.Parameters, config);
        t.Allocate();
        var pixels = t.Input(3, 6 * 6 * 3);
        var trained = tower.Forward(t.Pass, pixels, 6).Y;
        var inferred = tower.Forward(t.Pass with { Training = false }, pixels, 6).Y;
        Close.Bits(t.Device.Download(trained.View), t.Device.Download(inferred.View), "embeddings");
    }
}
