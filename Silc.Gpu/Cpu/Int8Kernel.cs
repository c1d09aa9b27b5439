using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// A kernel (K, N) in 8 bits, as <see cref="Int8Gemm"/> reads it: panels of 16 columns, and in a panel four neighbouring k of a column beside each
/// other, which one instruction multiplies. kernel[k, n] ≈ scale[n] · q[k, n] with q from -127 to 127 and scale[n] = max over k of
/// |kernel[k, n]| / 127.
/// </summary>
/// <param name="memory">Room for <see cref="Floats"/> floats.</param>
/// <param name="weights">The kernel that is rounded, rows of N floats; it is read for values of activations that are apart.</param>
/// <param name="k">Rows.</param>
/// <param name="n">Columns.</param>
readonly unsafe struct Int8Kernel(float* memory, float* weights, int k, int n)
{
    /// <summary>Columns of a panel, and neighbouring k of one instruction.</summary>
    public const int Width = 16, Group = 4;

    const int Half = 8;

    public int Rows => k;

    public int Columns => n;

    public int Panels => PanelsOf(n);

    /// <summary>Groups of four k; those past the last row are zero.</summary>
    public int Steps => StepsOf(k);

    /// <summary>A row before it was rounded.</summary>
    public float* Weights(int row) => weights + (nint)row * n;

    /// <summary>The scale of each column, of whole panels.</summary>
    public float* Scales => memory + PanelFloats(k) * Panels;

    /// <summary>scale[n] · Σ over k of q[k, n]: what a constant in all of a row of the other operand adds to a column.</summary>
    public float* Sums => Scales + Width * Panels;

    public sbyte* Panel(int panel) => (sbyte*)(memory + PanelFloats(k) * panel);

    /// <summary>Memory of a kernel in floats.</summary>
    public static long Floats(int k, int n) => PanelsOf(n) * (PanelFloats(k) + 2L * Width);

    static int PanelsOf(int n) => (n + Width - 1) / Width;

    static int StepsOf(int k) => (k + Group - 1) / Group;

    // A step of 16 columns is 64 bytes.
    static long PanelFloats(int k) => (long)StepsOf(k) * Width;

    /// <summary>Rounds one panel.</summary>
    public void Round(int panel)
    {
        var kernel = weights;
        int stride = n, first = panel * Width, columns = Math.Min(Width, n - first);
        var row = stackalloc float[Width];
        Vector256<float> most0 = default, most1 = default;
        for (int i = 0; i < k; i++)
        {
            var (left, right) = Load(i);
            most0 = Vector256.Max(most0, Vector256.Abs(left));
            most1 = Vector256.Max(most1, Vector256.Abs(right));
        }
        var (scale0, scale1) = (most0 / Vector256.Create(127f), most1 / Vector256.Create(127f));
        var (inverse0, inverse1) = (Inverse(scale0), Inverse(scale1));
        Vector256<int> sum0 = default, sum1 = default;
        var to = (int*)Panel(panel);
        for (int step = 0; step < Steps; step++, to += Width)
        {
            Vector256<int> packed0 = default, packed1 = default;
            for (int i = 0; i < Group && Group * step + i < k; i++)
            {
                var (left, right) = Load(Group * step + i);
                var q0 = Vector256.ConvertToInt32(Vector256.Round(left * inverse0));
                var q1 = Vector256.ConvertToInt32(Vector256.Round(right * inverse1));
                sum0 += q0;
                sum1 += q1;
                packed0 |= (q0 & Vector256.Create(0xFF)) << (8 * i);
                packed1 |= (q1 & Vector256.Create(0xFF)) << (8 * i);
            }
            packed0.Store(to);
            packed1.Store(to + Half);
        }
        scale0.Store(Scales + first);
        scale1.Store(Scales + first + Half);
        (scale0 * Vector256.ConvertToSingle(sum0)).Store(Sums + first);
        (scale1 * Vector256.ConvertToSingle(sum1)).Store(Sums + first + Half);

        // Columns past the last are zero.
        (Vector256<float> Left, Vector256<float> Right) Load(int i)
        {
            var from = kernel + (nint)i * stride + first;
            if (columns < Width)
            {
                for (int c = 0; c < columns; c++) row[c] = from[c];
                from = row;
            }
            return (Vector256.Load(from), Vector256.Load(from + Half));
        }

        // A column of zeros has the scale 0 and stays zero.
        static Vector256<float> Inverse(Vector256<float> scale) =>
            Vector256.ConditionalSelect(Vector256.Equals(scale, Vector256<float>.Zero), Vector256<float>.Zero, Vector256<float>.One / scale);
    }
}
