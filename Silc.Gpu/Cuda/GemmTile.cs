namespace Silc;

/// <summary>Sizes of the tiles that a group multiplies on tensor cores.</summary>
static class GemmTile
{
    /// <summary>Rows and columns of C that a group makes.</summary>
    public const int Side = 128;

    /// <summary>Words of the sum that are in shared memory at once: 32 bf16 or 16 tf32.</summary>
    public const int Words = 16;

    /// <summary>Eight warps, two down and four across; each makes 64 x 32 of C.</summary>
    public const int Threads = 256, WarpRows = 64, WarpColumns = 32, WarpsAcross = 4;
}
