using ILGPU.Runtime.Cuda;

namespace Silc;

// Products of stored bf16 on GPUs of compute capability 9.0.
partial class CudaOps
{
    /// <summary>Writes what the copy engine has to know of operands; null where the GPU has neither that engine nor wgmma.</summary>
    internal ITensorMaps? TensorMaps { get; init; } = HasWarpgroups(device) ? new DriverTensorMaps() : null;

    /// <summary>The only shape of clusters, in tests and measurements; null: by the size of the product.</summary>
    internal (int Down, int Across)? OnlyCluster { get; init; } = Environment.GetEnvironmentVariable(WarpgroupVariable) is [var down, 'x', var across]
        ? (down - '0', across - '0')
        : null;

    /// <summary>0: without wgmma, as on older GPUs; 1x1, 2x1, 1x2 or 2x2: with clusters of this shape alone.</summary>
    const string WarpgroupVariable = "SILC_WGMMA";

    static bool HasWarpgroups(Device device) => device.Accelerator is CudaAccelerator { Architecture: { Major: 9, Minor: 0 } }
        && Environment.GetEnvironmentVariable(WarpgroupVariable) != "0";

    // Clusters share operands, and are made of whole tiles: two in a direction where that adds few.
    (int Down, int Across) ClusterOf(int m, int n)
    {
        return OnlyCluster ?? (Of(m), Of(n));

        static int Of(int size)
        {
            const int Many = 16;
            int tiles = Pieces(size, WarpgroupTile.Side);
            return tiles % 2 == 0 || tiles > Many ? 2 : 1;
        }
    }

    void Warpgroup<TLeft, TRight, TCluster, TEpilogue>(Factors f, Product product, TEpilogue epilogue, int clusters)
        where TLeft : struct, IHalfOperand where TRight : struct, IHalfOperand where TCluster : struct, ICluster where TEpilogue : struct, IEpilogue
    {
        if (Device.DryRun) return;
        var a = f.AcrossA ? TensorMaps!.Of(f.A.Address, f.K, f.M, 2L * f.A.Stride) : TensorMaps!.Of(f.A.Address, f.M, f.K, 2L * f.A.Stride);
        var b = f.AcrossB ? TensorMaps.Of(f.B.Address, f.K, f.N, 2L * f.B.Stride) : TensorMaps.Of(f.B.Address, f.N, f.K, 2L * f.B.Stride);
        Device.Launch(clusters * TCluster.Down * TCluster.Across, WarpgroupTile.Threads,
            new WarpgroupMatMul<TLeft, TRight, TCluster, TEpilogue>(a, b, product, epilogue), WarpgroupTile.SharedBytes);
    }
}
