namespace Silc;

partial class CudaOps
{
    // Limited by shared memory: 128 channels of bf16 or 80 of tf32.
    int MaxHeadSize => precision switch { Precision.Bf16 => 128, Precision.Tf32 => 80, _ => 0 };

    public override void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false)
    {
        var (size, scale, queries, keys) = Sizes(q, k, batch, heads);
        // The tensor-core kernels have no mask.
        if (causal || size > MaxHeadSize)
        {
            base.Attention(q, k, v, o, lse, batch, heads, causal);
            return;
        }
        var layout = new HeadLayout(At(q), At(k), At(v), At(o), default, Address(lse.View), 0, queries, keys, heads, size, scale);
        if (IsBf16(q) && CheckSameDType(q, k, v, o))
        {
            if (size <= Head32.Size) Forward<Head32>(layout, batch * heads);
            else if (size <= Head64.Size) Forward<Head64>(layout, batch * heads);
            else if (size <= Head80.Size) Forward<Head80, OneRowTile, MinBlocks3>(layout, batch * heads);
            else Forward<Head128, OneRowTile, MinBlocks3>(layout, batch * heads);
            return;
        }
        Run(new ForwardLaunch(layout, HeadShape(queries, size, o), DivUp(queries, 64), batch * heads), size, q, k, v, o);
    }

    public override void AttentionBackward(
        Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch, int heads, bool causal = false)
    {
        var (size, scale, queries, keys) = Sizes(q, k, batch, heads);
        if (causal || size > MaxHeadSize)
        {
            base.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads, causal);
            return;
        }
        if (IsBf16(q) && size <= Head80.Size && CheckSameDType(q, k, v, dO, o, dQ, dK, dV))
        {
            var bf16Layout = new HeadLayout(At(q), At(k), At(v), At(o), At(dO), Address(lse.View), 0, queries, keys, heads, size, scale);
            if (FitsOneBlock(bf16Layout))
            {
                if (size > Head32.Size) BackwardOneBlock<Head64>(bf16Layout, At(dQ), At(dK), At(dV), batch * heads);
                else if (Tuning[CudaChoice.AttentionGradBlocks] > 0) BackwardOneBlock<Head32>(bf16Layout, At(dQ), At(dK), At(dV), batch * heads);
                else BackwardOneBlock<Head32, MinBlocksAny>(bf16Layout, At(dQ), At(dK), At(dV), batch * heads);
                return;
            }
            var saved = new SavedRows(Address(Device.Workspace(SavedRows.Floats(batch * heads, queries))), queries);
            if (size <= Head32.Size && Tuning[CudaChoice.AttentionGradBlocks] == 0)
                Backward<Head32, MinBlocks4>(bf16Layout, saved, At(dQ), At(dK), At(dV), batch * heads);
            else if (size <= Head32.Size) Backward<Head32>(bf16Layout, saved, At(dQ), At(dK), At(dV), batch * heads);
            else if (size <= Head64.Size) Backward<Head64>(bf16Layout, saved, At(dQ), At(dK), At(dV), batch * heads);
            else Backward<Head80, MinBlocks2>(bf16Layout, saved, At(dQ), At(dK), At(dV), batch * heads);
            return;
        }
        int rows = batch * heads * queries;
        var delta = Device.Workspace(rows);
        var layout = new HeadLayout(At(q), At(k), At(v), At(o), At(dO), Address(lse.View), Address(delta), queries, keys, heads, size, scale);
        var launch = new BackwardLaunch(layout, At(dQ), At(dK), At(dV),
            HeadShape(queries, size, dQ), HeadShape(keys, size, dK), HeadShape(keys, size, dV), batch * heads);
        Run(launch, size, q, k, v, dO, o, dQ, dK, dV);
    }

    // Above this, a warp takes two row tiles of 16 queries; heads above 64 channels do not have the registers for it.
    const int MaxQueriesOfOneTile = 96;

    void Forward<TSize>(HeadLayout layout, int heads) where TSize : struct, IHeadSize
    {
        int rows = Tuning[CudaChoice.AttentionRows];
        if (rows == 0) rows = layout.Queries > MaxQueriesOfOneTile ? 32 : 16;
        // More blocks of 32 queries a warp would spill registers.
        if (rows == 32) Forward<TSize, TwoRowTiles, MinBlocks2>(layout, heads);
        else if (Tuning[CudaChoice.AttentionBlocks] == 2) Forward<TSize, OneRowTile, MinBlocks2>(layout, heads);
        else if (Tuning[CudaChoice.AttentionBlocks] == 3) Forward<TSize, OneRowTile, MinBlocks3>(layout, heads);
        else Forward<TSize, OneRowTile, MinBlocks4>(layout, heads);
    }

    void Forward<TSize, TRows, TOccupancy>(HeadLayout layout, int heads)
        where TSize : struct, IHeadSize where TRows : struct, IRowTiles where TOccupancy : struct, IMinBlocks
    {
        int blocksPerHead = DivUp(layout.Queries, Bf16Attention<TSize, TRows, TOccupancy>.Rows);
        Device.Launch(blocksPerHead * heads, Bf16HeadTile<TSize>.Threads, new Bf16Attention<TSize, TRows, TOccupancy>(layout, blocksPerHead));
    }

    // At most 64 tokens: one fused backward kernel, without intermediate results in global memory.
    static bool FitsOneBlock(HeadLayout layout) => layout.Size <= Bf16AttentionGrad<Head64, MinBlocks3>.MaxChannels
        && Math.Max(layout.Queries, layout.Keys) <= Bf16AttentionGrad<Head64, MinBlocks3>.MaxRows;

    void BackwardOneBlock<TSize>(HeadLayout layout, MatrixPointer dQ, MatrixPointer dK, MatrixPointer dV, int heads)
        where TSize : struct, IHeadSize
    {
        if (GradBlocks == 2) BackwardOneBlock<TSize, MinBlocks2>(layout, dQ, dK, dV, heads);
        else BackwardOneBlock<TSize, MinBlocks3>(layout, dQ, dK, dV, heads);
    }

    // Three blocks have 114 KiB of shared memory, which GPUs of compute capability 8.6, 8.9 and 12.0 do not have; and there the bound costs spills.
    int GradBlocks => Tuning[CudaChoice.AttentionGradBlocks] is > 0 and var chosen ? chosen
        : Capability is (8, not 0) or ( >= 12, _) ? 2 : 3;

    void BackwardOneBlock<TSize, TOccupancy>(HeadLayout layout, MatrixPointer dQ, MatrixPointer dK, MatrixPointer dV, int heads)
        where TSize : struct, IHeadSize where TOccupancy : struct, IMinBlocks =>
        Device.Launch(heads, Bf16HeadTile<TSize>.Threads, new Bf16AttentionGrad<TSize, TOccupancy>(layout, dQ, dK, dV));

    void Backward<TSize>(HeadLayout layout, SavedRows saved, MatrixPointer dQ, MatrixPointer dK, MatrixPointer dV, int heads)
        where TSize : struct, IHeadSize
    {
        if (GradBlocks == 2) Backward<TSize, MinBlocks2>(layout, saved, dQ, dK, dV, heads);
        else Backward<TSize, MinBlocks3>(layout, saved, dQ, dK, dV, heads);
    }

    // The query gradient kernel comes first: it computes delta and saves it for the key gradient kernel.
    void Backward<TSize, TOccupancy>(HeadLayout layout, SavedRows saved, MatrixPointer dQ, MatrixPointer dK, MatrixPointer dV, int heads)
        where TSize : struct, IHeadSize where TOccupancy : struct, IMinBlocks
    {
        int queryBlocks = DivUp(layout.Queries, Bf16AttentionQueryGrad<TSize>.Rows),
            keyBlocks = DivUp(layout.Keys, Bf16AttentionKeyGrad<TSize, TOccupancy>.Rows);
        Device.Launch(queryBlocks * heads, Bf16HeadTile<TSize>.Threads, new Bf16AttentionQueryGrad<TSize>(layout, dQ, saved, queryBlocks));
        Device.Launch(keyBlocks * heads, Bf16HeadTile<TSize>.Threads, new Bf16AttentionKeyGrad<TSize, TOccupancy>(layout, dK, dV, saved, keyBlocks));
    }

    /// <summary>A launch that is generic over the kernel's compile-time choices: mma, head size, loads and stores.</summary>
    interface ILaunch
    {
        void Run<TMma, TSize, TLoad, TQuads>(Device device)
            where TMma : struct, IMma where TSize : struct, IHeadSize where TLoad : struct, IGlobalLoad where TQuads : struct, IQuadAccess;
    }

    readonly record struct ForwardLaunch(HeadLayout Layout, EpilogueShape Shape, int BlocksPerHead, int Heads) : ILaunch
    {
        public void Run<TMma, TSize, TLoad, TQuads>(Device device)
            where TMma : struct, IMma where TSize : struct, IHeadSize where TLoad : struct, IGlobalLoad where TQuads : struct, IQuadAccess =>
            device.Launch(BlocksPerHead * Heads, TensorCoreAttention<TMma, TSize, TLoad, TQuads>.Threads,
                new TensorCoreAttention<TMma, TSize, TLoad, TQuads>(Layout, Shape, BlocksPerHead));
    }

    readonly record struct BackwardLaunch(
        HeadLayout Layout, MatrixPointer GradQ, MatrixPointer GradK, MatrixPointer GradV, EpilogueShape ShapeQ, EpilogueShape ShapeK,
        EpilogueShape ShapeV, int Heads) : ILaunch
    {
        public void Run<TMma, TSize, TLoad, TQuads>(Device device)
            where TMma : struct, IMma where TSize : struct, IHeadSize where TLoad : struct, IGlobalLoad where TQuads : struct, IQuadAccess
        {
            int blocksPerHead = DivUp(Layout.Queries, AttentionDelta<TLoad>.Rows);
            device.Launch(Heads * blocksPerHead, AttentionDelta<TLoad>.Threads, new AttentionDelta<TLoad>(Layout, blocksPerHead));
            int rows = AttentionGradTile<TMma, TSize, TLoad>.Rows, threads = AttentionGradTile<TMma, TSize, TLoad>.Threads;
            int queryBlocks = DivUp(Layout.Queries, rows), keyBlocks = DivUp(Layout.Keys, rows);
            device.Launch(queryBlocks * Heads, threads,
                new TensorCoreAttentionQueryGrad<TMma, TSize, TLoad, TQuads>(Layout, GradQ, ShapeQ, queryBlocks));
            device.Launch(keyBlocks * Heads, threads,
                new TensorCoreAttentionKeyGrad<TMma, TSize, TLoad, TQuads>(Layout, GradK, GradV, ShapeK, ShapeV, keyBlocks));
        }
    }

    void Run<TLaunch>(TLaunch launch, int size, params ReadOnlySpan<Tensor> tensors) where TLaunch : struct, ILaunch
    {
        CheckSameDType(tensors);
        bool vectorized = IsVectorized(size, tensors);
        if (IsBf16(tensors[0])) RunForHeadSize<TLaunch, Bf16Mma, Bf16Load, Bf16Quads>(launch, size);
        else if (precision == Precision.Tf32)
            if (vectorized) RunForHeadSize<TLaunch, Tf32Mma, VectorLoad, Float32Quads>(launch, size);
            else RunForHeadSize<TLaunch, Tf32Mma, ScalarLoad, Float32Quads>(launch, size);
        else if (vectorized) RunForHeadSize<TLaunch, Bf16Mma, VectorLoad, Float32Quads>(launch, size);
        else RunForHeadSize<TLaunch, Bf16Mma, ScalarLoad, Float32Quads>(launch, size);
    }

    void RunForHeadSize<TLaunch, TMma, TLoad, TQuads>(TLaunch launch, int size)
        where TLaunch : struct, ILaunch where TMma : struct, IMma where TLoad : struct, IGlobalLoad where TQuads : struct, IQuadAccess
    {
        if (size <= Head32.Size) launch.Run<TMma, Head32, TLoad, TQuads>(Device);
        else if (size <= Head64.Size) launch.Run<TMma, Head64, TLoad, TQuads>(Device);
        else if (size <= Head80.Size) launch.Run<TMma, Head80, TLoad, TQuads>(Device);
        else launch.Run<TMma, Head128, TLoad, TQuads>(Device);
    }

    // All tensors of one attention have one dtype.
    static bool CheckSameDType(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var x in tensors)
            if (x.DType != tensors[0].DType)
                throw new ArgumentException($"attention was given {tensors[0].DType} and {x.DType}: store all its tensors with one dtype");
        return true;
    }

    static EpilogueShape HeadShape(int rows, int size, Tensor x) => new(rows, size, IsVectorized(size, x) ? 1 : 0);

    static bool IsVectorized(int size, params ReadOnlySpan<Tensor> tensors)
    {
        bool vectorized = size % 4 == 0;
        foreach (var x in tensors) vectorized &= IsAligned(x);
        return vectorized;
    }
}
