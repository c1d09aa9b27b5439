using ILGPU;

namespace Silc.Tests;

/// <summary>
/// Runs the body of an operation's test: once against its reference, and again for the same bits. The CPU with four threads must also give
/// the bits of one thread. Outputs start as NaN, as does the scratch memory of every operation.
/// </summary>
sealed class OpTest : IDisposable
{
    const int Scratch = 1 << 16;

    /// <summary>Odd sizes: below, at the edge of and above every vector, tile and group.</summary>
    public static readonly (int Rows, int Cols)[] Sizes = [(1, 1), (7, 33), (33, 7), (130, 130), (3, 300)];

    /// <summary>Fewer elements, for gradients by central differences.</summary>
    public static readonly (int Rows, int Cols)[] GradientSizes = [(1, 1), (7, 33), (130, 7), (3, 300)];

    readonly Device device;
    readonly Random random = new(1);
    readonly List<IDisposable> owned = [];
    readonly List<float[]> outputs = [];
    readonly IReadOnlyList<float[]>? earlier;

    OpTest(string device, IReadOnlyList<float[]>? earlier) => (this.device, this.earlier) = (TestDevices.Open(device), earlier);

    public static void Run(string device, Action<OpTest> body)
    {
        var first = Once(device, null, body);
        Once(device, first, body);
        if (device == TestDevices.FourThreads) Once(TestDevices.OneThread, first, body);
    }

    static List<float[]> Once(string device, IReadOnlyList<float[]>? earlier, Action<OpTest> body)
    {
        using var test = new OpTest(device, earlier);
        body(test);
        Assert.IsTrue(test.outputs.Count > 0, "the test checks nothing");
        return test.outputs;
    }

    /// <summary>The operations, with NaN in their scratch memory.</summary>
    public Ops Ops
    {
        get
        {
            device.Poison(device.Workspace(Scratch));
            return device.Ops;
        }
    }

    /// <summary>Uniform values in ±<paramref name="range"/>.</summary>
    public DeviceMatrix Random(int rows, int cols, double range = 1, int gap = 0) =>
        Fixed(Matrix.Make(rows, cols, (_, _) => (float)((random.NextDouble() * 2 - 1) * range)), gap);

    /// <summary>An output that must be overwritten: NaN.</summary>
    public DeviceMatrix Output(int rows, int cols, int gap = 0) => Fixed(Matrix.Make(rows, cols, (_, _) => double.NaN), gap);

    /// <summary>Given values, rounded to float32.</summary>
    public DeviceMatrix Fixed(Matrix values, int gap = 0) =>
        Own(new DeviceMatrix(device, values.Map(x => (float)x), values.Cols + gap));

    /// <summary>Integers on the device.</summary>
    public ArrayView<int> Integers(int[] values) => Own(new DeviceIntegers(device, values)).View;

    public int[] RandomIntegers(int count, int below) => [.. Enumerable.Range(0, count).Select(_ => random.Next(below))];

    /// <summary>
    /// The state after one good step, or after found-inf: no clipping; learning rate and decay are 1, so that they are the operation's.
    /// </summary>
    public StepState State(bool finite = true)
    {
        var state = Own(new StepState(device));
        using var none = new DeviceMatrix(device, new Matrix(1, 2).Map(_ => finite ? 0 : double.NaN), 2);
        device.Ops.GradNorm(none, none, state, 0, 0.9f, 0.999f);
        state.Set(1, 1);
        return state;
    }

    /// <summary>Compares an output with its reference the first time, and with the bits of the first time after that.</summary>
    public void Check(DeviceMatrix actual, double tolerance, Func<Matrix> expected, string what = "result") =>
        Check(actual.Read(what), tolerance, () => expected().Values, $"{what}, {actual.Tensor.Rows} x {actual.Tensor.Cols}");

    public void Check(float[] actual, double tolerance, Func<double[]> expected, string what)
    {
        if (earlier is null) Close.To(expected(), actual, tolerance, $"{device.Info.Id}: {what}");
        else Close.Bits(earlier[outputs.Count], actual, $"{device.Info.Id}: {what}, again");
        outputs.Add(actual);
    }

    T Own<T>(T thing) where T : IDisposable
    {
        owned.Add(thing);
        return thing;
    }

    public void Dispose() => owned.ForEach(thing => thing.Dispose());
}
