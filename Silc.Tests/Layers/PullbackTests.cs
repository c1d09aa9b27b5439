namespace Silc.Tests;

/// <summary>The contract of <see cref="Pullback"/>: where results lie, what is freed, and what a forward leaves alone.</summary>
[TestClass]
public sealed class PullbackTests
{
    const int Rows = 6, Width = 8, Batch = 2, Room = 64;     // a tensor of up to 64 floats takes 64

    static readonly TowerConfig Tower = new(Width, Depth: 2, Heads: 2, MlpDim: 9);

    /// <summary>Of whatever a layer allocates on its way back, the caller finds the result, and nothing else.</summary>
    [TestMethod, EveryDevice]
    public void The_result_lies_in_the_frame_of_the_caller_and_nothing_else_does(string device)
    {
        foreach (var (name, rows, cols, layer) in Layers)
        {
            using var t = new LayerTest(device);
            var forward = layer(t.Parameters);
            t.Allocate();
            using var frame = t.Pass.Frame();
            var (y, back) = forward(t.Pass, t.Input(Rows, Width));
            Assert.AreEqual((rows, cols), (y.Rows, y.Cols), name);
            var dy = t.Pass.Scratch(rows, cols);
            t.Pass.Ops.Fill(dy, 1);
            var before = t.Pass.Arena.InUse;
            var dx = back.Invoke(dy);
            Assert.AreEqual((Rows, Width), (dx.Rows, dx.Cols), name);
            Assert.AreEqual(before + Room, t.Pass.Arena.InUse, $"{name}: memory in use behind its pullback");

            // What comes next must not lie on it.
            var values = t.Device.Download(dx.View.SubView(0, dx.Count));
            t.Pass.Ops.Fill(t.Pass.Scratch(Rows, Width), 7);
            t.Pass.Ops.Fill(t.Pass.Saved(Rows, Width), 7);
            Close.Bits(values, t.Device.Download(dx.View.SubView(0, dx.Count)), name);
            Assert.IsTrue(Array.TrueForAll(values, float.IsFinite) && Array.Exists(values, value => value != 0), name);
        }
    }

    [TestMethod, EveryDevice]
    public void Blocks_leave_their_gradient_in_its_place(string device)
    {
        foreach (var (name, block) in Blocks)
        {
            using var t = new LayerTest(device);
            var forward = block(t.Parameters);
            t.Allocate();
            using var frame = t.Pass.Frame();
            var (y, back) = forward(t.Pass, t.Input(Rows, Width));
            var gradient = t.Pass.Scratch(y.Rows, y.Cols);
            t.Pass.Ops.Fill(gradient, 1);
            var before = t.Pass.Arena.InUse;
            back.Invoke(gradient);
            Assert.AreEqual(before, t.Pass.Arena.InUse, $"{name}: memory in use behind its pullback");
            var values = t.Device.Download(gradient.View.SubView(0, gradient.Count));
            Assert.IsTrue(Array.TrueForAll(values, float.IsFinite) && Array.Exists(values, value => value != 1), name);
        }
    }

    /// <summary>A layer and a block may both be computed again, each by the combinator of its kind, and give the same bits.</summary>
    [TestMethod, EveryDevice]
    public void What_is_recomputed_is_the_same(string device)
    {
        foreach (var (name, rows, cols, layer) in Layers) Compare(name, parameters =>
        {
            var forward = layer(parameters);
            return (pass, x, again) =>
            {
                var (y, back) = again ? Recompute.Layer(pass, x, rows, cols, forward) : forward(pass, x);
                return (y, back.Invoke);
            };
        });
        foreach (var (name, block) in Blocks) Compare(name, parameters =>
        {
            var forward = block(parameters);
            return (pass, x, again) =>
            {
                var (y, back) = again ? Recompute.Block(pass, x, forward) : forward(pass, x);
                return (y, gradient =>
                {
                    back.Invoke(gradient);
                    return gradient;
                }
                );
            };
        });

        void Compare(string name, Func<Parameters, Func<Pass, Tensor, bool, (Tensor Y, Func<Tensor, Tensor> Back)>> make)
        {
            using var t = new LayerTest(device);
            var forward = make(t.Parameters);
            t.Allocate();
            var x = t.Input(Rows, Width);
            var (kept, again) = (Run(again: false), Run(again: true));
            foreach (var (expected, actual) in kept.Zip(again)) Close.Bits(expected, actual, name);

            float[][] Run(bool again)
            {
                t.Parameters.ZeroGrads();
                using var _ = t.Pass.Frame();
                var (y, back) = forward(t.Pass, x, again);
                t.Pass.Ops.Fill(t.Pass.Saved(Rows, Width), 3);       // what a frame of the forward gave back is used again
                var dy = t.Pass.Scratch(y.Rows, y.Cols);
                t.Device.Upload<float>([.. Enumerable.Range(0, dy.Count).Select(i => MathF.Sin(i))], dy.View);
                var dx = back(dy);
                return [Read(y), Read(dx), Read(t.Parameters.Grads)];
            }

            float[] Read(Tensor tensor) => t.Device.Download(tensor.View.SubView(0, tensor.Count));
        }
    }

    /// <summary>A forward leaves its input as it is, in training and in inference, where memory is used again, and gives the same bits.</summary>
    [TestMethod, EveryDevice]
    public void A_forward_keeps_its_input(string device)
    {
        var forwards = Layers.Select(one => (one.Name, Make: (Func<Parameters, Func<Pass, Tensor, Tensor>>)(parameters =>
        {
            var forward = one.Make(parameters);
            return (pass, x) => forward(pass, x).Y;
        }))).Concat(Blocks.Select(one => (one.Name, Make: (Func<Parameters, Func<Pass, Tensor, Tensor>>)(parameters =>
        {
            var forward = one.Make(parameters);
            return (pass, x) => forward(pass, x).Y;
        }))));
        foreach (var (name, make) in forwards)
        {
            using var t = new LayerTest(device);
            var forward = make(t.Parameters);
            t.Allocate();
            var x = t.Input(Rows, Width);
            var before = t.Device.Download(x.View.SubView(0, x.Count));
            var outputs = new List<float[]>();
            foreach (var training in new[] { true, false })
            {
                using var _ = t.Pass.Frame();
                var y = forward(t.Pass with { Training = training }, x);
                outputs.Add(t.Device.Download(y.View.SubView(0, y.Count)));
                Close.Bits(before, t.Device.Download(x.View.SubView(0, x.Count)), $"{name}, training {training}: input");
            }
            Close.Bits(outputs[0], outputs[1], $"{name}: output of inference");
        }
    }

    [TestMethod]
    public void Inference_has_no_gradient()
    {
        using var t = new LayerTest(TestDevices.OneThread);
        var (linear, mlp) = (new Linear(t.Parameters, "dense", Width, 3, Inits.Zeros), new Mlp(t.Parameters, "norm", "mlp", Width, 9));
        t.Allocate();
        using var frame = t.Pass.Frame();
        var (pass, x, dy) = (t.Pass with { Training = false }, t.Input(Rows, Width), t.Pass.Scratch(Rows, Width));
        foreach (var invoke in new Action[]
        {
            () => linear.Forward(pass, x).Back.Invoke(dy.Columns(0, 3)), () => mlp.Forward(pass, x).Back.Invoke(dy),
            () => new ParameterPullback(pass, _ => Assert.Fail()).Invoke(dy),
        })
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(invoke).Message, "inference");
    }

    [TestMethod]
    public void A_result_of_another_size_is_refused_with_both()
    {
        using var t = new LayerTest(TestDevices.OneThread);
        var linear = new Linear(t.Parameters, "dense", Width, 3, Inits.Zeros);
        t.Allocate();
        using var frame = t.Pass.Frame();
        var back = linear.Forward(t.Pass, t.Input(Rows, Width)).Back;
        var error = Assert.ThrowsExactly<ArgumentException>(() => back.Into(t.Pass.Scratch(Rows, 3), t.Pass.Scratch(Rows, 3)));
        StringAssert.Contains(error.Message, "dX is 6 x 3, X was 6 x 8");
    }

    /// <summary>A layer that does not read the rounded gradient leaves it right for the block before it all the same.</summary>
    [TestMethod]
    public void The_rounded_gradient_follows()
    {
        using var t = new LayerTest(TestDevices.OneThread);
        using var frame = t.Pass.Frame();
        var (gradient, rounded) = (t.Pass.Scratch(Rows, Width), t.Pass.Scratch(Rows, Width));
        t.Pass.Ops.Fill(gradient, 2);
        t.Pass.Ops.Fill(rounded, 2);
        new InPlacePullback(t.Pass, dy => t.Pass.Ops.Fill(dy, 5)).Invoke(gradient, rounded);
        Assert.IsTrue(Array.TrueForAll(t.Device.Download(rounded.View.SubView(0, rounded.Count)), value => value == 5));
    }

#if DEBUG
    /// <summary>A caller that reads a gradient after it was passed on reads NaN.</summary>
    [TestMethod, EveryDevice]
    public void A_spent_gradient_is_NaN_in_Debug(string device)
    {
        using var t = new LayerTest(device);
        using var frame = t.Pass.Frame();
        var dy = t.Pass.Scratch(Rows, Width);
        t.Pass.Ops.Fill(dy, 1);
        new ParameterPullback(t.Pass, _ => { }).Invoke(dy.Slice(1, 2));
        var values = t.Device.Download(dy.View.SubView(0, dy.Count));
        for (int i = 0; i < values.Length; i++) Assert.AreEqual(i / Width is 1 or 2, float.IsNaN(values[i]), $"value {i}");
    }
#endif

    static IEnumerable<(string Name, int Rows, int Cols, Func<Parameters, Func<Pass, Tensor, (Tensor Y, Pullback Back)>> Make)> Layers =>
    [
        ("LayerNorm", Rows, Width, parameters => new LayerNorm(parameters, "norm", Width).Forward),
        ("Linear", Rows, 3, parameters => new Linear(parameters, "dense", Width, 3, Inits.Zeros).Forward),
        ("DinoHead", Rows, 9, parameters => new DinoHead(parameters, "head", Width, new(Hidden: 7, Bottleneck: 5, Prototypes: 9)).Forward),
        ("MapHead", Batch, Width, parameters =>
        {
            var layer = new MapHead(parameters, "pool", Tower);
            return (pass, x) => layer.Forward(pass, x, Batch);
        }
        ),
        ("Transformer", Rows, Width, parameters =>
        {
            var layer = new Transformer(parameters, "transformer", Tower);
            return (pass, x) => layer.Forward(pass, x, Batch);
        }
        ),
    ];

    static IEnumerable<(string Name, Func<Parameters, Func<Pass, Tensor, (Tensor Y, InPlacePullback Back)>> Make)> Blocks =>
    [
        ("Mlp", parameters => new Mlp(parameters, "norm", "mlp", Width, 9).Forward),
        ("SelfAttention", parameters =>
        {
            var layer = new SelfAttention(parameters, "norm", "attention", Width, 2);
            return (pass, x) => layer.Forward(pass, x, Batch);
        }
        ),
    ];
}
