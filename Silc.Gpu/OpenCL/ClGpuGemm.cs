using ILGPU;

namespace Silc;

/// <summary>
/// C = op(A)·op(B) on an OpenCL GPU, batched, for any layout: a work-group (block) of 256 threads computes a tile of 64 x 64, 4 x 4
/// accumulators a thread, from operand tiles in shared memory. Split-K: each block of a tile reduces over <c>kPerSplit</c> of K, and split
/// p stores its partial C p · <c>splitStride</c> floats behind the first. Tested on PoCL with work-groups of a GPU's size; its speed on a
/// GPU is not measured.
/// </summary>
[Kernel(DeviceKind.OpenCL)]
readonly struct ClGpuGemm(FloatPointer a, Layout la, FloatPointer b, Layout lb, FloatPointer c, Layout lc, ClEpilogue epilogue,
    int m, int n, int k, int heads, int splits, int kPerSplit, int splitStride) : IKernel
{
    public const int Side = 64, TileK = 16, Threads = 256;

    // One line for each k, padded by four floats, which spreads transposed stores over the banks.
    const int Stride = Side + 4;

    public void Execute()
    {
        var tileA = SharedMemory.Allocate<float>(TileK * Stride);
        var tileB = SharedMemory.Allocate<float>(TileK * Stride);
        int thread = Group.IdxX, block = Grid.IdxX, tilesM = (m + Side - 1) / Side, tilesN = (n + Side - 1) / Side;
        int column = block % tilesN * Side, row = block / tilesN % tilesM * Side, split = block / tilesN / tilesM % splits;
        int matrix = block / tilesN / tilesM / splits, batch = matrix / heads, head = matrix % heads;
        int startA = la.Offset(batch, head), startB = lb.Offset(batch, head);
        int kBegin = split * kPerSplit, kEnd = kBegin + kPerSplit < k ? kBegin + kPerSplit : k;
        int ownRow = thread / 16 * 4, ownColumn = thread % 16 * 4;

        Float4 s0 = default, s1 = default, s2 = default, s3 = default;
        for (int from = kBegin; from < kEnd; from += TileK)
        {
            Group.Barrier();    // the previous tile may still be read
            for (int i = thread; i < Side * TileK; i += Threads)
            {
                // Coalesced: adjacent threads load adjacent elements.
                int kk = la.Col == 1 ? i % TileK : i / Side, outer = la.Col == 1 ? i / TileK : i % Side;
                bool inside = row + outer < m && from + kk < kEnd;
                tileA[kk * Stride + outer] = inside ? a[startA + (row + outer) * la.Row + (from + kk) * la.Col] : 0;
                kk = lb.Row == 1 ? i % TileK : i / Side;
                outer = lb.Row == 1 ? i / TileK : i % Side;
                inside = column + outer < n && from + kk < kEnd;
                tileB[kk * Stride + outer] = inside ? b[startB + (column + outer) * lb.Col + (from + kk) * lb.Row] : 0;
            }
            Group.Barrier();
            for (int kk = 0; kk < TileK; kk++)
            {
                var x = Four(tileA, kk * Stride + ownRow);
                var y = Four(tileB, kk * Stride + ownColumn);
                s0 += y * x.X;
                s1 += y * x.Y;
                s2 += y * x.Z;
                s3 += y * x.W;
            }
        }
        int to = lc.Offset(batch, head) + split * splitStride;
        Store(to, row + ownRow, column + ownColumn, s0);
        Store(to, row + ownRow + 1, column + ownColumn, s1);
        Store(to, row + ownRow + 2, column + ownColumn, s2);
        Store(to, row + ownRow + 3, column + ownColumn, s3);
    }

    static Float4 Four(ArrayView<float> shared, int at) => new(shared[at], shared[at + 1], shared[at + 2], shared[at + 3]);

    void Store(int to, int row, int column, Float4 acc)
    {
        if (row >= m) return;
        Store(to, row, column, acc.X);
        Store(to, row, column + 1, acc.Y);
        Store(to, row, column + 2, acc.Z);
        Store(to, row, column + 3, acc.W);
    }

    void Store(int to, int row, int column, float sum)
    {
        if (column < n) epilogue.Store(c, to + row * lc.Row + column * lc.Col, row, column, sum);
    }
}
