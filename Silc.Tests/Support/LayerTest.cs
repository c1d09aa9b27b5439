namespace Silc.Tests;

/// <summary>Parameters and activation memory for one layer of a few channels.</summary>
sealed class LayerTest : IDisposable
{
    readonly Arena arena;
    readonly Random random = new(1);
    readonly List<DeviceMatrix> owned = [];

    public LayerTest(string device)
    {
        Device = TestDevices.Open(device);
        Parameters = new(Device);
        arena = Arena.Allocate(Device, 1 << 20);
        Pass = new(Device.Ops, arena);
    }

    public Device Device { get; }

    public Parameters Parameters { get; }

    public Pass Pass { get; }

    /// <summary>Allocates the parameters with values of ordinary size: initial zeros and 1e-6 would hide mistakes.</summary>
    public void Allocate()
    {
        Parameters.Allocate(seed: 1, gradients: true);
        foreach (var p in Parameters.All)
            Device.Upload<float>([.. Enumerable.Range(0, p.Count).Select(_ => random.NextSingle() - 0.5f)], p.Value.View);
    }

    public Tensor Input(int rows, int cols)
    {
        owned.Add(new DeviceMatrix(Device, Matrix.Make(rows, cols, (_, _) => random.NextDouble() * 2 - 1), cols));
        return owned[^1];
    }

    public void Check(Tensor x, Func<Pass, Tensor, (Tensor Y, Pullback Back)> forward, int samples = 32) =>
        Check(GradientCheck.Run(Pass, Parameters, x, forward, samples));

    public void Check(Tensor x, Func<Pass, Tensor, (Tensor Y, InPlacePullback Back)> forward, int samples = 32) =>
        Check(GradientCheck.Run(Pass, Parameters, x, forward, samples));

    public void Check(Func<Pass, (Tensor Y, ParameterPullback Back)> forward, int samples = 32) =>
        Check(GradientCheck.Run(Pass, Parameters, forward, samples));

    void Check(double error)
    {
        Assert.IsTrue(error < Close.CentralDifferences, $"{Device.Info.Id}: gradients differ by {error:e2} from central differences");
        Assert.AreEqual(0, arena.InUse, "activation memory that was not given back");
    }

    public void Dispose()
    {
        owned.ForEach(matrix => matrix.Dispose());
        arena.Dispose();
        Parameters.Dispose();
    }
}
