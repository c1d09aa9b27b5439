namespace Silc;

partial class ClOps
{
    public override void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias) =>
        Product(x, dy, dKernel, Transpose.A, ClEpilogue.Grads(dKernel, dBias));

    protected override void Product(Tensor a, Tensor b, Tensor c, Transpose transpose, ClEpilogue tail)
    {
        var size = ProductSize(a, b, c, transpose);
        if (wide) Product<ClTile12x32>(a, b, c, transpose, tail, size);
        else Product<ClTile6x16>(a, b, c, transpose, tail, size);
    }

    void Product<TTile>(Tensor a, Tensor b, Tensor c, Transpose transpose, ClEpilogue tail, (int M, int N, int K) size)
        where TTile : struct, IClTile
    {
        const int MaxDepth = 512;   // a panel of 64 KiB, and a tile of A of 24
        var (m, n, k) = size;
        int blocks = (k + MaxDepth - 1) / MaxDepth, depth = (k + blocks - 1) / blocks;
        var (down, across) = Parts(m, n, TTile.Rows, TTile.Columns);
        int rows = TTile.Rows * (transpose == Transpose.A ? ((m + TTile.Rows - 1) / TTile.Rows + down - 1) / down : 1);
        int each = (ClGemm<TTile>.Scratch(depth, rows) + 15) / 16 * 16;
        var scratch = Device.Workspace((long)each * down * across);
        Device.Launch(down * across, 1, new ClGemm<TTile>(
            a.View, transpose == Transpose.A ? new(0, 0, 1, a.Stride) : new(0, 0, a.Stride, 1),
            b.View, transpose == Transpose.B ? new(0, 0, 1, b.Stride) : new(0, 0, b.Stride, 1),
            c.View, c.Stride, new(m, n, k, down, across, depth), tail, scratch, each));
    }

    // Cuts C so that the largest part is smallest; of equals that with the fewest parts across, which read A again.
    (int Down, int Across) Parts(int m, int n, int tileRows, int tileColumns)
    {
        int tall = (m + tileRows - 1) / tileRows, broad = (n + tileColumns - 1) / tileColumns;
        var (best, found) = (long.MaxValue, (1, 1));
        for (int across = 1; across <= Math.Min(broad, Device.Groups); across++)
        {
            int down = Math.Min(tall, Device.Groups / across);
            long cost = ((tall + down - 1) / down + 1L) * ((broad + across - 1) / across);     // one more, for packing B
            if (cost < best) (best, found) = (cost, (down, across));
        }
        return found;
    }
}
