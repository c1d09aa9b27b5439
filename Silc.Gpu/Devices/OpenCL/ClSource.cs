using System.Text.RegularExpressions;
using ILGPU;

namespace Silc;

/// <summary>The prelude of OpenCL programs on processors: vectors, and work-groups (blocks) of one thread.</summary>
static partial class ClSource
{
    /// <summary>
    /// ILGPU writes vectors as double (see Float32x16), which becomes float16 here. A work-group of one thread needs no barriers and no
    /// shared memory; with its size and index defined as constants, the compiler drops them before PoCL splits kernels at barriers.
    /// Exponential and error function are those of <see cref="SimdMath"/> and <see cref="Scalar"/>: the driver's own take long to compile.
    /// Kernels are optimized for size, because their loops are vectorized already; functions and kernels may use registers of 512 bits,
    /// which LLVM avoids otherwise.
    /// </summary>
    const string ForProcessors = """
        #define double float16
        #define get_local_size(dimension) 1
        #define get_local_id(dimension) 0
        #define SILC __attribute__((always_inline))
        #define SILC_FUNCTION __attribute__((noinline, min_vector_width(512)))
        #define SILC_KERNEL __attribute__((minsize, min_vector_width(512)))
        typedef float16 silc_float16 __attribute__((aligned(4)));
        #define SILC_LOAD(from) (*(const global silc_float16*)(from))
        #define SILC_STORE(to, value) (*(global silc_float16*)(to) = (value))

        SILC float silc_sum(float16 x)
        {
            float8 a = x.lo + x.hi;
            float4 b = a.lo + a.hi;
            float2 c = b.lo + b.hi;
            return c.x + c.y;
        }

        SILC float silc_max(float16 x)
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

        SILC_FUNCTION float16 silc_erf(float16 x)
        {
            float16 s = x * x;
            float16 near = 1.1283791671f * x * (1.0f - s * (0.3333333333f - s * (0.1f
                - s * (0.0238095238f - s * (0.0046296296f - s * 0.000757576f)))));
            float16 z = x < 0.0f ? -x : x;
            float16 t = 1.0f / (1.0f + 0.5f * z);
            float16 p = -s - 1.26551223f + t * (1.00002368f + t * (0.37409196f + t * (0.09678418f + t * (-0.18628806f
                + t * (0.27886807f + t * (-1.13520398f + t * (1.48851587f + t * (-0.82215223f + t * 0.17087277f))))))));
            float16 far = 1.0f - t * silc_exp(p);
            return z < 0.5f ? near : x < 0.0f ? -far : far;
        }

        SILC_FUNCTION float16 silc_load_part(const global float* from, int count)
        {
            float x[16] = { 0 };
            for (int i = 0; i < count; i++) x[i] = from[i];
            return vload16(0, x);
        }

        SILC_FUNCTION void silc_store_part(global float* to, float16 value, int count)
        {
            float x[16];
            vstore16(value, 0, x);
            for (int i = 0; i < count; i++) to[i] = x[i];
        }

        SILC float16 silc_load(const global float* from, int count)
        {
            return count >= 16 ? SILC_LOAD(from) : silc_load_part(from, count);
        }

        SILC void silc_store(global float* to, float16 value, int count)
        {
            if (count >= 16) SILC_STORE(to, value);
            else silc_store_part(to, value, count);
        }

        """;

    /// <summary>A launch that does nothing, whatever the arguments.</summary>
    public static KernelConfig Idle => new(new Index3D(1, 2, 1), new Index3D(1, 1, 1));

    // The start of a kernel's body.
    [GeneratedRegex(@"kernel void [^{;]*\{\r?\n")]
    private static partial Regex Body();

    /// <summary>The text of a program with these kernels.</summary>
    public static string For(IEnumerable<string> kernels)
    {
        var text = string.Concat(kernels);
        text = Body().Replace(text, "SILC_KERNEL $0\tif (get_num_groups(1) == 2) return;\n");
        var called = ClFunctions.All.Where(function => text.Contains(function.Name, StringComparison.Ordinal));
        return ForProcessors + string.Concat(called.Select(function => function.Text)) + text;
    }
}
