namespace Silc;

partial class CudaOps
{
    // Shared memory has room for 128 channels of bf16 or 80 of tf32.
    int LargestHead => precision switch { Precision.Bf16 => 128, Precision.Tf32 => 80, _ => 0 };

    public override void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads)
    {
        var (size, scale, queries, keys) = Sizes(q, k, batch, heads);
        if (size > LargestHead)
        {
            base.Attention(q, k, v, o, lse, batch, heads);
            return;
        }
        var at = new HeadsAt(At(q), At(k), At(v), At(o), default, Address(lse.View), 0, queries, keys, heads, size, scale);
        if (IsHalf(q) && AreOneForm(q, k, v, o))
        {
            if (size <= Head32.Size) Forward<Head32>(at, batch * heads);
            else if (size <= Head64.Size) Forward<Head64>(at, batch * heads);
            else if (size <= Head80.Size) Forward<Head80, OneBlock, FitThree>(at, batch * heads);
            else Forward<Head128, OneBlock, FitThree>(at, batch * heads);
            return;
        }
        Run(new ForwardLaunch(at, HeadCells(queries, size, o), Pieces(queries, 64), batch * heads), size, q, k, v, o);
    }

    public override void AttentionBackward(
        Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch, int heads)
    {
        var (size, scale, queries, keys) = Sizes(q, k, batch, heads);
        if (size > LargestHead)
        {
            base.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads);
            return;
        }
        if (IsHalf(q) && size <= Head80.Size && AreOneForm(q, k, v, dO, o, dQ, dK, dV))
        {
            var half = new HeadsAt(At(q), At(k), At(v), At(o), At(dO), Address(lse.View), 0, queries, keys, heads, size, scale);
            if (AreFew(half))
            {
                if (size <= Head32.Size) BackwardOfFew<Head32, FitAny>(half, At(dQ), At(dK), At(dV), batch * heads);
                else BackwardOfFew<Head64, FitThree>(half, At(dQ), At(dK), At(dV), batch * heads);
                return;
            }
            var kept = new KeptRows(Address(Device.Workspace(KeptRows.Floats(batch * heads, queries))), queries);
            if (size <= Head32.Size) Backward<Head32, FitFour>(half, kept, At(dQ), At(dK), At(dV), batch * heads);
            else if (size <= Head64.Size) Backward<Head64, FitThree>(half, kept, At(dQ), At(dK), At(dV), batch * heads);
            else Backward<Head80, FitTwo>(half, kept, At(dQ), At(dK), At(dV), batch * heads);
            return;
        }
        int rows = batch * heads * queries;
        var delta = Device.Workspace(rows);
        var at = new HeadsAt(At(q), At(k), At(v), At(o), At(dO), Address(lse.View), Address(delta), queries, keys, heads, size, scale);
        var launch = new BackwardLaunch(at, At(dQ), At(dK), At(dV),
            HeadCells(queries, size, dQ), HeadCells(keys, size, dK), HeadCells(keys, size, dV), batch * heads);
        Run(launch, size, q, k, v, dO, o, dQ, dK, dV);
    }

    // Of more queries than this a warp takes two blocks of 16, which leaves no registers for larger heads.
    const int ManyQueries = 96;

    void Forward<TSize>(HeadsAt at, int heads) where TSize : struct, IHeadSize
    {
        if (at.Queries > ManyQueries) Forward<TSize, TwoBlocks, FitTwo>(at, heads);
        else Forward<TSize, OneBlock, FitFour>(at, heads);
    }

    void Forward<TSize, TBlocks, TFit>(HeadsAt at, int heads)
        where TSize : struct, IHeadSize where TBlocks : struct, IRowBlocks where TFit : struct, IFit
    {
        int blocks = Pieces(at.Queries, HalfAttention<TSize, TBlocks, TFit>.Rows);
        Device.Launch(blocks * heads, HeadLines<TSize>.Threads, new HalfAttention<TSize, TBlocks, TFit>(at, blocks));
    }

    // Few tokens have all their gradients from one kernel, without memory in between.
    static bool AreFew(HeadsAt at) => at.Size <= HalfAttentionGrads<Head64, FitThree>.MostChannels
        && Math.Max(at.Queries, at.Keys) <= HalfAttentionGrads<Head64, FitThree>.MostRows;

    void BackwardOfFew<TSize, TFit>(HeadsAt at, MatrixAt dQ, MatrixAt dK, MatrixAt dV, int heads)
        where TSize : struct, IHeadSize where TFit : struct, IFit =>
        Device.Launch(heads, HeadLines<TSize>.Threads, new HalfAttentionGrads<TSize, TFit>(at, dQ, dK, dV));

    // The gradient of queries leaves delta for that of keys.
    void Backward<TSize, TFit>(HeadsAt at, KeptRows kept, MatrixAt dQ, MatrixAt dK, MatrixAt dV, int heads)
        where TSize : struct, IHeadSize where TFit : struct, IFit
    {
        int ofQueries = Pieces(at.Queries, HalfAttentionQueryGrad<TSize>.Rows), ofKeys = Pieces(at.Keys, HalfAttentionKeyGrad<TSize, TFit>.Rows);
        Device.Launch(ofQueries * heads, HeadLines<TSize>.Threads, new HalfAttentionQueryGrad<TSize>(at, dQ, kept, ofQueries));
        Device.Launch(ofKeys * heads, HeadLines<TSize>.Threads, new HalfAttentionKeyGrad<TSize, TFit>(at, dK, dV, kept, ofKeys));
    }

    /// <summary>A launch that waits for its type arguments: they are compiled into kernels.</summary>
    interface ILaunch
    {
        void Run<TMma, TSize, TReads, TValues>(Device device)
            where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IReads where TValues : struct, IValues;
    }

    readonly record struct ForwardLaunch(HeadsAt At, Cells Cells, int Blocks, int Heads) : ILaunch
    {
        public void Run<TMma, TSize, TReads, TValues>(Device device)
            where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IReads where TValues : struct, IValues =>
            device.Launch(Blocks * Heads, TensorAttention<TMma, TSize, TReads, TValues>.Threads,
                new TensorAttention<TMma, TSize, TReads, TValues>(At, Cells, Blocks));
    }

    readonly record struct BackwardLaunch(
        HeadsAt At, MatrixAt GradQ, MatrixAt GradK, MatrixAt GradV, Cells OfQ, Cells OfK, Cells OfV, int Heads) : ILaunch
    {
        public void Run<TMma, TSize, TReads, TValues>(Device device)
            where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IReads where TValues : struct, IValues
        {
            int groupsOfHead = Pieces(At.Queries, AttentionDelta<TReads>.Rows);
            device.Launch(Heads * groupsOfHead, AttentionDelta<TReads>.Threads, new AttentionDelta<TReads>(At, groupsOfHead));
            int rows = GradTile<TMma, TSize, TReads>.Rows, threads = GradTile<TMma, TSize, TReads>.Threads;
            int ofQueries = Pieces(At.Queries, rows), ofKeys = Pieces(At.Keys, rows);
            device.Launch(ofQueries * Heads, threads, new TensorAttentionQueryGrad<TMma, TSize, TReads, TValues>(At, GradQ, OfQ, ofQueries));
            device.Launch(ofKeys * Heads, threads, new TensorAttentionKeyGrad<TMma, TSize, TReads, TValues>(At, GradK, GradV, OfK, OfV, ofKeys));
        }
    }

    void Run<TLaunch>(TLaunch launch, int size, params ReadOnlySpan<Tensor> tensors) where TLaunch : struct, ILaunch
    {
        AreOneForm(tensors);
        bool fours = Fours(size, tensors);
        if (IsHalf(tensors[0])) Sized<TLaunch, Bf16, StoredHalves, HalfValues>(launch, size);
        else if (precision == Precision.Tf32)
            if (fours) Sized<TLaunch, Tf32, Aligned, FloatValues>(launch, size);
            else Sized<TLaunch, Tf32, Unaligned, FloatValues>(launch, size);
        else if (fours) Sized<TLaunch, Bf16, Aligned, FloatValues>(launch, size);
        else Sized<TLaunch, Bf16, Unaligned, FloatValues>(launch, size);
    }

    void Sized<TLaunch, TMma, TReads, TValues>(TLaunch launch, int size)
        where TLaunch : struct, ILaunch where TMma : struct, IMma where TReads : struct, IReads where TValues : struct, IValues
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
            if (x.Stored != tensors[0].Stored) throw new ArgumentException("attention takes tensors of one form: float32 or bfloat16");
        return true;
    }

    static Cells HeadCells(int rows, int size, Tensor x) => new(rows, size, Fours(size, x) ? 1 : 0);

    static bool Fours(int size, params ReadOnlySpan<Tensor> tensors)
    {
        bool fours = size % 4 == 0;
        foreach (var x in tensors) fours &= IsAligned(x);
        return fours;
    }
}
