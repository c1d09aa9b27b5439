namespace Silc;

/// <summary>
/// Attention's tensors: image b begins at row b · queries (or keys), head h in column h · size. A block works on one head of one image.
/// </summary>
readonly struct HeadLayout(MatrixPointer q, MatrixPointer k, MatrixPointer v, MatrixPointer o, MatrixPointer dO, long lse, long delta,
    int queries, int keys, int heads, int size, float scale)
{
    /// <summary>Rows of the streamed operands in a tile.</summary>
    public const int TileRows = 32;

    public readonly int Queries = queries, Keys = keys, Size = size;
    public readonly float Scale = scale;

    public MatrixPointer Q(int head) => Of(q, head, Queries);
    public MatrixPointer K(int head) => Of(k, head, Keys);
    public MatrixPointer V(int head) => Of(v, head, Keys);
    public MatrixPointer O(int head) => Of(o, head, Queries);
    public MatrixPointer GradO(int head) => Of(dO, head, Queries);

    /// <summary>The head's part of a tensor.</summary>
    public MatrixPointer Of(MatrixPointer x, int head, int rows) => x.Offset((long)(head / heads) * rows * x.Stride + head % heads * Size);

    /// <summary>The same of a bf16 tensor, by image and first channel, which take one division to compute.</summary>
    public Bf16Rows Of(MatrixPointer x, HeadIndex index, int rows) => new Bf16Rows(x.Address, 2 * x.Stride).From(index.Image * rows, index.Channel);
    public Bf16Rows Q(HeadIndex index) => Of(q, index, Queries);
    public Bf16Rows K(HeadIndex index) => Of(k, index, Keys);
    public Bf16Rows V(HeadIndex index) => Of(v, index, Keys);
    public Bf16Rows O(HeadIndex index) => Of(o, index, Queries);
    public Bf16Rows GradO(HeadIndex index) => Of(dO, index, Queries);

    public HeadIndex IndexOf(int head)
    {
        int image = Ptx.Hold((int)((uint)head / (uint)heads));
        return new(image, Ptx.Hold((head - image * heads) * Size));
    }

    /// <summary>Addresses of what is saved for backward for each row of scores: log-sum-exp, and delta = rowsum(dO ∘ O).</summary>
    public long Lse(int head, int query) => lse + 4 * ((long)head * Queries + query);
    public long Delta(int head, int query) => delta + 4 * ((long)head * Queries + query);

    /// <summary>Predicated loads of both, zeros past the last query.</summary>
    public float LoadLse(int head, int query) => Ptx.Load(Lse(head, query), query, Queries, 0, 1);
    public float LoadDelta(int head, int query) => Ptx.Load(Delta(head, query), query, Queries, 0, 1);
}

/// <summary>Rows of bf16 by address: row r begins r · <paramref name="rowBytes"/> further on.</summary>
readonly struct Bf16Rows(long address, int rowBytes)
{
    public readonly int RowBytes = rowBytes;

    public long At(int row, int column) => address + (long)row * RowBytes + 2 * column;

    public Bf16Rows From(int row, int column) => new(At(row, column), RowBytes);
}

/// <summary>A head of an image.</summary>
readonly struct HeadIndex(int image, int channel)
{
    public readonly int Image = image, Channel = channel;
}

/// <summary>Which head a thread block works on, and from which row on.</summary>
readonly struct BlockIndex(int head, int firstRow)
{
    public readonly int Head = head, FirstRow = firstRow;

    /// <summary>For blocks of <paramref name="rows"/> rows each.</summary>
    public static BlockIndex Of(int block, int blocksPerHead, int rows)
    {
        int head = Ptx.Hold((int)((uint)block / (uint)blocksPerHead));
        return new(head, Ptx.Hold((block - head * blocksPerHead) * rows));
    }
}
