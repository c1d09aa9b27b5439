using System.Runtime.InteropServices;

namespace Silc.Tests;

/// <summary>
/// Products with kernels in 8 bits against double-precision loops; where the processor has no instruction for them, by the code that stands in.
/// </summary>
[TestClass]
public unsafe class Int8GemmTests
{
    static readonly (int M, int N, int K)[] Shapes =
    [
        (1, 1, 1), (1, 16, 4), (6, 16, 64), (7, 33, 5), (13, 48, 33), (130, 17, 40), (5, 130, 130), (200, 16, 3000), (64, 96, 7),
    ];

    /// <summary>What 8 bits hold exactly comes out exactly: whole numbers whose range is that of a byte.</summary>
    [TestMethod]
    public void Whole_numbers_are_multiplied_exactly() => Each((m, n, k, plan) =>
    {
        var random = new Random(m + n + k);
        using NativeMatrix x = new(m, k, 3), kernel = new(k, n, 0), c = new(m, n, 5);
        for (int i = 0; i < m; i++)
            for (int p = 0; p < k; p++) x[i, p] = p == 0 ? -100 : p == 1 ? 155 : random.Next(-100, 156);
        for (int j = 0; j < n; j++)
            for (int p = 0; p < k; p++) kernel[p, j] = p == k - 1 ? 127 : random.Next(-127, 128);
        Multiply(x, [kernel], [], null, c, null, plan);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
            {
                double exact = 0;
                for (int p = 0; p < k; p++) exact += (double)x[i, p] * kernel[p, j];
                // Only the last sum is rounded, in float32.
                Assert.AreEqual(exact, c[i, j], 1e-6 * 155 * 127 * k, $"{m} x {n} x {k} at {i}, {j}");
            }
    });

    /// <summary>Each operand is off by at most half of its step; with bias and addend, and gelu behind it.</summary>
    [TestMethod]
    public void Products_are_off_by_the_rounding_of_their_operands_and_no_more() => Each((m, n, k, plan) =>
    {
        var random = new Random(m * 7 + n * 3 + k);
        using NativeMatrix x = new(m, k, 2, random), kernel = new(k, n, 0, random), bias = new(1, n, 0, random), addend = new(m, n, 1, random);
        using NativeMatrix c = new(m, n, 4), gelu = new(m, n, 2);
        Multiply(x, [kernel], [bias], addend, c, gelu, plan);
        c.CheckWrittenInsideOnly();
        gelu.CheckWrittenInsideOnly();
        for (int j = 0; j < n; j++)
        {
            double most = 0;
            for (int p = 0; p < k; p++) most = Math.Max(most, Math.Abs(kernel[p, j]));
            for (int i = 0; i < m; i++)
            {
                double low = x[i, 0], high = low, exact = (double)bias[0, j] + addend[i, j], bound = 1e-5 * k;
                for (int p = 0; p < k; p++) (low, high) = (Math.Min(low, x[i, p]), Math.Max(high, x[i, p]));
                double half = (high - low) / 510, halfKernel = most / 254;
                for (int p = 0; p < k; p++)
                {
                    exact += (double)x[i, p] * kernel[p, j];
                    bound += half * Math.Abs(kernel[p, j]) + halfKernel * Math.Abs(x[i, p]) + half * halfKernel;
                }
                Assert.AreEqual(exact, c[i, j], bound, $"{m} x {n} x {k} at {i}, {j}");
                double value = c[i, j];
                Assert.AreEqual(Naive.Gelu(Matrix.Make(1, 1, (_, _) => value), GeluKind.Tanh)[0, 0], gelu[i, j], 1e-5, $"gelu at {i}, {j}");
            }
        }
    });

    /// <summary>Three kernels of one input, each into its columns, with the bits of one at a time.</summary>
    [TestMethod]
    public void Kernels_of_one_input_are_each_by_themselves() => Each((m, n, k, plan) =>
    {
        var random = new Random(m);
        using NativeMatrix x = new(m, k, 0, random), all = new(m, 3 * n, 7), one = new(m, n, 0);
        NativeMatrix[] kernels = [.. Enumerable.Range(0, 3).Select(_ => new NativeMatrix(k, n, 0, random))];
        NativeMatrix[] biases = [.. Enumerable.Range(0, 3).Select(_ => new NativeMatrix(1, n, 0, random))];
        Multiply(x, kernels, biases, null, all, null, plan);
        for (int kernel = 0; kernel < 3; kernel++)
        {
            Multiply(x, [kernels[kernel]], [biases[kernel]], null, one, null, new(1, 1));
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++) Assert.AreEqual(one[i, j], all[i, kernel * n + j], $"{m} x {n} x {k}, kernel {kernel} at {i}, {j}");
            kernels[kernel].Dispose();
            biases[kernel].Dispose();
        }
    });

    /// <summary>A row has the same bits wherever it lies and whatever lies beside it.</summary>
    [TestMethod]
    public void Rows_do_not_depend_on_others()
    {
        using NativeMatrix x = new(13, 40, 0, new(1)), kernel = new(40, 18, 0, new(2)), bias = new(1, 18, 0, new(3)), add = new(13, 18, 0, new(4));
        using NativeMatrix all = new(13, 18, 0);
        Multiply(x, [kernel], [bias], add, all, null, new(1, 1));
        for (int count = 1; count < 13; count++)
        {
            using NativeMatrix last = new(count, 40, 0), its = new(count, 18, 0), c = new(count, 18, 0);
            for (int i = 0; i < count; i++)
            {
                for (int p = 0; p < 40; p++) last[i, p] = x[13 - count + i, p];
                for (int n = 0; n < 18; n++) its[i, n] = add[13 - count + i, n];
            }
            Multiply(last, [kernel], [bias], its, c, null, new(1, 1));
            for (int i = 0; i < count; i++)
                for (int n = 0; n < 18; n++) Assert.AreEqual(all[13 - count + i, n], c[i, n], $"row {i} of the last {count}");
        }
    }

    /// <summary>Values far from zero, close beside each other, are told apart.</summary>
    [TestMethod]
    public void A_small_range_far_from_zero_keeps_its_steps()
    {
        using NativeMatrix x = new(1, 64, 0), kernel = new(64, 16, 0), c = new(1, 16, 0);
        for (int p = 0; p < 64; p++)
        {
            x[0, p] = 100_000 + p / 8f;
            for (int n = 0; n < 16; n++) kernel[p, n] = p == 10 * (n % 6) + 3 ? 1 : 0;
        }
        Multiply(x, [kernel], [], null, c, null, new(1, 1));
        for (int n = 0; n < 16; n++) Assert.AreEqual(100_000 + (10 * (n % 6) + 3) / 8f, c[0, n], 0.05, $"column {n}");
    }

    /// <summary>
    /// A few values far beyond the others leave them their steps: the error is that of the row without them, whatever the parts of C; rows beside it
    /// are as they were.
    /// </summary>
    [TestMethod]
    public void A_few_large_values_leave_the_others_their_steps()
    {
        const int M = 9, N = 37, K = 200;
        using NativeMatrix x = new(M, K, 3, new(1)), kernel = new(K, N, 0, new(2)), c = new(M, N, 4), parts = new(M, N, 4), plain = new(M, N, 4);
        Multiply(x, [kernel], [], null, plain, null, new(1, 1));
        foreach (var (row, place, value) in new[] { (2, 0, 500f), (2, 199, -300), (5, 77, -1e4f), (7, 3, 90), (7, 4, 91), (7, 150, 92) })
            x[row, place] = value;
        Multiply(x, [kernel], [], null, c, null, new(1, 1));
        Multiply(x, [kernel], [], null, parts, null, new(2, 3));
        for (int j = 0; j < N; j++)
        {
            double most = 0;
            for (int p = 0; p < K; p++) most = Math.Max(most, Math.Abs(kernel[p, j]));
            for (int i = 0; i < M; i++)
            {
                double exact = 0, bound = 1e-3;
                for (int p = 0; p < K; p++)
                {
                    exact += (double)x[i, p] * kernel[p, j];
                    // Half a step of values in [-1, 1], and half a step of the kernel where the value is not apart.
                    bound += 1 / 255.0 * Math.Abs(kernel[p, j]) + (Math.Abs(x[i, p]) <= 1 ? most / 254 * (Math.Abs(x[i, p]) + 1 / 255.0) : 0);
                }
                Assert.AreEqual(exact, c[i, j], bound, $"at {i}, {j}");
                Assert.AreEqual(c[i, j], parts[i, j], $"in parts at {i}, {j}");
                if (i is not (2 or 5 or 7)) Assert.AreEqual(plain[i, j], c[i, j], $"beside at {i}, {j}");
            }
        }
    }

    /// <summary>A value that is no number does not vanish, and stays in its row; a column of zeros stays zero.</summary>
    [TestMethod]
    public void What_is_no_number_shows()
    {
        using NativeMatrix x = new(7, 40, 0, new(1)), kernel = new(40, 18, 0, new(2)), c = new(7, 18, 0);
        x[3, 21] = float.NaN;
        x[5, 39] = float.PositiveInfinity;
        for (int p = 0; p < 40; p++) kernel[p, 17] = 0;
        Multiply(x, [kernel], [], null, c, null, new(1, 1));
        for (int i = 0; i < 7; i++) Assert.AreEqual(i is 3 or 5, !float.IsFinite(c[i, 0]), $"row {i}");
        Assert.AreEqual(0, c[0, 17]);
    }

    static void Each(Action<int, int, int, GemmPlan> check)
    {
        foreach (var (m, n, k) in Shapes)
            foreach (var plan in new GemmPlan[] { new(1, 1), new(2, 3) }) check(m, n, k, plan);
    }

    static void Multiply(NativeMatrix x, NativeMatrix[] kernels, NativeMatrix[] biases, NativeMatrix? addend, NativeMatrix c, NativeMatrix? gelu,
        GemmPlan plan)
    {
        int n = kernels[0].Columns, k = x.Columns;
        var floats = (nuint)Int8Kernel.Floats(k, n);
        var rounded = new Int8Kernel[3];
        for (int i = 0; i < kernels.Length; i++)
        {
            // Memory that is not zero, as a device's.
            var memory = (float*)NativeMemory.Alloc(floats, sizeof(float));
            new Span<float>(memory, (int)floats).Fill(float.NaN);
            rounded[i] = new(memory, kernels[i].Data, k, n);
            for (int panel = 0; panel < rounded[i].Panels; panel++) rounded[i].Round(panel);
        }
        var product = new Int8Product
        {
            M = x.Rows,
            A = x.Data,
            Lda = x.Stride,
            Count = kernels.Length,
            Kernel0 = rounded[0],
            Kernel1 = rounded[1],
            Kernel2 = rounded[2],
            Bias0 = BiasOf(0),
            Bias1 = BiasOf(1),
            Bias2 = BiasOf(2),
            Addend = addend is null ? null : addend.Data,
            AddendStride = addend?.Stride ?? 0,
            C = c.Data,
            Ldc = c.Stride,
            Gelu = gelu is null ? null : gelu.Data,
            LdGelu = gelu?.Stride ?? 0,
        };
        for (int item = 0; item < plan.WorkItems; item++) Int8Gemm.Compute(product, plan, item);
        for (int i = 0; i < kernels.Length; i++) NativeMemory.Free(rounded[i].Panel(0));

        float* BiasOf(int i) => i < biases.Length ? biases[i].Data : null;
    }
}
