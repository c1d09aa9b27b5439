namespace Silc;

/// <summary>
/// Layout of a tile of one head in shared memory, bf16, a line a row. Lines are padded to an odd number of 16-byte units, so that the 8
/// lanes of an ldmatrix phase hit 8 different bank groups, and a lane's address advances by constants.
/// </summary>
static class Bf16HeadTile<TSize> where TSize : struct, IHeadSize
{
    public const int Threads = 128;

    public static int Units => TSize.Size / 8;
    public static int Stride => 2 * TSize.Size + 16;

    /// <summary>Rows of the streamed operands in a tile: two stages of two tiles fit into 48 KiB.</summary>
    public static int TileRows => TSize.Size <= 80 ? 64 : 32;

    public static int TileBytes => TileRows * Stride;
    public static int StageBytes => 2 * TileBytes;

    /// <summary>A lane's ldmatrix offset for an A fragment: 16 lines, 16 channels.</summary>
    public static int OffsetA(int lane) => FragmentLayout.LdMatrixARow(lane) * Stride + 4 * FragmentLayout.LdMatrixAWord(lane);

    /// <summary>Two B fragments whose K are channels: 16 lines as columns, 16 channels.</summary>
    public static int OffsetB(int lane) => FragmentLayout.LdMatrixBColumn(lane) * Stride + 4 * FragmentLayout.LdMatrixBWord(lane);

    /// <summary>Two B fragments whose K are lines: 16 lines, 16 channels as columns, by ldmatrix.trans.</summary>
    public static int OffsetBTransposed(int lane) => FragmentLayout.LdMatrixTransBK(lane) * Stride + 2 * FragmentLayout.LdMatrixTransBColumn(lane);
}

/// <summary>Row tiles of 16 that a warp works on: two share the B fragments that it loads.</summary>
interface IRowTiles
{
    static abstract int Count { get; }
}

readonly struct OneRowTile : IRowTiles
{
    public static int Count => 1;
}

readonly struct TwoRowTiles : IRowTiles
{
    public static int Count => 2;
}
