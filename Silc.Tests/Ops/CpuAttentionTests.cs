namespace Silc.Tests;

/// <summary>The CPU's attention and its gradients against double-precision loops.</summary>
[TestClass]
public unsafe class CpuAttentionTests
{
    delegate void Work(in AttentionArgs attention, int item);

    [TestMethod]
    [DataRow(1, 1, 1, 1, 1)]
    [DataRow(2, 3, 7, 7, 5)]
    [DataRow(2, 2, 33, 33, 32)]
    [DataRow(1, 2, 130, 130, 48)]
    [DataRow(2, 2, 1, 196, 64)]
    [DataRow(1, 2, 196, 196, 72)]
    [DataRow(1, 1, 70, 1030, 64)]
    [DataRow(1, 1, 300, 9, 16)]
    // Heads of small images, by tiles: whole tiles and small ones, moved back at either edge.
    [DataRow(2, 2, 4, 4, 16)]
    [DataRow(2, 2, 5, 5, 16)]
    [DataRow(1, 2, 36, 36, 16)]
    [DataRow(1, 2, 23, 23, 24)]
    [DataRow(1, 2, 13, 13, 32)]
    [DataRow(1, 2, 64, 64, 32)]
    [DataRow(1, 1, 65, 65, 40)]
    [DataRow(1, 1, 7, 50, 16)]
    [DataRow(1, 1, 50, 7, 64)]
    [DataRow(1, 2, 9, 9, 8)]
    public void ForwardAndBackward(int batch, int heads, int queries, int keys, int size)
    {
        var random = new Random(queries + keys);
        int width = heads * size;
        // q, k and v are columns of one matrix where they can be; the gap stands between them and the edge.
        using var q = new NativeMatrix(batch * queries, width, 3, random);
        using var k = new NativeMatrix(batch * keys, width, 2 * width, random);
        using var v = new NativeMatrix(batch * keys, width, 0, random);
        using var dO = new NativeMatrix(batch * queries, width, 1, random);
        using var o = new NativeMatrix(batch * queries, width, 5);
        using var dQ = new NativeMatrix(batch * queries, width, 3);
        using var dK = new NativeMatrix(batch * keys, width, 2 * width);
        using var dV = new NativeMatrix(batch * keys, width, 1);
        using var lse = new NativeMatrix(batch * heads, queries, 0);
        // Scores far from zero: only a softmax that subtracts the maximum survives them.
        var scale = 40f / size;
        var args = new AttentionArgs
        {
            Batch = batch,
            Heads = heads,
            Queries = queries,
            Keys = keys,
            HeadSize = size,
            Scale = scale,
            Q = q.Data,
            LdQ = q.Stride,
            K = k.Data,
            LdK = k.Stride,
            V = v.Data,
            LdV = v.Stride,
            O = o.Data,
            LdO = o.Stride,
            LogSumExp = lse.Data,
            GradO = dO.Data,
            LdGradO = dO.Stride,
            GradQ = dQ.Data,
            LdGradQ = dQ.Stride,
            GradK = dK.Data,
            LdGradK = dK.Stride,
            GradV = dV.Data,
            LdGradV = dV.Stride,
        };
        // The widest tile of this processor, then every other: those are slow here, but right.
        foreach (var (forward, backward) in new (Work, Work)[] { (CpuAttention.Forward, CpuAttention.Backward),
            (CpuAttention.Forward<Tile8x8>, CpuAttention.Backward<Tile8x8>), (CpuAttention.Forward<Tile6x16>, CpuAttention.Backward<Tile6x16>),
            (CpuAttention.Forward<Tile12x16>, CpuAttention.Backward<Tile12x16>),
            (CpuAttention.Forward<Tile12x32>, CpuAttention.Backward<Tile12x32>) })
        {
            var first = Run(forward, backward);
            foreach (var written in new[] { o, lse, dQ, dK, dV }) written.CheckWrittenInsideOnly();
            for (int image = 0; image < batch; image++)
                for (int head = 0; head < heads; head++) CheckHead(image, head);
            foreach (var (expected, actual) in first.Zip(Run(forward, backward))) CollectionAssert.AreEqual(expected, actual, "twice the same bits");
        }

        float[][] Run(Work forward, Work backward)
        {
            for (int item = 0; item < CpuAttention.WorkItems(args); item++) forward(args, item);
            for (int item = 0; item < CpuAttention.WorkItems(args); item++) backward(args, item);
            return [o.Everything.ToArray(), dQ.Everything.ToArray(), dK.Everything.ToArray(), dV.Everything.ToArray()];
        }

        void CheckHead(int image, int head)
        {
            int column = head * size;
            var (expectedK, expectedV) = (new double[keys, size], new double[keys, size]);
            for (int i = 0; i < queries; i++)
            {
                int row = image * queries + i;
                var (p, y, dP, expectedQ) = (new double[keys], new double[size], new double[keys], new double[size]);
                for (int j = 0; j < keys; j++)
                    for (int c = 0; c < size; c++) p[j] += (double)scale * q[row, column + c] * k[image * keys + j, column + c];
                double max = p.Max(), sum = p.Sum(s => Math.Exp(s - max)), logSumExp = max + Math.Log(sum), mean = 0;
                Assert.AreEqual(logSumExp, lse[image * heads + head, i], 1e-5 * Math.Max(1, Math.Abs(logSumExp)), $"log-sum-exp of row {i}");
                for (int j = 0; j < keys; j++)
                {
                    p[j] = Math.Exp(p[j] - logSumExp);
                    for (int c = 0; c < size; c++)
                    {
                        y[c] += p[j] * v[image * keys + j, column + c];
                        dP[j] += (double)dO[row, column + c] * v[image * keys + j, column + c];
                        expectedV[j, c] += p[j] * dO[row, column + c];
                    }
                    mean += p[j] * dP[j];
                }
                for (int j = 0; j < keys; j++)
                    for (int c = 0; c < size; c++)
                    {
                        var dS = scale * p[j] * (dP[j] - mean);
                        expectedQ[c] += dS * k[image * keys + j, column + c];
                        expectedK[j, c] += dS * q[row, column + c];
                    }
                for (int c = 0; c < size; c++)
                {
                    Assert.AreEqual(y[c], o[row, column + c], 1e-5, $"o[{i}, {c}]");
                    Assert.AreEqual(expectedQ[c], dQ[row, column + c], 1e-4 * scale + 1e-5, $"dq[{i}, {c}]");
                }
            }
            for (int j = 0; j < keys; j++)
                for (int c = 0; c < size; c++)
                {
                    Assert.AreEqual(expectedV[j, c], dV[image * keys + j, column + c], 5e-5, $"dv[{j}, {c}]");
                    Assert.AreEqual(expectedK[j, c], dK[image * keys + j, column + c], 2e-4 * scale + 2e-5, $"dk[{j}, {c}]");
                }
        }
    }
}
