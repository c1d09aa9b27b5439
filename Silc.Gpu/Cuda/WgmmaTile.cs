namespace Silc;

/// <summary>
/// Tile sizes of <see cref="WgmmaGemm{TA,TB,TOperand,TEpilogue}"/>: one block occupies a multiprocessor and works through many tiles.
/// </summary>
static class WgmmaTile
{
    /// <summary>Tile M = tile N, and tile K.</summary>
    public const int Side = GemmTile.Side, TileK = TensorMap.Box;

    /// <summary>Consumer warpgroups, and behind them one of which a single thread works, the producer.</summary>
    public const int Consumers = 2, WarpsPerConsumer = 4, ConsumerWarps = Consumers * WarpsPerConsumer, Threads = 32 * (ConsumerWarps + 4);

    /// <summary>
    /// Registers of a consumer's and of the producer's threads: what the launch gives to 384 threads alike, 168 each, is distributed anew.
    /// </summary>
    public const int ConsumerRegisters = 240, ProducerRegisters = 24;

    /// <summary>A TMA box is 64 lines of 128 bytes; two are an operand's tile, four a stage.</summary>
    public const int Line = 128, BoxBytes = TensorMap.Box * Line, OperandBytes = 2 * BoxBytes, StageBytes = 2 * OperandBytes;

    /// <summary>Stages of the ring in shared memory: one or two are multiplied, the others are being loaded.</summary>
    public const int Stages = 6;

    /// <summary>
    /// Dynamic shared memory: the stages, aligned to 1,024 bytes for the swizzle, then the epilogue's staging buffers, then the mbarriers:
    /// one "full" for each stage, one "empty" for each, and a "turn" for each consumer.
    /// </summary>
    public const int EpilogueOffset = Stages * StageBytes, BarriersOffset = EpilogueOffset + ConsumerWarps * AccumulatorRow.SharedBytes,
        TurnOffset = 16 * Stages, SharedBytes = BarriersOffset + TurnOffset + 8 * Consumers + 1024;

    /// <summary>The stage at a position of the ring, which counts stages from the start of the block.</summary>
    public static int StageAt(int position) => position % Stages;

    /// <summary>The parity of the phase in which the stage at a position of the ring becomes full.</summary>
    public static int ParityAt(int position) => position / Stages & 1;
}
