namespace Silc;

/// <summary>
/// Tile sizes of <see cref="WgmmaGemm{TA,TB,TOperand,TEpilogue,TStages}"/>: one block occupies a multiprocessor and works through many tiles.
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
}

/// <summary>Stages of the ring in shared memory: one or two are multiplied, the others are being loaded.</summary>
interface IWgmmaStages
{
    static abstract int Count { get; }
}

readonly struct WgmmaStages4 : IWgmmaStages
{
    public static int Count => 4;
}

readonly struct WgmmaStages5 : IWgmmaStages
{
    public static int Count => 5;
}

/// <summary>These fill the shared memory of a multiprocessor.</summary>
readonly struct WgmmaStages6 : IWgmmaStages
{
    public static int Count => 6;
}

/// <summary>
/// Dynamic shared memory: the stages, aligned to 1,024 bytes for the swizzle, then the epilogue's staging buffers, then the mbarriers: one "full"
/// for each stage, one "empty" for each, and a "turn" for each consumer.
/// </summary>
static class WgmmaRing<TStages> where TStages : struct, IWgmmaStages
{
    public static int EpilogueOffset => TStages.Count * WgmmaTile.StageBytes;
    public static int BarriersOffset => EpilogueOffset + WgmmaTile.ConsumerWarps * AccumulatorRow.SharedBytes;
    public static int TurnOffset => 16 * TStages.Count;
    public static int SharedBytes => BarriersOffset + TurnOffset + 8 * WgmmaTile.Consumers + 1024;

    /// <summary>The stage at a position of the ring, which counts stages from the start of the block.</summary>
    public static int StageAt(int position) => position % TStages.Count;

    /// <summary>The parity of the phase in which the stage at a position of the ring becomes full.</summary>
    public static int ParityAt(int position) => position / TStages.Count & 1;
}

/// <summary>The stages of a type, for the texts of the kernel.</summary>
static class WgmmaStages
{
    public static int Of(Type stages) => stages == typeof(WgmmaStages4) ? WgmmaStages4.Count
        : stages == typeof(WgmmaStages5) ? WgmmaStages5.Count : WgmmaStages6.Count;
}
