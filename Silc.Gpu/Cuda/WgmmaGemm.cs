using ILGPU;

namespace Silc;

/// <summary>
/// C = op(A)·op(B) of bf16 operands by <c>wgmma</c>, for compute capability 9.0 alone. Persistent and warp-specialized: a block works through
/// tiles of C. One producer thread loads them by TMA into a ring of stages, several tiles ahead; two consumer warpgroups take tiles in turn,
/// so that one multiplies while the other runs its epilogue. What the epilogue reads of C's shape comes through the ring as well, behind the
/// operands of its tile. Split-K and epilogues are those of <see cref="Bf16Gemm{TA,TB,TEpilogue,TStages}"/>.
/// </summary>
[Kernel(DeviceKind.Cuda)]
[LaunchBounds(WgmmaTile.Threads, 1, Target = "sm_90a")]
readonly struct WgmmaGemm<TA, TB, TOperand, TEpilogue, TStages>(
    TensorMap a, TensorMap b, TensorMap operand, GemmProblem problem, TEpilogue epilogue, int tiles) : IKernel
    where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile
    where TOperand : struct, IEpilogueOperand where TEpilogue : struct, IEpilogue where TStages : struct, IWgmmaStages
{
    // TMA reads the descriptors by their address in the kernel's parameters, so they are the first fields.
#pragma warning disable CS0414, IDE0052
    readonly TensorMap a = a, b = b, operand = operand;
#pragma warning restore CS0414, IDE0052

    readonly GemmProblem problem = problem;
    readonly TEpilogue epilogue = epilogue;
    readonly int tiles = tiles;

    public void Execute()
    {
        int lane = Group.IdxX & 31, warp = Group.IdxX >> 5, stages = Ptx.DynamicShared(), barriers = stages + WgmmaRing<TStages>.BarriersOffset;
        if (Group.IdxX == 0)
        {
            // "Full": one arrival, of the producer. "Empty": four arrivals, one of each warp of the consumer that took the stage.
            for (int stage = 0; stage < TStages.Count; stage++)
            {
                Ptx.MbarrierInit(barriers + 8 * stage, 1);
                Ptx.MbarrierInit(barriers + 8 * (TStages.Count + stage), WgmmaTile.WarpsPerConsumer);
            }
            // "Turn" of a consumer: the other one's four warps arrive.
            Ptx.MbarrierInit(barriers + WgmmaRing<TStages>.TurnOffset, WgmmaTile.WarpsPerConsumer);
            Ptx.MbarrierInit(barriers + WgmmaRing<TStages>.TurnOffset + 8, WgmmaTile.WarpsPerConsumer);
            Ptx.FenceMbarrierInit();
        }
        Ptx.SyncThreads();
        if (warp < WgmmaTile.ConsumerWarps)
        {
            Ptx.IncreaseRegisters(WgmmaTile.ConsumerRegisters);
            Consume(stages, barriers, warp, lane);
        }
        else
        {
            Ptx.DecreaseRegisters(WgmmaTile.ProducerRegisters);
            if (Group.IdxX == 32 * WgmmaTile.ConsumerWarps) Produce(stages, barriers);
        }
    }

    int Steps(int tile) => (problem.KEnd(tile) - problem.KBegin(tile) + WgmmaTile.TileK - 1) / WgmmaTile.TileK;

    void Produce(int stages, int barriers)
    {
        for (int tile = Grid.IdxX, position = 0; tile < tiles; tile += Grid.DimX)
        {
            int steps = Steps(tile);
            Ptx.TmaProducer<TA, TB, TOperand, TStages>(stages, barriers,
                problem.TileRow(tile) * WgmmaTile.Side, problem.TileColumn(tile) * WgmmaTile.Side,
                problem.KBegin(tile), steps, WgmmaRing<TStages>.StageAt(position), WgmmaRing<TStages>.ParityAt(position));
            position += steps + TOperand.Stages;
        }
    }

    // The consumers multiply in turn, each as soon as the other has issued its last wgmma and has what its epilogue reads. A wait tells a
    // phase from the next one only, whose parity is the other: so no consumer may wait for a stage while the filling before is on its way.
    void Consume(int stages, int barriers, int warp, int lane)
    {
        int consumer = warp / WgmmaTile.WarpsPerConsumer, first = warp % WgmmaTile.WarpsPerConsumer * 16;
        int turn = barriers + WgmmaRing<TStages>.TurnOffset, shared = stages + WgmmaRing<TStages>.EpilogueOffset + warp * AccumulatorRow.SharedBytes;
        for (int tile = Grid.IdxX, position = 0, count = 0; tile < tiles; tile += Grid.DimX, count++)
        {
            int steps = Steps(tile), next = position + steps;
            if ((count & 1) == consumer)
            {
                int row = problem.TileRow(tile) * WgmmaTile.Side, column = problem.TileColumn(tile) * WgmmaTile.Side;
                var bias = TileBias.Load(epilogue, column, lane);
                // The first consumer begins: the phase before the first passes for complete.
                Ptx.MbarrierWait(turn + 8 * consumer, count / WgmmaTile.Consumers + 1 - consumer & 1);
                var acc = Ptx.WgmmaConsumer<TA, TB, TOperand, TStages>(stages, barriers, steps, lane, WgmmaRing<TStages>.StageAt(position),
                    WgmmaRing<TStages>.ParityAt(position), turn + 8 * (1 - consumer));
                acc.Store<TEpilogue, TOperand>(epilogue, bias, row, column, first, problem.C(tile),
                    stages + WgmmaRing<TStages>.StageAt(next) * WgmmaTile.StageBytes,
                    stages + WgmmaRing<TStages>.StageAt(next + 1) * WgmmaTile.StageBytes,
                    shared, lane);
                if (TOperand.Stages > 0) Release(barriers + 8 * TStages.Count, next, lane);
            }
            position = next + TOperand.Stages;
        }
    }

    // The operand's stages are empty. TMA overwrites what ordinary loads have read, so these are ordered first.
    static void Release(int empty, int position, int lane)
    {
        Ptx.FenceProxyAsync();
        Ptx.SyncWarp();
        Ptx.MbarrierArriveInLane0(empty + 8 * WgmmaRing<TStages>.StageAt(position), lane);
        if (TOperand.Stages > 1) Ptx.MbarrierArriveInLane0(empty + 8 * WgmmaRing<TStages>.StageAt(position + 1), lane);
    }
}

/// <summary>A lane's columns of the bias of a tile, loaded before the main loop: a load behind it would be waited for.</summary>
readonly struct TileBias(Float4 c0, Float4 c1, Float4 c2, Float4 c3)
{
    public readonly Float4 C0 = c0, C1 = c1, C2 = c2, C3 = c3;

    public static TileBias Load<TEpilogue>(TEpilogue epilogue, int column, int lane) where TEpilogue : struct, IEpilogue
    {
        column += AccumulatorRow.Column(lane);
        return new(epilogue.LoadBias(column), epilogue.LoadBias(column + 32), epilogue.LoadBias(column + 64), epilogue.LoadBias(column + 96));
    }
}

/// <summary>A warp's share of the warpgroup's accumulators: 16 of each 64 rows, 128 columns.</summary>
readonly struct WgmmaAccumulators(WideAccumulatorRow a0, WideAccumulatorRow a1, WideAccumulatorRow b0, WideAccumulatorRow b1)
{
    readonly WideAccumulatorRow a0 = a0, a1 = a1, b0 = b0, b1 = b1;

    /// <summary>Runs the epilogue of a tile at (row, column) of C; the warp's first row of the tile is <paramref name="first"/>.</summary>
    public void Store<TEpilogue, TOperand>(TEpilogue epilogue, TileBias bias, int row, int column, int first, long offset, int upper, int lower,
        int shared, int lane) where TEpilogue : struct, IEpilogue where TOperand : struct, IEpilogueOperand
    {
        row += first;
        int r = first + AccumulatorRow.Row(lane), c = AccumulatorRow.Column(lane);
        a0.N0.Store(epilogue, row, column, offset, shared, lane, bias.C0, TOperand.Load(upper, r, c));
        a0.N1.Store(epilogue, row, column + 32, offset, shared, lane, bias.C1, TOperand.Load(upper, r, c + 32));
        a1.N0.Store(epilogue, row, column + 64, offset, shared, lane, bias.C2, TOperand.Load(upper, r, c + 64));
        a1.N1.Store(epilogue, row, column + 96, offset, shared, lane, bias.C3, TOperand.Load(upper, r, c + 96));
        if (TOperand.Stages < 2) lower = upper + WgmmaTile.OperandBytes;
        b0.N0.Store(epilogue, row + 64, column, offset, shared, lane, bias.C0, TOperand.Load(lower, r, c));
        b0.N1.Store(epilogue, row + 64, column + 32, offset, shared, lane, bias.C1, TOperand.Load(lower, r, c + 32));
        b1.N0.Store(epilogue, row + 64, column + 64, offset, shared, lane, bias.C2, TOperand.Load(lower, r, c + 64));
        b1.N1.Store(epilogue, row + 64, column + 96, offset, shared, lane, bias.C3, TOperand.Load(lower, r, c + 96));
    }
}
