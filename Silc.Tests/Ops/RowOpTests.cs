namespace Silc.Tests;

[TestClass]
public sealed class RowOpTests
{
    [TestMethod, EveryDevice]
    public void ReplaceRows(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            var flags = t.RandomIntegers(rows, 2);
            DeviceMatrix x = t.Random(rows, cols), row = t.Random(1, cols);
            t.Ops.ReplaceRows(Flags(t, flags), row, x);
            t.Check(x, 0, () => Matrix.Make(rows, cols, (r, c) => flags[r] == 1 ? row.Before[0, c] : x.Before[r, c]));
        }
    });

    [TestMethod, EveryDevice]
    public void ReplaceRowsBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in new[] { (1, 1), (7, 33), (33, 7), (130, 130), (3, 300), (600, 5) })
        {
            var flags = t.RandomIntegers(rows, 2);
            DeviceMatrix dx = t.Random(rows, cols), dRow = t.Random(1, cols);
            t.Ops.ReplaceRowsBackward(Flags(t, flags), dx, dRow);
            t.Check(dRow, Close.Float32, () => Matrix.Make(1, cols, (_, c) =>
                dRow.Before[0, c] + Enumerable.Range(0, rows).Where(r => flags[r] == 1).Sum(r => dx.Before[r, c])), "dRow");
            t.Check(dx, 0, () => Matrix.Make(rows, cols, (r, c) => flags[r] == 1 ? 0 : dx.Before[r, c]), "dx");
        }
    });

    static DeviceMatrix Flags(OpTest t, int[] flags) => t.Fixed(Matrix.Make(flags.Length, 1, (r, _) => flags[r]));

    /// <summary>All rows of one tensor, and of two parts of it one after another.</summary>
    [TestMethod, EveryDevice]
    public void TakeRows(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            var taken = t.RandomIntegers(rows + 3, rows);
            DeviceMatrix x = t.Random(rows, cols), whole = t.Output(taken.Length, cols), parts = t.Output(taken.Length, cols);
            t.Ops.TakeRows(x, 0, t.Integers(taken), whole);
            int first = rows / 2;
            if (first > 0) t.Ops.TakeRows(x.Tensor.Slice(0, first), 0, t.Integers(taken), parts);
            t.Ops.TakeRows(x.Tensor.Slice(first, rows - first), first, t.Integers(taken), parts);
            foreach (var y in new[] { whole, parts })
                t.Check(y, 0, () => Matrix.Make(taken.Length, cols, (r, c) => x.Before[taken[r], c]));
        }
    });

    // Images, tokens, channels; 300 rows and more go through several blocks of the two-stage sums.
    static readonly (int Batch, int Period, int Cols)[] Sizes = [(1, 1, 1), (7, 1, 33), (3, 7, 130), (1, 33, 7), (130, 5, 300), (600, 1, 7)];

    [TestMethod, EveryDevice]
    public void AddBroadcast(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, period, cols) in Sizes)
        {
            DeviceMatrix table = t.Random(period, cols), x = t.Random(batch * period, cols);
            t.Ops.AddBroadcast(table, x);
            t.Check(x, Close.Float32, () => Naive.AddBroadcast(table, x));
        }
    });

    [TestMethod, EveryDevice]
    public void SumRows(string device) => OpTest.Run(device, t =>
    {
        foreach (var gap in new[] { 0, 5 })
            foreach (var (batch, period, cols) in Sizes)
            {
                DeviceMatrix x = t.Random(batch * period, cols, gap: gap), table = t.Random(period, cols);
                t.Ops.SumRows(x, table);
                t.Check(table, Close.Float32, () => table.Before + Naive.SumRows(x, period));
            }
    });

    [TestMethod, EveryDevice]
    public void MeanRows(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, period, cols) in Sizes)
        {
            DeviceMatrix x = t.Random(batch * period, cols), mean = t.Output(1, cols);
            t.Ops.MeanRows(x, mean);
            t.Check(mean, Close.Float32, () => Naive.SumRows(x, 1).Map(sum => sum / (batch * period)));
        }
    });

    [TestMethod, EveryDevice]
    public void SelectRows(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, period, cols) in Sizes)
        {
            DeviceMatrix x = t.Random(batch * period, cols), y = t.Output(batch, cols);
            t.Ops.SelectRows(x, period - 1, y);
            t.Check(y, 0, () => Naive.SelectRows(x, period, period - 1));
        }
    });

    // A caption that ends in the middle, one that repeats its end, one without, and one whose first token ends it.
    static readonly int[] captions = [3, 9, 1, 0, 4, 9, 9, 9, 1, 2, 3, 2, 9, 1, 2, 3];

    [TestMethod, EveryDevice]
    public void SelectTokens(string device) => OpTest.Run(device, t =>
    {
        foreach (var (end, chosen) in ends)
            foreach (int cols in new[] { 1, 7, 130 })
            {
                DeviceMatrix x = t.Random(captions.Length, cols), y = t.Output(chosen.Length, cols);
                t.Ops.SelectTokens(t.Integers(captions), end, x, y);
                t.Check(y, 0, () => Matrix.Make(chosen.Length, cols, (r, c) => x.Before[4 * r + chosen[r], c]));
            }
    });

    [TestMethod, EveryDevice]
    public void SelectTokensBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (end, chosen) in ends)
            foreach (int cols in new[] { 1, 7, 130 })
            {
                DeviceMatrix dy = t.Random(chosen.Length, cols), dx = t.Output(captions.Length, cols);
                t.Ops.SelectTokensBackward(t.Integers(captions), end, dy, dx);
                t.Check(dx, 0, () => Matrix.Make(captions.Length, cols, (r, c) => r % 4 == chosen[r / 4] ? dy.Before[r / 4, c] : 0));
            }
    });

    [TestMethod, EveryDevice]
    public void PoolTokens(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, length, cols) in new[] { (1, 1, 1), (3, 4, 7), (2, 77, 130) })
            foreach (var largest in new[] { false, true })
            {
                DeviceMatrix x = t.Random(batch * length, cols), y = t.Output(batch, cols);
                t.Ops.PoolTokens(x, y, largest);
                t.Check(y, Close.Float32, () => Pooled(x.Before, batch, largest));
            }
    });

    [TestMethod, EveryDevice]
    public void PoolTokensBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, length, cols) in new[] { (1, 1, 1), (3, 4, 7), (2, 5, 130) })
            foreach (var largest in new[] { false, true })
            {
                DeviceMatrix x = t.Random(batch * length, cols), dy = t.Random(batch, cols), dx = t.Output(batch * length, cols);
                t.Ops.PoolTokensBackward(x, dy, dx, largest);
                t.Check(dx, Close.Float32, () => Numeric.Pullback(dy, x, at => Pooled(at, batch, largest)));
            }
    });

    static Matrix Pooled(Matrix x, int batch, bool largest)
    {
        int length = x.Rows / batch;
        return Matrix.Make(batch, x.Cols, (b, c) => Enumerable.Range(b * length, length).Select(row => x[row, c]) is var values && largest
            ? values.Max() : values.Average());
    }

    // By the id that ends captions, and by the largest.
    static readonly (int End, int[] Chosen)[] ends = [(9, [1, 1, 0, 0]), (-1, [1, 1, 2, 0])];

    [TestMethod, EveryDevice]
    public void SelectRowsBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, period, cols) in Sizes)
        {
            int chosen = period / 2;
            DeviceMatrix dy = t.Random(batch, cols), dx = t.Output(batch * period, cols);
            t.Ops.SelectRowsBackward(dy, chosen, dx);
            t.Check(dx, 0, () => Matrix.Make(batch * period, cols, (r, c) => r % period == chosen ? dy.Before[r / period, c] : 0));
        }
    });
}
