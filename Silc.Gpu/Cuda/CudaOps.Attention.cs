namespace Silc;

partial class CudaOps
{
    // Shared memory has room for 128 channels of bf16 or 80 of tf32.
    int LargestHead => precision switch { Precision.Bf16 => 128, Precision.Tf32 => 80, _ => 0 };

    public override void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false)
    {
        var (size, scale, queries, keys) = Sizes(q, k, batch, heads);
        // The kernels of tensor cores have no mask.
        if (causal || size > LargestHead)
        {
            base.Attention(q, k, v, o, lse, batch, heads, causal);
            return;
        }
        var at = new HeadLayout(At(q), At(k), At(v), At(o), default, Address(lse.View), 0, queries, keys, heads, size, scale);
        if (IsBf16(q) && AreOneForm(q, k, v, o))
        {
            if (size <= Head32.Size) Forward<Head32>(at, batch * heads);
            else if (size <= Head64.Size) Forward<Head64>(at, batch * heads);
            else if (size <= Head80.Size) Forward<Head80, OneRowTile, MinBlocks3>(at, batch * heads);
            else Forward<Head128, OneRowTile, MinBlocks3>(at, batch * heads);
            return;
        }
        Run(new ForwardLaunch(at, HeadCells(queries, size, o), DivUp(queries, 64), batch * heads), size, q, k, v, o);
    }

    public override void AttentionBackward(
        Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch, int heads, bool causal = false)
    {
        var (size, scale, queries, keys) = Sizes(q, k, batch, heads);
        if (causal || size > LargestHead)
        {
            base.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads, causal);
            return;
        }
        if (IsBf16(q) && size <= Head80.Size && AreOneForm(q, k, v, dO, o, dQ, dK, dV))
        {
            var half = new HeadLayout(At(q), At(k), At(v), At(o), At(dO), Address(lse.View), 0, queries, keys, heads, size, scale);
            if (AreFew(half))
            {
                if (size <= Head32.Size) BackwardOfFew<Head32, MinBlocksAny>(half, At(dQ), At(dK), At(dV), batch * heads);
                else BackwardOfFew<Head64, MinBlocks3>(half, At(dQ), At(dK), At(dV), batch * heads);
                return;
            }
            var kept = new SavedRows(Address(Device.Workspace(SavedRows.Floats(batch * heads, queries))), queries);
            if (size <= Head32.Size) Backward<Head32, MinBlocks4>(half, kept, At(dQ), At(dK), At(dV), batch * heads);
            else if (size <= Head64.Size) Backward<Head64, MinBlocks3>(half, kept, At(dQ), At(dK), At(dV), batch * heads);
            else Backward<Head80, MinBlocks2>(half, kept, At(dQ), At(dK), At(dV), batch * heads);
            return;
        }
        int rows = batch * heads * queries;
        var delta = Device.Workspace(rows);
        var at = new HeadLayout(At(q), At(k), At(v), At(o), At(dO), Address(lse.View), Address(delta), queries, keys, heads, size, scale);
        var launch = new BackwardLaunch(at, At(dQ), At(dK), At(dV),
            HeadCells(queries, size, dQ), HeadCells(keys, size, dK), HeadCells(keys, size, dV), batch * heads);
        Run(launch, size, q, k, v, dO, o, dQ, dK, dV);
    }

    // Of more queries than this a warp takes two blocks of 16, which leaves no registers for larger heads.
    const int ManyQueries = 96;

    void Forward<TSize>(HeadLayout at, int heads) where TSize : struct, IHeadSize
    {
        if (at.Queries > ManyQueries) Forward<TSize, TwoRowTiles, MinBlocks2>(at, heads);
        else Forward<TSize, OneRowTile, MinBlocks4>(at, heads);
    }

    void Forward<TSize, TBlocks, TFit>(HeadLayout at, int heads)
        where TSize : struct, IHeadSize where TBlocks : struct, IRowTiles where TFit : struct, IMinBlocks
    {
        int blocks = DivUp(at.Queries, Bf16Attention<TSize, TBlocks, TFit>.Rows);
        Device.Launch(blocks * heads, Bf16HeadTile<TSize>.Threads, new Bf16Attention<TSize, TBlocks, TFit>(at, blocks));
    }

    // Few tokens have all their gradients from one kernel, without memory in between.
    static bool AreFew(HeadLayout at) => at.Size <= Bf16AttentionGrad<Head64, MinBlocks3>.MostChannels
        && Math.Max(at.Queries, at.Keys) <= Bf16AttentionGrad<Head64, MinBlocks3>.MostRows;

    void BackwardOfFew<TSize, TFit>(HeadLayout at, MatrixPointer dQ, MatrixPointer dK, MatrixPointer dV, int heads)
        where TSize : struct, IHeadSize where TFit : struct, IMinBlocks =>
        Device.Launch(heads, Bf16HeadTile<TSize>.Threads, new Bf16AttentionGrad<TSize, TFit>(at, dQ, dK, dV));

    // The gradient of queries leaves delta for that of keys.
    void Backward<TSize, TFit>(HeadLayout at, SavedRows kept, MatrixPointer dQ, MatrixPointer dK, MatrixPointer dV, int heads)
        where TSize : struct, IHeadSize where TFit : struct, IMinBlocks
    {
        int ofQueries = DivUp(at.Queries, Bf16AttentionQueryGrad<TSize>.Rows), ofKeys = DivUp(at.Keys, Bf16AttentionKeyGrad<TSize, TFit>.Rows);
        Device.Launch(ofQueries * heads, Bf16HeadTile<TSize>.Threads, new Bf16AttentionQueryGrad<TSize>(at, dQ, kept, ofQueries));
        Device.Launch(ofKeys * heads, Bf16HeadTile<TSize>.Threads, new Bf16AttentionKeyGrad<TSize, TFit>(at, dK, dV, kept, ofKeys));
    }

    /// <summary>A launch that waits for its type arguments: they are compiled into kernels.</summary>
    interface ILaunch
    {
        void Run<TMma, TSize, TReads, TValues>(Device device)
            where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IGlobalLoad where TValues : struct, IQuadAccess;
    }

    readonly record struct ForwardLaunch(HeadLayout At, EpilogueShape Cells, int Blocks, int Heads) : ILaunch
    {
        public void Run<TMma, TSize, TReads, TValues>(Device device)
            where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IGlobalLoad where TValues : struct, IQuadAccess =>
            device.Launch(Blocks * Heads, TensorCoreAttention<TMma, TSize, TReads, TValues>.Threads,
                new TensorCoreAttention<TMma, TSize, TReads, TValues>(At, Cells, Blocks));
    }

    readonly record struct BackwardLaunch(
        HeadLayout At, MatrixPointer GradQ, MatrixPointer GradK, MatrixPointer GradV, EpilogueShape OfQ, EpilogueShape OfK, EpilogueShape OfV, int Heads) : ILaunch
    {
        public void Run<TMma, TSize, TReads, TValues>(Device device)
            where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IGlobalLoad where TValues : struct, IQuadAccess
        {
            int groupsOfHead = DivUp(At.Queries, AttentionDelta<TReads>.Rows);
            device.Launch(Heads * groupsOfHead, AttentionDelta<TReads>.Threads, new AttentionDelta<TReads>(At, groupsOfHead));
            int rows = AttentionGradTile<TMma, TSize, TReads>.Rows, threads = AttentionGradTile<TMma, TSize, TReads>.Threads;
            int ofQueries = DivUp(At.Queries, rows), ofKeys = DivUp(At.Keys, rows);
            device.Launch(ofQueries * Heads, threads, new TensorCoreAttentionQueryGrad<TMma, TSize, TReads, TValues>(At, GradQ, OfQ, ofQueries));
            device.Launch(ofKeys * Heads, threads, new TensorCoreAttentionKeyGrad<TMma, TSize, TReads, TValues>(At, GradK, GradV, OfK, OfV, ofKeys));
        }
    }

    void Run<TLaunch>(TLaunch launch, int size, params ReadOnlySpan<Tensor> tensors) where TLaunch : struct, ILaunch
    {
        AreOneForm(tensors);
        bool fours = Fours(size, tensors);
        if (IsBf16(tensors[0])) Sized<TLaunch, Bf16Mma, Bf16Load, Bf16Quads>(launch, size);
        else if (precision == Precision.Tf32)
            if (fours) Sized<TLaunch, Tf32Mma, VectorLoad, Float32Quads>(launch, size);
            else Sized<TLaunch, Tf32Mma, ScalarLoad, Float32Quads>(launch, size);
        else if (fours) Sized<TLaunch, Bf16Mma, VectorLoad, Float32Quads>(launch, size);
        else Sized<TLaunch, Bf16Mma, ScalarLoad, Float32Quads>(launch, size);
    }

    void Sized<TLaunch, TMma, TReads, TValues>(TLaunch launch, int size)
        where TLaunch : struct, ILaunch where TMma : struct, IMma where TReads : struct, IGlobalLoad where TValues : struct, IQuadAccess
    {
        if (size <= Head32.Size) launch.Run<TMma, Head32, TReads, TValues>(Device);
        else if (size <= Head64.Size) launch.Run<TMma, Head64, TReads, TValues>(Device);
        else if (size <= Head80.Size) launch.Run<TMma, Head80, TReads, TValues>(Device);
        else launch.Run<TMma, Head128, TReads, TValues>(Device);
    }

    // All tensors of one attention are stored in one form.
    static bool AreOneForm(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var x in tensors)
            if (x.DType != tensors[0].DType) throw new ArgumentException("attention takes tensors of one form: float32 or bfloat16");
        return true;
    }

    static EpilogueShape HeadCells(int rows, int size, Tensor x) => new(rows, size, Fours(size, x) ? 1 : 0);

    static bool Fours(int size, params ReadOnlySpan<Tensor> tensors)
    {
        bool fours = size % 4 == 0;
        foreach (var x in tensors) fours &= IsAligned(x);
        return fours;
    }
}
