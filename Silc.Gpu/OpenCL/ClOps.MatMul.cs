namespace Silc;

partial class ClOps
{
    public override void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias) =>
        Gemm(x, dy, dKernel, Transpose.A, ClEpilogue.Grads(dKernel, dBias));

    protected override void Gemm(Tensor a, Tensor b, Tensor c, Transpose transpose, ClEpilogue epilogue)
    {
        var size = ProductSize(a, b, c, transpose);
        if (wide) Gemm<ClTile12x32>(a, b, c, transpose, epilogue, size);
        else Gemm<ClTile6x16>(a, b, c, transpose, epilogue, size);
    }

    void Gemm<TTile>(Tensor a, Tensor b, Tensor c, Transpose transpose, ClEpilogue epilogue, (int M, int N, int K) size)
        where TTile : struct, IClTile
    {
        const int MaxKBlock = 512;   // a panel of B is at most 64 KiB, a tile of A 24 KiB
        var (m, n, k) = size;
        int kBlocks = (k + MaxKBlock - 1) / MaxKBlock, kBlock = (k + kBlocks - 1) / kBlocks;
        var (partsM, partsN) = Parts(m, n, TTile.Rows, TTile.Columns);
        int rows = TTile.Rows * (transpose == Transpose.A ? ((m + TTile.Rows - 1) / TTile.Rows + partsM - 1) / partsM : 1);
        int each = (ClGemm<TTile>.Scratch(kBlock, rows) + 15) / 16 * 16;
        var scratch = Device.Workspace((long)each * partsM * partsN);
        Device.Launch(partsM * partsN, 1, new ClGemm<TTile>(
            a.View, transpose == Transpose.A ? new(0, 0, 1, a.Stride) : new(0, 0, a.Stride, 1),
            b.View, transpose == Transpose.B ? new(0, 0, 1, b.Stride) : new(0, 0, b.Stride, 1),
            c.View, c.Stride, new(m, n, k, partsM, partsN, kBlock), epilogue, scratch, each));
    }

    // Divides C so that the largest part is smallest; among equals, into the fewest parts along N, each of which reads A again.
    (int PartsM, int PartsN) Parts(int m, int n, int tileRows, int tileColumns)
    {
        int tilesM = (m + tileRows - 1) / tileRows, tilesN = (n + tileColumns - 1) / tileColumns;
        var (best, found) = (long.MaxValue, (1, 1));
        for (int partsN = 1; partsN <= Math.Min(tilesN, Device.MaxBlocks); partsN++)
        {
            int partsM = Math.Min(tilesM, Device.MaxBlocks / partsN);
            long cost = ((tilesM + partsM - 1) / partsM + 1L) * ((tilesN + partsN - 1) / partsN);     // + 1 for packing B
            if (cost < best) (best, found) = (cost, (partsM, partsN));
        }
        return found;
    }
}
