namespace Silc.Tests;

/// <summary>The bf16 copies of weights: after any write of a weight, the next GEMM reads the new value.</summary>
[TestClass]
public sealed class CudaWeightTests : TempFolder
{
    // Rows of the text tower's weights are multiples of 8 here, and heads have 8 channels.
    static readonly SilcConfig config = TinyRun.Config with { Text = TinyRun.Config.Text with { Heads = 3 } };

    static readonly TrainConfig recipe = TinyRun.Recipe with { AverageWeights = true };

    sealed class Run : IDisposable
    {
        public Run(string device, TrainConfig recipe, int seed = 1)
        {
            Test = new(device, Precision.Bf16, anyMemory: true);
            Model = SilcModel.Create(Test.Device, config, seed);
            Trainer = new(Model, recipe);
        }

        public CudaTest Test { get; }
        public SilcModel Model { get; }
        public Trainer Trainer { get; }

        public IEnumerable<Parameter> Kernels =>
            Model.Parameters.All.Concat(Trainer.Teacher!.Parameters.All).Where(p => p.InProducts && p.Rows % 8 == 0 && p.Cols % 8 == 0);

        public void Step(int number)
        {
            using var tiny = new TinyRun(TestDevices.OneThread, config: config);
            Trainer.Step(tiny.Batch(number));
        }

        /// <summary>Every kernel's product with the identity is the kernel, rounded.</summary>
        public void Check(string after)
        {
            foreach (var p in Kernels)
            {
                var one = Test.Own(Matrix.Make(p.Rows, p.Rows, (r, c) => r == c ? 1 : 0), dtype: DType.BFloat16);
                var y = Test.Output(p.Rows, p.Cols);
                Test.Ops.MatMul(one, p.Value, y);
                Close.Bits([.. Test.Device.Download(p.Value.View).Select(Rounded)], y.Read(p.Name), $"{p.Name} after {after}");
            }
        }

        static float Rounded(float x) => BitConverter.UInt32BitsToSingle((uint)TensorCore.RoundBf16(x) << 16);

        public void Dispose()
        {
            Trainer.Dispose();
            Model.Dispose();
            Test.Dispose();
        }
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Products_see_every_write(string device, Precision precision)
    {
        using var run = new Run(device, recipe);
        Assert.IsTrue(run.Kernels.Count() > 20 && precision == Precision.Bf16);
        run.Check("their first values");
        run.Step(1);
        run.Check("a step of AdamW");
        run.Trainer.Average!.Use();
        run.Check("the average took their place");
        run.Trainer.Save(At("run.safetensors"));
        run.Step(2);
        run.Trainer.Load(At("run.safetensors"));
        run.Check("a checkpoint");

        var (ops, values) = (run.Model.Device.Ops, run.Model.Parameters.Values);
        foreach (var p in run.Kernels.ToList()) run.Model.Device.Upload<float>([0.25f, 1.0009765625f], p.Value.View);
        run.Check("an upload");
        ops.Add(values, values);
        run.Check("an addition");
        ops.Fill(run.Kernels.First().Value, 3);
        run.Check("a fill");
    }

    [TestMethod]
    [DataRow(true), DataRow(false)]
    public void Products_see_what_others_than_AdamW_update(bool frozen)
    {
        using var run = new Run(CudaTest.Emulated, frozen
            ? recipe with { RateRules = [new("img/Transformer/encoderblock_0/.*", 0), new("txt/.*", 0.5)] }
            : recipe with { Optimizer = OptimizerKind.Adafactor });
        run.Step(1);
        run.Check("a step");
        run.Step(2);
        run.Check("two steps");
    }

    [TestMethod]
    public void A_model_that_goes_on_from_a_checkpoint_has_the_same_bits()
    {
        using Run whole = new(CudaTest.Emulated, recipe), second = new(CudaTest.Emulated, recipe, seed: 2);
        whole.Step(1);
        whole.Trainer.Save(At("run.safetensors"));
        second.Trainer.Load(At("run.safetensors"));
        foreach (var run in new[] { whole, second }) run.Step(2);
        float[] Values(Run run) => run.Model.Device.Download(run.Model.Parameters.Values.View);
        Close.Bits(Values(whole), Values(second), "parameters");
    }

    // QKV packs, three (C, C) matrices at a constant stride, are side by side in a copy; everything else stays where it was.
    [TestMethod]
    public void Layout_of_a_copy()
    {
        const int First = 16, Stride = 100, Width = 4;
        var layout = new WeightCopyLayout(First, Stride, packs: 2, Width);
        var places = Enumerable.Range(0, 250).Select(layout.At).ToArray();
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 250).ToArray(), places);
        for (int pack = 0; pack < 2; pack++)
            for (int part = 0; part < 3; part++)
                for (int row = 0; row < Width; row++)
                    for (int column = 0; column < Width; column++)
                    {
                        int start = First + pack * Stride;
                        Assert.AreEqual(start + row * 3 * Width + part * Width + column, places[start + (part * Width + row) * Width + column]);
                    }
        Assert.AreEqual(5, places[5]);
        Assert.AreEqual(First + 3 * Width * Width, places[First + 3 * Width * Width]);
        Assert.AreEqual(First + 2 * Stride, places[First + 2 * Stride]);
    }
}
