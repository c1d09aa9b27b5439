namespace Silc.Tests;

/// <summary>CUDA's attention and its backward as PTX in the emulator, against double-precision loops.</summary>
[TestClass]
public sealed class CudaAttentionTests
{
    // Images, heads, queries, keys, channels of a head, gap between rows: below, at and above the tiles of 64 rows, 32 columns and 16 channels.
    [TestMethod, EveryCuda(Precision.Tf32)]
    public void Small_heads_at_any_address(string device, Precision precision)
    {
        Check(device, precision, (1, 1, 1, 1, 1, 0));
        Check(device, precision, (2, 3, 7, 7, 5, 11));
        Check(device, precision, (1, 1, 70, 130, 3, 0));
    }

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Heads_of_64(string device, Precision precision)
    {
        Check(device, precision, (1, 2, 70, 33, 64, 0));
        Check(device, precision, (2, 1, 1, 66, 64, 4));
    }

    [TestMethod, EveryCuda(Precision.Tf32)]
    public void Heads_of_72(string device, Precision precision) => Check(device, precision, (1, 1, 33, 65, 72, 8));

    [TestMethod, EveryCuda(Precision.Bf16)]
    public void Heads_of_128(string device, Precision precision) => Check(device, precision, (1, 1, 33, 40, 128, 0));

    [TestMethod, EveryCuda(Precision.Tf32)]
    public void Scores_far_from_zero_do_not_overflow(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        DeviceMatrix q = t.Random(9, 8, 100), k = t.Random(9, 8, 100), v = t.Random(9, 8), o = t.Output(9, 8), lse = t.Output(2, 9);
        t.Ops.Attention(q, k, v, o, lse, 1, 2);
        // One score stands out in every row, so that rounding it changes nothing.
        Close.To(Naive.Attention(q, k, v, 1, 2).O.Values, o.Read("o"), Close.Tf32, "o");
    }

    static void Check(string device, Precision precision, (int Batch, int Heads, int Queries, int Keys, int Size, int Gap) shape)
    {
        var (batch, heads, queries, keys, size, gap) = shape;
        // Probabilities and their gradients are rounded on their way into the second product.
        var tolerance = precision == Precision.Tf32 ? Close.Tf32 : Close.BFloat16;
        int width = heads * size;
        using var t = new CudaTest(device, precision);
        DeviceMatrix q = t.Random(batch * queries, width, 2, gap), k = t.Random(batch * keys, width, 2, 2 * gap),
            v = t.Random(batch * keys, width, 1, gap);
        DeviceMatrix o = t.Output(batch * queries, width, gap), lse = t.Output(batch * heads, queries);
        t.Ops.Attention(q, k, v, o, lse, batch, heads);
        var (expected, logs) = Naive.Attention(q, k, v, batch, heads);
        Close.To(expected.Values, o.Read("o"), tolerance, $"{precision} {shape}: o");
        Close.To(logs.Values, lse.Read("lse"), Close.Chained, $"{precision} {shape}: log-sum-exp");

        DeviceMatrix dO = t.Random(batch * queries, width, 1, gap), kept = t.Own(expected, gap), keptLogs = t.Own(logs);
        DeviceMatrix dQ = t.Output(batch * queries, width, gap), dK = t.Output(batch * keys, width, 2 * gap), dV = t.Output(batch * keys, width, gap);
        t.Ops.AttentionBackward(dO, q, k, v, kept, keptLogs, dQ, dK, dV, batch, heads);
        var grad = Naive.AttentionGrad(dO, q, k, v, batch, heads);
        Close.To(grad.V.Values, dV.Read("dV"), tolerance, $"{precision} {shape}: dV");
        if (keys == 1) return;      // a softmax of one score is 1 whatever the score
        Close.To(grad.Q.Values, dQ.Read("dQ"), tolerance, $"{precision} {shape}: dQ");
        Close.To(grad.K.Values, dK.Read("dK"), tolerance, $"{precision} {shape}: dK");
    }
}
