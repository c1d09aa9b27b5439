using System.Runtime.InteropServices;

namespace Silc.Tests;

/// <summary>A row-major matrix in native memory with a guard of NaN around every row, so that a read or write outside the matrix shows.</summary>
sealed unsafe class NativeMatrix : IDisposable
{
    public readonly int Rows, Columns, Stride;
    readonly float* memory;
    readonly int length;

    public NativeMatrix(int rows, int columns, int gap, Random? random = null)
    {
        (Rows, Columns, Stride) = (rows, columns, columns + gap);
        length = (rows + 2) * Stride + 64;
        memory = (float*)NativeMemory.Alloc((nuint)length, sizeof(float));
        new Span<float>(memory, length).Fill(float.NaN);
        if (random == null) return;
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) this[i, j] = random.NextSingle() * 2 - 1;
    }

    public float* Data => memory + Stride;

    public ref float this[int row, int column] => ref Data[(nint)row * Stride + column];

    public ReadOnlySpan<float> Everything => new(memory, length);

    /// <summary>Fails when a float outside the matrix is no longer NaN, or one inside is.</summary>
    public void CheckWrittenInsideOnly()
    {
        for (int i = 0; i < length; i++)
        {
            int at = i - Stride, row = at / Stride, column = at % Stride;
            bool inside = at >= 0 && row < Rows && column < Columns;
            Assert.AreEqual(!inside, float.IsNaN(memory[i]), $"float {i} of {Rows} x {Columns}, stride {Stride}");
        }
    }

    public void Dispose() => NativeMemory.Free(memory);
}
