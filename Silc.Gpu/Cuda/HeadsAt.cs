namespace Silc;

/// <summary>
/// Attention's tensors: rows of picture b begin at row b · queries (or keys), channels of head h in column h · size. A group of
/// threads works on one head of one picture.
/// </summary>
readonly struct HeadsAt(MatrixAt q, MatrixAt k, MatrixAt v, MatrixAt o, MatrixAt dO, long lse, long delta,
    int queries, int keys, int heads, int size, float scale)
{
    /// <summary>Rows that pass by in each round of attention's loops.</summary>
    public const int Passing = 32;

    public readonly int Queries = queries, Keys = keys, Size = size;
    public readonly float Scale = scale;

    public MatrixAt Q(int head) => Of(q, head, Queries);
    public MatrixAt K(int head) => Of(k, head, Keys);
    public MatrixAt V(int head) => Of(v, head, Keys);
    public MatrixAt O(int head) => Of(o, head, Queries);
    public MatrixAt GradO(int head) => Of(dO, head, Queries);

    /// <summary>Where the tensor's head begins that has this shape.</summary>
    public MatrixAt Of(MatrixAt x, int head, int rows) => x.From((long)(head / heads) * rows * x.Stride + head % heads * Size);

    /// <summary>The same of stored bf16, by the number of the picture and the first channel, for which one division does.</summary>
    public HalvesAt Of(MatrixAt x, HeadPlace place, int rows) => new HalvesAt(x.Address, 2 * x.Stride).From(place.Picture * rows, place.Channel);
    public HalvesAt Q(HeadPlace place) => Of(q, place, Queries);
    public HalvesAt K(HeadPlace place) => Of(k, place, Keys);
    public HalvesAt V(HeadPlace place) => Of(v, place, Keys);
    public HalvesAt O(HeadPlace place) => Of(o, place, Queries);
    public HalvesAt GradO(HeadPlace place) => Of(dO, place, Queries);

    public HeadPlace PlaceOf(int head)
    {
        int picture = Ptx.Hold((int)((uint)head / (uint)heads));
        return new(picture, Ptx.Hold((head - picture * heads) * Size));
    }

    /// <summary>Addresses of what is kept for each row of scores: log Σ exp, and Σ dO·o.</summary>
    public long Lse(int head, int query) => lse + 4 * ((long)head * Queries + query);
    public long Delta(int head, int query) => delta + 4 * ((long)head * Queries + query);

    /// <summary>Both of them, zeros behind the last query.</summary>
    public float LoadLse(int head, int query) => Ptx.Load(Lse(head, query), query, Queries, 0, 1);
    public float LoadDelta(int head, int query) => Ptx.Load(Delta(head, query), query, Queries, 0, 1);
}

/// <summary>Rows of bf16, by their address: row r begins r · <paramref name="bytesOfRow"/> further on.</summary>
readonly struct HalvesAt(long address, int bytesOfRow)
{
    public readonly int BytesOfRow = bytesOfRow;

    public long At(int row, int column) => address + (long)row * BytesOfRow + 2 * column;

    public HalvesAt From(int row, int column) => new(At(row, column), BytesOfRow);
}

/// <summary>A head of a picture.</summary>
readonly struct HeadPlace(int picture, int channel)
{
    public readonly int Picture = picture, Channel = channel;
}

/// <summary>Which head a group of threads works on, and from which row on.</summary>
readonly struct GroupPlace(int head, int first)
{
    public readonly int Head = head, First = first;

    /// <summary>Of groups that take <paramref name="rows"/> rows each, so many for a head.</summary>
    public static GroupPlace Of(int group, int groupsOfHead, int rows)
    {
        int head = Ptx.Hold((int)((uint)group / (uint)groupsOfHead));
        return new(head, Ptx.Hold((group - head * groupsOfHead) * rows));
    }
}
