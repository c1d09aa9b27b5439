using System.Runtime.CompilerServices;
using ILGPU.Backends.OpenCL;

namespace Silc;

/// <summary>What stands before a kernel's text where the device is a processor: vectors, and that a group is one thread.</summary>
static class ClSource
{
    /// <summary>
    /// A group of one thread needs no barriers and no shared memory; said here, the compiler drops them before PoCL splits kernels at them.
    /// Exponential and error function are those of <see cref="SimdMath"/> and <see cref="Scalar"/>: the driver's own take long to compile.
    /// </summary>
    const string ForProcessors = """
        #define double float16
        #define get_local_size(dimension) 1
        #define get_local_id(dimension) 0
        #define SILC __attribute__((always_inline))

        SILC float silc_sum(float16 x)
        {
            float8 a = x.lo + x.hi;
            float4 b = a.lo + a.hi;
            float2 c = b.lo + b.hi;
            return c.x + c.y;
        }

        SILC float silc_peak(float16 x)
        {
            float8 a = x.lo > x.hi ? x.lo : x.hi;
            float4 b = a.lo > a.hi ? a.lo : a.hi;
            float2 c = b.lo > b.hi ? b.lo : b.hi;
            return c.x > c.y ? c.x : c.y;
        }

        SILC float16 silc_exp(float16 x)
        {
            x = x < -87.33654f ? (float16)(-87.33654f) : x;
            x = x > 88.3762626f ? (float16)(88.3762626f) : x;
            float16 shifted = x * 1.44269504f + 12582912.0f;
            float16 n = shifted - 12582912.0f;
            float16 r = n * -0.693359375f + x;
            r = n * 2.12194440e-4f + r;
            float16 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
            p = p * r + 8.3334519073e-3f;
            p = p * r + 4.1665795894e-2f;
            p = p * r + 1.6666665459e-1f;
            p = p * r + 0.5f;
            p = p * (r * r) + r + 1.0f;
            return p * as_float16((as_int16(shifted) + 127) << 23);
        }

        SILC float16 silc_erf(float16 x)
        {
            float16 s = x * x;
            float16 near = 1.1283791671f * x * (1.0f - s * (0.3333333333f - s * (0.1f - s * (0.0238095238f - s * (0.0046296296f - s * 0.000757576f)))));
            float16 z = x < 0.0f ? -x : x;
            float16 t = 1.0f / (1.0f + 0.5f * z);
            float16 p = -s - 1.26551223f + t * (1.00002368f + t * (0.37409196f + t * (0.09678418f + t * (-0.18628806f
                + t * (0.27886807f + t * (-1.13520398f + t * (1.48851587f + t * (-0.82215223f + t * 0.17087277f))))))));
            float16 far = 1.0f - t * silc_exp(p);
            return z < 0.5f ? near : x < 0.0f ? -far : far;
        }

        """;

    /// <summary>Puts it there.</summary>
    public static void Prepare(CLCompiledKernel kernel) => Text(kernel) = ForProcessors + (kernel.Source.Contains("silc_turn", StringComparison.Ordinal) ? Turn : "") + kernel.Source;

    // Four perfect shuffles rotate the eight bits of (line, column) by four, which swaps them.
    static readonly string Turn = string.Concat(
        "SILC void silc_turn(const global float* from, int fromLine, global float* to, int toLine)\n{\n",
        Lines(16, i => $"float16 r0_{i} = vload16(0, from + {i} * fromLine);"),
        string.Concat(Enumerable.Range(1, 4).Select(round => Lines(16, i => string.Format(
            "float16 r{0}_{1}; r{0}_{1}.even = r{2}_{3}.{5}; r{0}_{1}.odd = r{2}_{4}.{5};", round, i, round - 1, i / 2, i / 2 + 8, i % 2 == 0 ? "lo" : "hi")))),
        Lines(16, i => $"vstore16(r4_{i}, 0, to + {i} * toLine);"),
        "}\n");

    static string Lines(int count, Func<int, string> line) => string.Concat(Enumerable.Range(0, count).Select(i => line(i) + "\n"));

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<Source>k__BackingField")]
    static extern ref string Text(CLCompiledKernel kernel);
}
