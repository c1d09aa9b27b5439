namespace Silc;

/// <summary>Strides of a batch of matrices: element (i, j) of matrix (b, h) is at <c>b·Batch + h·Head + i·Row + j·Col</c>.</summary>
readonly struct Layout(int batch, int head, int row, int col)
{
    public readonly int Batch = batch, Head = head, Row = row, Col = col;

    public int Offset(int b, int h) => b * Batch + h * Head;
}
