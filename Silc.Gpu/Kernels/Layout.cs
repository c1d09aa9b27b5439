namespace Silc;

/// <summary>Where a batch of matrices lies: element (i, j) of matrix (b, h) is at <c>b·Batch + h·Head + i·Row + j·Col</c>.</summary>
readonly struct Layout(int batch, int head, int row, int col)
{
    public readonly int Batch = batch, Head = head, Row = row, Col = col;

    public int Start(int b, int h) => b * Batch + h * Head;
}
