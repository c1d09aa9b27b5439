namespace Silc;

/// <summary>Tile sizes of a block of the tensor core GEMMs.</summary>
static class GemmTile
{
    /// <summary>Rows and columns of C that a block computes: tile M = tile N.</summary>
    public const int Side = 128;

    /// <summary>Tile K in 32-bit words: 32 bf16 or 16 tf32.</summary>
    public const int KWords = 16;

    /// <summary>Eight warps, 2 x 4; each computes 64 x 32 of C.</summary>
    public const int Threads = 256, WarpM = 64, WarpN = 32, WarpsN = 4;
}
