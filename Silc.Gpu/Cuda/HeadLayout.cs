namespace Silc;

/// <summary>
/// Attention's tensors: rows of image b begin at row b · queries (or keys), channels of head h in column h · size. A group of
/// threads works on one head of one image.
/// </summary>
readonly struct HeadLayout(MatrixPointer q, MatrixPointer k, MatrixPointer v, MatrixPointer o, MatrixPointer dO, long lse, long delta,
    int queries, int keys, int heads, int size, float scale)
{
    /// <summary>Rows that pass by in each round of attention's loops.</summary>
    public const int Passing = 32;

    public readonly int Queries = queries, Keys = keys, Size = size;
    public readonly float Scale = scale;

    public MatrixPointer Q(int head) => Of(q, head, Queries);
    public MatrixPointer K(int head) => Of(k, head, Keys);
    public MatrixPointer V(int head) => Of(v, head, Keys);
    public MatrixPointer O(int head) => Of(o, head, Queries);
    public MatrixPointer GradO(int head) => Of(dO, head, Queries);

    /// <summary>Where the tensor's head begins that has this shape.</summary>
    public MatrixPointer Of(MatrixPointer x, int head, int rows) => x.From((long)(head / heads) * rows * x.Stride + head % heads * Size);

    /// <summary>The same of stored bf16, by the number of the image and the first channel, for which one division does.</summary>
    public Bf16Rows Of(MatrixPointer x, HeadIndex place, int rows) => new Bf16Rows(x.Address, 2 * x.Stride).From(place.Image * rows, place.Channel);
    public Bf16Rows Q(HeadIndex place) => Of(q, place, Queries);
    public Bf16Rows K(HeadIndex place) => Of(k, place, Keys);
    public Bf16Rows V(HeadIndex place) => Of(v, place, Keys);
    public Bf16Rows O(HeadIndex place) => Of(o, place, Queries);
    public Bf16Rows GradO(HeadIndex place) => Of(dO, place, Queries);

    public HeadIndex PlaceOf(int head)
    {
        int image = Ptx.Hold((int)((uint)head / (uint)heads));
        return new(image, Ptx.Hold((head - image * heads) * Size));
    }

    /// <summary>Addresses of what is kept for each row of scores: log Σ exp, and Σ dO·o.</summary>
    public long Lse(int head, int query) => lse + 4 * ((long)head * Queries + query);
    public long Delta(int head, int query) => delta + 4 * ((long)head * Queries + query);

    /// <summary>Both of them, zeros behind the last query.</summary>
    public float LoadLse(int head, int query) => Ptx.Load(Lse(head, query), query, Queries, 0, 1);
    public float LoadDelta(int head, int query) => Ptx.Load(Delta(head, query), query, Queries, 0, 1);
}

/// <summary>Rows of bf16, by their address: row r begins r · <paramref name="bytesOfRow"/> further on.</summary>
readonly struct Bf16Rows(long address, int bytesOfRow)
{
    public readonly int BytesOfRow = bytesOfRow;

    public long At(int row, int column) => address + (long)row * BytesOfRow + 2 * column;

    public Bf16Rows From(int row, int column) => new(At(row, column), BytesOfRow);
}

/// <summary>A head of an image.</summary>
readonly struct HeadIndex(int image, int channel)
{
    public readonly int Image = image, Channel = channel;
}

/// <summary>Which head a group of threads works on, and from which row on.</summary>
readonly struct BlockIndex(int head, int first)
{
    public readonly int Head = head, First = first;

    /// <summary>Of groups that take <paramref name="rows"/> rows each, so many for a head.</summary>
    public static BlockIndex Of(int group, int groupsOfHead, int rows)
    {
        int head = Ptx.Hold((int)((uint)group / (uint)groupsOfHead));
        return new(head, Ptx.Hold((group - head * groupsOfHead) * rows));
    }
}
