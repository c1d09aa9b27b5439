using System.Collections.Concurrent;
using ILGPU.Runtime.Cuda;
using Silc.Samples.Bench;

namespace Silc.Tests;

/// <summary>
/// Each value of each variable that chooses tiles, stages and launch bounds: what it launches is right, and assembles without a spill.
/// </summary>
[TestClass]
public sealed class CudaTuningTests
{
    static readonly (CudaChoice Choice, int Value)[] choices =
        [.. from choice in Enum.GetValues<CudaChoice>() from value in CudaTuning.Values(choice) select (choice, value)];

    static IEnumerable<object[]> Choices => choices.Select(one => new object[] { CudaTuning.Variable(one.Choice), one.Value });

    [TestMethod]
    public void Unknown_values_are_refused_by_name()
    {
        foreach (var choice in Enum.GetValues<CudaChoice>())
        {
            var name = CudaTuning.Variable(choice);
            foreach (var wrong in new[] { "7", "many", "-1", "3.0" })
            {
                var error = Assert.ThrowsExactly<ArgumentException>(() => CudaTuning.Of(asked => asked == name ? wrong : null));
                StringAssert.Contains(error.Message, $"{name} is '{wrong}'");
                foreach (var value in CudaTuning.Values(choice)) StringAssert.Contains(error.Message, $"{value}");
            }
            foreach (var value in CudaTuning.Values(choice))
                Assert.AreEqual(value, CudaTuning.Of(asked => asked == name ? $"{value}" : null)[choice]);
        }
        Assert.AreEqual("", CudaTuning.Of(_ => "").ToString());
        Assert.AreEqual("SILC_WGMMA=0 SILC_TILE_GROUP=4", CudaTuning.Default.With(CudaChoice.TileGroup, 4).With(CudaChoice.Wgmma, 0).ToString());
        CollectionAssert.AllItemsAreUnique(CudaTuning.Variables.ToArray());
    }

    /// <summary>Products, attention and norms of bf16 by mma.sync, with operands below, at and above the tiles.</summary>
    [TestMethod, DynamicData(nameof(Choices))]
    public void Results_are_right(string variable, int value)
    {
        var choice = choices.First(one => CudaTuning.Variable(one.Choice) == variable).Choice;
        bool wgmma = choice is CudaChoice.Wgmma or CudaChoice.WgmmaStages;
        var precision = choice == CudaChoice.Tf32Blocks ? Precision.Tf32 : choice == CudaChoice.Float32Blocks ? Precision.Float32 : Precision.Bf16;
        var stored = precision == Precision.Bf16 ? DType.BFloat16 : DType.Float32;
        using var t = new CudaTest(CudaTest.Emulated, precision, wgmma: wgmma, tuning: CudaTuning.Default.With(choice, value));
        if (choice is CudaChoice.AttentionRows or CudaChoice.AttentionBlocks or CudaChoice.AttentionGradBlocks) Attention(t);
        else if (choice == CudaChoice.NormBlocks) Norm(t);
        else Products(t, stored, split: choice is CudaChoice.Splits, tiles: choice == CudaChoice.TileGroup);
        if (variable == "SILC_WGMMA")
            Assert.AreEqual(value == 1, t.Emulator!.Launches.ContainsKey(nameof(WgmmaGemm<,,,,>)), "the kernel of the other choice was launched");
    }

    static void Products(CudaTest t, DType stored, bool split, bool tiles)
    {
        foreach (var transpose in Enum.GetValues<Transpose>())
        {
            var (m, n, k) = split ? (16, 24, 1096) : tiles ? (648, 136, 16) : (136, 72, 328);
            DeviceMatrix a = transpose == Transpose.A ? t.Random(k, m, dtype: stored) : t.Random(m, k, dtype: stored),
                b = transpose == Transpose.B ? t.Random(n, k, dtype: stored) : t.Random(k, n, dtype: stored);
            DeviceMatrix c = t.Output(m, n), bias = t.Random(1, n);
            t.Ops.MatMul(a, b, c, transpose, bias);
            Close.To((Naive.MatMul(a, b, transpose) + Matrix.Make(m, n, (_, j) => bias.Before[0, j])).Values, c.Read("c"), t.Exact, $"{transpose}");
        }
    }

    static void Attention(CudaTest t)
    {
        foreach (var (queries, keys, size) in new[] { (97, 70, 64), (40, 33, 32) })
        {
            DeviceMatrix Make(int rows) => t.Random(rows, size, 2, dtype: DType.BFloat16);
            DeviceMatrix Free(int rows) => t.Output(rows, size, dtype: DType.BFloat16);
            DeviceMatrix q = Make(queries), k = Make(keys), v = Make(keys), o = Free(queries), lse = t.Output(1, queries);
            t.Ops.Attention(q, k, v, o, lse, 1, 1);
            var (expected, logs) = Naive.Attention(q, k, v, 1, 1);
            Close.To(expected.Values, o.Read("o"), Close.BFloat16, "o");
            Close.To(logs.Values, lse.Read("lse"), Close.Chained, "log-sum-exp");
            DeviceMatrix dO = Make(queries), kept = t.Own(expected, dtype: DType.BFloat16), keptLogs = t.Own(logs);
            DeviceMatrix dQ = Free(queries), dK = Free(keys), dV = Free(keys);
            t.Ops.AttentionBackward(dO, q, k, v, kept, keptLogs, dQ, dK, dV, 1, 1);
            var grad = Naive.AttentionGrad(dO, q, k, v, 1, 1);
            Close.To(grad.Q.Values, dQ.Read("dQ"), Close.BFloat16, "dQ");
            Close.To(grad.K.Values, dK.Read("dK"), Close.BFloat16, "dK");
            Close.To(grad.V.Values, dV.Read("dV"), Close.BFloat16, "dV");
        }
    }

    // Enough rows for 1,024 blocks to differ from 512.
    static void Norm(CudaTest t)
    {
        DeviceMatrix x = t.Random(4104, 8), dy = t.Random(4104, 8), scale = t.Random(1, 8), mean = t.Output(4104, 1), rstd = t.Output(4104, 1),
            y = t.Output(4104, 8), dx = t.Output(4104, 8), dScale = t.Own(Matrix.Make(1, 8, (_, _) => 0)),
            dBias = t.Own(Matrix.Make(1, 8, (_, _) => 0));
        t.Ops.LayerNormForward(x, scale, scale, y, mean, rstd, 1e-6f);
        t.Ops.LayerNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, accumulate: false);
        var grad = Naive.LayerNormGrad(dy, x, scale, 1e-6);
        Close.To(grad.X.Values, dx.Read("dx"), Close.Chained, "dx");
        Close.To(grad.Scale.Values, dScale.Read("dScale"), Close.Chained, "dScale");
        Close.To(grad.Bias.Values, dBias.Read("dBias"), Close.Chained, "dBias");
    }

    /// <summary>A choice that changed no launch would be a variable without an effect.</summary>
    [TestMethod]
    public void Each_value_launches_something_of_its_own()
    {
        foreach (var choice in Enum.GetValues<CudaChoice>())
        {
            var launches = CudaTuning.Values(choice).Select(value => string.Join('\n', Launches(choice, value))).ToArray();
            // 0 stands for one of the others.
            var own = CudaTuning.Values(choice).Zip(launches).Where(one => one.First != 0 || choice == CudaChoice.Wgmma)
                .Select(one => one.Second).ToArray();
            CollectionAssert.AllItemsAreUnique(own, $"values of {CudaTuning.Variable(choice)} launch the same");
        }
    }

    /// <summary>The table of an H100: every choice that bf16 has is tried, and each shape has its best. Nothing runs.</summary>
    [TestMethod]
    public void The_sweep_tries_each_choice()
    {
        using var device = Device.Cpu(132);
        device.Launcher = new Silent();
        device.Ops = new CudaOps(device, Precision.Bf16) { TensorMaps = new EmulatedTensorMaps(), Tuning = CudaTuning.Default };
        var usual = device.Ops;
        using var table = new StringWriter();
        using (var sweep = new SweepBench(device, table, 0)) sweep.Run(SilcConfig.Mini, 2);
        Assert.AreSame(usual, device.Ops);
        var lines = table.ToString().Split('\n');
        foreach (var choice in Enum.GetValues<CudaChoice>().Except([CudaChoice.Tf32Blocks, CudaChoice.Float32Blocks]))
            foreach (var value in CudaTuning.Values(choice).Where(value => value != CudaTuning.Values(choice)[0]))
                Assert.IsTrue(lines.Any(line => line.Contains($"{CudaTuning.Variable(choice)}={value}", StringComparison.Ordinal)),
                    $"{choice} {value}");
        var shapes = lines.Where(line => !line.StartsWith(' ') && line.EndsWith("  default", StringComparison.Ordinal)).ToArray();
        Assert.HasCount(shapes.Length, lines.Where(line => line.StartsWith("best of ", StringComparison.Ordinal)).ToArray());
        Assert.HasCount(30 + 6 + 4, shapes);
    }

    sealed class Silent : ILauncher
    {
        public void Launch<TKernel>(int blocks, int threads, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel { }
    }

    [TestMethod]
    [DataRow("sm_80"), DataRow("sm_90"), DataRow("sm_120")]
    public void Kernels_assemble_without_a_spill(string architecture)
    {
        var assembler = PtxAssembler.Get();
        var wrong = new ConcurrentBag<string>();
        var kernels = choices.SelectMany(one => Launches(one.Choice, one.Value)).Select(launch => launch.Kernel).Distinct()
            .Where(kernel => kernel.Name.Contains("Gemm", StringComparison.Ordinal)
                || kernel.Name.StartsWith("Bf16Attention", StringComparison.Ordinal))
            .Where(kernel => architecture == "sm_90" || !kernel.Name.StartsWith("Wgmma", StringComparison.Ordinal)).ToArray();
        Assert.IsGreaterThan(30, kernels.Length);
        Parallel.ForEach(kernels, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, kernel =>
        {
            var text = PtxEmulator.TextOf(CudaArchitecture.SM_80, kernel);
            bool special = text.Contains(".target sm_90a", StringComparison.Ordinal);
            var result = assembler.Assemble(text, special ? "sm_90a" : architecture);
            // This assembler ignores setmaxnreg, which gives a consumer of wgmma 72 registers more.
            if (result.Error != 0 || (result.SpilledBytes > PtxTextTests.MaySpill(kernel, architecture) && !special))
                wrong.Add($"{kernel}: error {result.Error}, {result.SpilledBytes} bytes spilled, {result.Registers} registers");
        });
        Assert.AreEqual(0, wrong.Count, $"{architecture}:\n{string.Join('\n', wrong.Order())}");
    }

    readonly record struct Launched(Type Kernel, int Blocks, int DynamicBytes, string Group);

    sealed class Recorder : ILauncher
    {
        public List<Launched> Launches { get; } = [];

        public void Launch<TKernel>(int blocks, int threads, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel =>
            Launches.Add(new(typeof(TKernel), blocks, dynamicBytes, GroupOf(kernel)));

        static string GroupOf<TKernel>(TKernel kernel) where TKernel : struct =>
            typeof(TKernel).GetFields(System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)
                .FirstOrDefault(field => field.FieldType == typeof(GemmProblem))?.GetValue(kernel) is GemmProblem problem
                ? $"{problem.TileRow(1)}, {problem.TileRow(5)}, {problem.TileRow(9)}" : "";
    }

    // What an H100 would be given for one product of each kind, attention of each size, and a norm's gradient. Nothing runs.
    static List<Launched> Launches(CudaChoice choice, int value)
    {
        using var device = Device.Cpu(132);
        var recorder = new Recorder();
        device.Launcher = recorder;
        bool wgmma = choice is CudaChoice.Wgmma or CudaChoice.WgmmaStages;
        var precision = choice == CudaChoice.Tf32Blocks ? Precision.Tf32 : choice == CudaChoice.Float32Blocks ? Precision.Float32 : Precision.Bf16;
        var ops = new CudaOps(device, precision)
        {
            Tuning = CudaTuning.Default.With(choice, value),
            TensorMaps = wgmma ? new EmulatedTensorMaps() : null,
        };
        var stored = precision == Precision.Bf16 ? DType.BFloat16 : DType.Float32;
        // Tensors without memory, as in a dry run.
        Tensor Of(int rows, int cols, DType dtype) => new(default, rows, cols, dtype);
        Tensor Float(int rows, int cols) => Of(rows, cols, DType.Float32);
        switch (choice)
        {
            case CudaChoice.AttentionRows or CudaChoice.AttentionBlocks or CudaChoice.AttentionGradBlocks:
                foreach (var (tokens, size) in new[] { (196, 64), (36, 64), (196, 32), (36, 32) })
                {
                    Tensor x = Of(tokens, size, stored), lse = Float(1, tokens);
                    ops.Attention(x, x, x, x, lse, 1, 1);
                    ops.AttentionBackward(x, x, x, x, x, lse, x, x, x, 1, 1);
                }
                break;
            case CudaChoice.NormBlocks:
                Tensor rows = Float(32768, 8), column = Float(32768, 1), row = Float(1, 8);
                ops.LayerNormBackward(rows, rows, row, column, column, rows, row, row, accumulate: true, default);
                break;
            default:
                Tensor a = Of(2304, 256, stored), kernel = Of(256, 256, stored), y = Of(2304, 256, stored), sum = Float(256, 256);
                ops.MatMul(a, kernel, Float(2304, 256));
                ops.MatMulGeluBackward(a, kernel, y, y, y, GeluKind.Tanh);
                // 36 splits of K would not be too many.
                ops.MatMul(Of(18432, 128, stored), Of(18432, 128, stored), Float(128, 128), Transpose.A);
                break;
        }
        return recorder.Launches;
    }
}
