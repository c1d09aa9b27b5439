using ILGPU;

namespace Silc;

/// <summary>
/// C = op(A)·op(B) on an OpenCL GPU, for a batch of matrices of any layout: 256 threads make a tile of 64 x 64, 4 x 4 sums each,
/// from operands in local memory. Groups can share the sum of a tile: each takes <c>splitDepth</c> terms then, and part p of
/// C goes p · <c>partFloats</c> behind the first. Correct on PoCL with groups of a GPU's size; how fast it is on a GPU is not
/// measured.
/// </summary>
[Kernel(DeviceKind.OpenCL)]
readonly struct ClGpuGemm(FloatPointer a, Layout la, FloatPointer b, Layout lb, FloatPointer c, Layout lc, ClEpilogue tail,
    int m, int n, int k, int heads, int splits, int splitDepth, int partFloats) : IKernel
{
    public const int Side = 64, Depth = 16, Threads = 256;

    // Lines hold one term of the sums; four floats more than needed spread turned stores over the banks.
    const int Stride = Side + 4;

    public void Execute()
    {
        var left = SharedMemory.Allocate<float>(Depth * Stride);
        var right = SharedMemory.Allocate<float>(Depth * Stride);
        int thread = Group.IdxX, group = Grid.IdxX, down = (m + Side - 1) / Side, across = (n + Side - 1) / Side;
        int column = group % across * Side, row = group / across % down * Side, split = group / across / down % splits;
        int matrix = group / across / down / splits, batch = matrix / heads, head = matrix % heads;
        int startA = la.Start(batch, head), startB = lb.Start(batch, head);
        int begin = split * splitDepth, end = begin + splitDepth < k ? begin + splitDepth : k;
        int ownRow = thread / 16 * 4, ownColumn = thread % 16 * 4;

        Float4 s0 = default, s1 = default, s2 = default, s3 = default;
        for (int from = begin; from < end; from += Depth)
        {
            Group.Barrier();    // the last terms may still be read
            for (int i = thread; i < Side * Depth; i += Threads)
            {
                // Neighbours in memory go to neighbouring threads.
                int term = la.Col == 1 ? i % Depth : i / Side, line = la.Col == 1 ? i / Depth : i % Side;
                bool inside = row + line < m && from + term < end;
                left[term * Stride + line] = inside ? a[startA + (row + line) * la.Row + (from + term) * la.Col] : 0;
                term = lb.Row == 1 ? i % Depth : i / Side;
                line = lb.Row == 1 ? i / Depth : i % Side;
                inside = column + line < n && from + term < end;
                right[term * Stride + line] = inside ? b[startB + (column + line) * lb.Col + (from + term) * lb.Row] : 0;
            }
            Group.Barrier();
            for (int term = 0; term < Depth; term++)
            {
                var x = Four(left, term * Stride + ownRow);
                var y = Four(right, term * Stride + ownColumn);
                s0 += y * x.X;
                s1 += y * x.Y;
                s2 += y * x.Z;
                s3 += y * x.W;
            }
        }
        int to = lc.Start(batch, head) + split * partFloats;
        Store(to, row + ownRow, column + ownColumn, s0);
        Store(to, row + ownRow + 1, column + ownColumn, s1);
        Store(to, row + ownRow + 2, column + ownColumn, s2);
        Store(to, row + ownRow + 3, column + ownColumn, s3);
    }

    static Float4 Four(ArrayView<float> shared, int at) => new(shared[at], shared[at + 1], shared[at + 2], shared[at + 3]);

    void Store(int to, int row, int column, Float4 sums)
    {
        if (row >= m) return;
        Store(to, row, column, sums.X);
        Store(to, row, column + 1, sums.Y);
        Store(to, row, column + 2, sums.Z);
        Store(to, row, column + 3, sums.W);
    }

    void Store(int to, int row, int column, float sum)
    {
        if (column < n) tail.Store(c, to + row * lc.Row + column * lc.Col, row, column, sum);
    }
}
