namespace Silc.Tests;

[TestClass]
public sealed class LossOpTests
{
    const float Weight = 0.7f;

    static readonly int[] BatchSizes = [1, 7, 33];

    [TestMethod, EveryDevice]
    public void TeacherSoftmax(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), center = t.Random(1, cols);
            t.Ops.TeacherSoftmax(x, center, t.Fixed(new Matrix(1, 1).With([1 / 0.04f])));
            t.Check(x, Close.LargeExponents, () => Naive.TeacherSoftmax(x, center, 0.04));
        }
    });

    /// <summary>Rows that rise, fall, are far below 0 or all the same: a running maximum changes at each value, once, or never.</summary>
    [TestMethod, EveryDevice]
    public void TeacherSoftmax_of_sorted_and_of_equal_values(string device) => OpTest.Run(device, t =>
    {
        foreach (var cols in (int[])[1, 6, 515, 4100])
        {
            var rows = Matrix.Make(4, cols, (r, c) => r switch { 0 => c * 0.01, 1 => -c * 0.01, 2 => -40 + c % 7 * 0.1, _ => 12 });
            DeviceMatrix x = t.Fixed(rows), center = t.Fixed(new Matrix(1, cols));
            t.Ops.TeacherSoftmax(x, center, t.Fixed(One(25)));
            t.Check(x, Close.LargeExponents, () => Naive.TeacherSoftmax(rows, new Matrix(1, cols), 0.04));
        }
    });

    [TestMethod, EveryDevice]
    public void SinkhornColumns(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), shifts = t.Random(rows, 1, 30), columns = t.Output(1, cols);
            t.Ops.SinkhornColumns(x, t.Fixed(One(20)), shifts, columns);
            t.Check(columns, Close.Chained, () => Matrix.Make(1, cols, (_, c) =>
                Naive.LogSumExp(Enumerable.Range(0, rows).Select(r => 20 * x.Before[r, c] + shifts.Before[r, 0]))));
        }
    });

    [TestMethod, EveryDevice]
    public void SinkhornRows(string device) => OpTest.Run(device, t =>
    {
        foreach (var weighted in new[] { false, true })
            foreach (var (rows, cols) in OpTest.Sizes)
            {
                DeviceMatrix x = t.Random(rows, cols), columns = t.Random(1, cols, 30), shifts = t.Output(rows, 1);
                var weights = Matrix.Make(rows, 1, (r, _) => r % 3 == 1 ? 0 : 0.1);
                t.Ops.SinkhornRows(x, t.Fixed(One(20)), columns, weighted ? t.Fixed(weights) : default(Tensor), shifts);
                double Of(int r) => -Naive.LogSumExp(Enumerable.Range(0, cols).Select(c => 20 * x.Before[r, c] - columns.Before[0, c]));
                // What counts, and that what does not is far below.
                bool Counts(int r) => !weighted || weights[r, 0] > 0;
                t.Check([.. shifts.Read("shifts").Where((_, r) => Counts(r))], Close.Chained,
                    () => [.. Enumerable.Range(0, rows).Where(Counts).Select(Of)], $"shifts of {rows} rows");
                Assert.IsTrue(shifts.Read("left out").Where((_, r) => !Counts(r)).All(shift => shift is < -1e20f and > float.MinValue));
            }
    });

    [TestMethod, EveryDevice]
    public void DivideBy(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), y = t.Output(rows, cols);
            t.Ops.DivideBy(x, t.Fixed(One(25)), y);
            t.Check(y, Close.Float32, () => x.Before.Map(value => value / 25));
        }
    });

    [TestMethod, EveryDevice]
    public void DinoCrossEntropy(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, prototypes, students, teachers, skipSame) in
            new[] { (1, 2, 1, 1, false), (3, 7, 4, 2, false), (2, 33, 2, 2, true), (1, 130, 3, 2, true), (1, 300, 2, 1, false) })
        {
            DeviceMatrix logits = t.Random(students * batch, prototypes), rowLoss = t.Output(students * batch, 1);
            var targets = t.Fixed(Naive.TeacherSoftmax(t.Random(teachers * batch, prototypes), new Matrix(1, prototypes), 0.3));
            int terms = teachers * students;
            t.Ops.DinoCrossEntropy(logits, targets, rowLoss, batch, 0.1f, skipSame, terms, Weight);
            Matrix Loss(Matrix at) => Naive.DinoCrossEntropy(at, targets, batch, 0.1, skipSame, terms).Map(loss => Weight * loss);
            t.Check(rowLoss, Close.Chained, () => Loss(logits), "loss");
            t.Check(logits, Close.Chained, () => Numeric.Gradient(logits, at => Loss(at).Values.Sum()), "dLogits");
        }
    });

    [TestMethod, EveryDevice]
    public void PatchCrossEntropy(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, prototypes) in OpTest.GradientSizes)
        {
            DeviceMatrix logits = t.Random(rows, prototypes), rowLoss = t.Output(rows, 1);
            var targets = t.Fixed(Naive.TeacherSoftmax(t.Random(rows, prototypes), new Matrix(1, prototypes), 0.3));
            var weights = t.Fixed(Matrix.Make(rows, 1, (r, _) => r % 3 == 1 ? 0 : 0.1 + r % 2));
            t.Ops.PatchCrossEntropy(logits, targets, weights, rowLoss, 0.1f, Weight);
            Matrix Loss(Matrix at) => Naive.PatchCrossEntropy(at, targets, weights, 0.1).Map(loss => Weight * loss);
            t.Check(rowLoss, Close.Chained, () => Loss(logits), "loss");
            if (prototypes > 1) t.Check(logits, Close.Chained, () => Numeric.Gradient(logits, at => Loss(at).Values.Sum()), "dLogits");
        }
    });

    /// <summary>Logits that rise, fall, are far below 0 or all the same.</summary>
    [TestMethod, EveryDevice]
    public void PatchCrossEntropy_of_sorted_and_of_equal_logits(string device) => OpTest.Run(device, t =>
    {
        foreach (var cols in (int[])[6, 515, 4100])
        {
            var rows = Matrix.Make(4, cols, (r, c) => r switch { 0 => c * 0.004, 1 => -c * 0.004, 2 => -16 + c % 7 * 0.1, _ => 12 });
            var (targets, weights) = (Matrix.Make(4, cols, (_, _) => 1.0 / cols), new Matrix(4, 1).Map(_ => 1));
            DeviceMatrix logits = t.Fixed(rows), rowLoss = t.Output(4, 1);
            t.Ops.PatchCrossEntropy(logits, t.Fixed(targets), t.Fixed(weights), rowLoss, 0.1f, Weight);
            t.Check(rowLoss, Close.Chained, () => Naive.PatchCrossEntropy(rows, targets, weights, 0.1).Map(loss => Weight * loss), "loss");
        }
    });

    [TestMethod, EveryDevice]
    public void SquaredDifference(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), target = t.Random(rows, cols), rowLoss = t.Output(rows, 1);
            t.Ops.SquaredDifference(x, target, rowLoss, Weight);
            t.Check(rowLoss, Close.Chained, () => Matrix.Make(rows, 1, (r, _) =>
                Weight * Enumerable.Range(0, cols).Sum(c => Math.Pow(x.Before[r, c] - target.Before[r, c], 2))), "loss");
            t.Check(x, Close.Float32, () => Matrix.Make(rows, cols, (r, c) => 2 * Weight * (x.Before[r, c] - target.Before[r, c])), "dx");
        }
    });

    [TestMethod, EveryDevice]
    public void InfoNce(string device) => OpTest.Run(device, t =>
    {
        foreach (var batch in BatchSizes)
        {
            DeviceMatrix cosines = t.Random(batch, batch), rowLoss = t.Output(batch, 1);
            DeviceMatrix temperature = t.Fixed(One(Math.Log(10))), dT = t.Random(1, 1);
            t.Ops.InfoNce(cosines, temperature, dT, rowLoss, Weight);
            Matrix Loss(Matrix x, Matrix s) => Naive.InfoNce(x, s[0, 0]).Map(loss => Weight * loss);
            if (batch == 1)     // one pair has no negatives: the loss is 0 whatever the cosine
            {
                t.Check(cosines, 0, () => new Matrix(1, 1), "dCosines of one pair");
                continue;
            }
            t.Check(rowLoss, Close.Chained, () => Loss(cosines, temperature), "loss");
            t.Check(cosines, Close.Chained, () => Numeric.Gradient(cosines, at => Loss(at, temperature).Values.Sum()), "dCosines");
            t.Check(dT, Close.Chained, () => dT.Before + Numeric.Gradient(temperature, at => Loss(cosines, at).Values.Sum()), "dT");
        }
    });

    /// <summary>Losses and gradients of parts of the rows are those of the whole; where the part is the whole, to the bit.</summary>
    [TestMethod, EveryDevice]
    public void InfoNceRows(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, rows, first) in new[] { (7, 7, 0), (33, 11, 22), (19, 1, 18) })
        {
            var whole = t.Random(batch, batch);
            DeviceMatrix temperature = t.Fixed(One(Math.Log(10))), dT = t.Random(1, 1), columns = t.Output(1, batch), rowLoss = t.Output(rows, 1);
            var part = t.Fixed(Matrix.Make(rows, batch, (r, c) => whole.Before[first + r, c]));
            t.Ops.ColumnLogSumExp(whole, temperature, columns);
            t.Ops.InfoNceRows(part, temperature, columns, dT, rowLoss, first, Weight);
            Matrix Loss(Matrix x, Matrix s) => Naive.InfoNce(x, s[0, 0]).Map(loss => Weight * loss);
            Matrix Own(Matrix of) => Matrix.Make(rows, of.Cols, (r, c) => of[first + r, c]);
            t.Check(rowLoss, Close.Chained, () => Own(Loss(whole.Before, temperature)), "loss");
            t.Check(part, Close.Chained, () => Own(Numeric.Gradient(whole.Before, at => Loss(at, temperature).Values.Sum())), "dCosines");
            if (rows < batch) continue;
            DeviceMatrix same = t.Fixed(whole.Before), sameT = t.Fixed(dT.Before), sameLoss = t.Output(rows, 1);
            t.Ops.InfoNce(same, temperature, sameT, sameLoss, Weight);
            Close.Bits(same.Read("all rows"), part.Read("all rows"), "dCosines of all rows");
            Close.Bits(sameLoss.Read("all rows"), rowLoss.Read("all rows"), "loss of all rows");
            Close.Bits(sameT.Read("all rows"), dT.Read("all rows"), "dT of all rows");
        }
    });

    // Rows of a batch in chunks of its columns, of which the pairs of the rows lie in one, in several, or not in the first.
    static readonly (int Batch, int Rows, int First, int Width)[] chunked = [(7, 7, 0, 3), (33, 11, 22, 8), (33, 11, 0, 16), (19, 1, 18, 7)];

    /// <summary>Chunks of columns add up to the rows, which are those of the whole.</summary>
    [TestMethod, EveryDevice]
    public void InfoNceChunk(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, rows, first, width) in chunked)
        {
            DeviceMatrix whole = t.Random(batch, batch), temperature = t.Fixed(One(Math.Log(10))), dT = t.Random(1, 1);
            DeviceMatrix ofRows = t.Output(rows, 1), columns = t.Output(1, batch);
            t.Ops.RowLogSumExp(t.Fixed(Part(whole.Before, rows, first, 0, batch)), temperature, ofRows);
            t.Ops.ColumnLogSumExp(whole, temperature, columns);
            var of = columns.Read("columns");
            Matrix Loss(Matrix x, Matrix s) => Naive.InfoNce(x, s[0, 0]).Map(loss => Weight * loss);
            var losses = new double[rows];
            for (int begin = 0; begin < batch; begin += width)
            {
                var (start, count) = (begin, Math.Min(width, batch - begin));
                DeviceMatrix chunk = t.Fixed(Part(whole.Before, rows, first, start, count)), rowLoss = t.Output(rows, 1);
                t.Ops.InfoNceChunk(chunk, temperature, ofRows, t.Fixed(Matrix.Make(1, count, (_, c) => of[start + c])), dT, rowLoss, first - start,
                    batch, Weight);
                t.Check(chunk, Close.Chained, () => Part(Numeric.Gradient(whole.Before, at => Loss(at, temperature).Values.Sum()), rows, first, start,
                    count), "dCosines");
                foreach (var (row, loss) in rowLoss.Read("loss").Index()) losses[row] += loss;
            }
            t.Check([.. losses.Select(loss => (float)loss)], Close.Chained, () => Part(Loss(whole.Before, temperature), rows, first, 0, 1).Values,
                "loss");
            if (rows == batch)
                t.Check(dT, Close.Chained, () => dT.Before + Numeric.Gradient(temperature, at => Loss(whole.Before, at).Values.Sum()), "dT");
        }
    });

    static Matrix Part(Matrix of, int rows, int first, int start, int count) => Matrix.Make(rows, count, (r, c) => of[first + r, start + c]);

    [TestMethod, EveryDevice]
    public void RowLogSumExp(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), temperature = t.Fixed(One(Math.Log(10))), sums = t.Output(rows, 1);
            t.Ops.RowLogSumExp(x, temperature, sums);
            t.Check(sums, Close.Chained, () => Matrix.Make(rows, 1, (r, _) =>
                Math.Log(Enumerable.Range(0, cols).Sum(c => Math.Exp(10 * x.Before[r, c])))));
        }
    });

    [TestMethod, EveryDevice]
    public void ColumnLogSumExp(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), temperature = t.Fixed(One(Math.Log(10))), columns = t.Output(1, cols);
            t.Ops.ColumnLogSumExp(x, temperature, columns);
            t.Check(columns, Close.Chained, () => Matrix.Make(1, cols, (_, c) =>
                Math.Log(Enumerable.Range(0, rows).Sum(r => Math.Exp(10 * x.Before[r, c])))));
        }
    });

    [TestMethod, EveryDevice]
    public void ExpDifference(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), peak = t.Random(rows, cols), y = t.Output(rows, cols);
            t.Ops.ExpDifference(x, peak, y);
            t.Check(y, Close.Chained, () => Matrix.Make(rows, cols, (r, c) => Math.Exp(x.Before[r, c] - peak.Before[r, c])));
        }
    });

    [TestMethod, EveryDevice]
    public void AddLog(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            var x = t.Fixed(Matrix.Make(rows, cols, (r, c) => 1 + (r + 2 * c) % 17));
            var y = t.Random(rows, cols);
            t.Ops.AddLog(x, y);
            t.Check(y, Close.Chained, () => Matrix.Make(rows, cols, (r, c) => y.Before[r, c] + Math.Log(x.Before[r, c])));
        }
    });

    [TestMethod, EveryDevice]
    public void Scale(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            var x = t.Random(rows, cols);
            t.Ops.Scale(x, 0.25f);
            t.Check(x, Close.Float32, () => x.Before.Map(value => 0.25 * value));
        }
    });

    [TestMethod, EveryDevice]
    public void AddSquares(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), y = t.Random(1, 3);
            t.Ops.AddSquares(x, y, 1);
            t.Check(y, Close.Chained, () => Matrix.Make(1, 3, (_, c) => y.Before[0, c] + (c == 1 ? x.Before.Values.Sum(v => v * v) : 0)));
        }
    });

    [TestMethod, EveryDevice]
    public void KoLeo(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in new[] { (2, 2), (7, 33), (33, 7), (130, 5), (3, 300) })
        {
            DeviceMatrix z = t.Fixed(Naive.Unit(t.Random(rows, cols))), dz = t.Random(rows, cols), rowLoss = t.Output(rows, 1);
            var cosines = t.Fixed(Naive.MatMul(z, z, Transpose.B));
            t.Ops.KoLeo(z, cosines, dz, rowLoss, Weight);
            var nearest = Naive.Nearest(cosines);
            Matrix Loss(Matrix at) => Naive.KoLeo(at, nearest).Map(loss => Weight * loss);
            t.Check(rowLoss, Close.Chained, () => Loss(z), "loss");
            t.Check(dz, Close.Chained, () => dz.Before + Numeric.Gradient(z, at => Loss(at).Values.Sum()), "dz");
        }
    });

    /// <summary>Equal rows have the largest loss there is, a finite one, and of equals the first is the nearest.</summary>
    [TestMethod, EveryDevice]
    public void KoLeo_of_equal_rows(string device) => OpTest.Run(device, t =>
    {
        foreach (var rows in new[] { 2, 7, 300 })
        {
            const int cols = 19;
            DeviceMatrix z = t.Fixed(Matrix.Make(rows, cols, (_, c) => c == 3 ? 1 : 0));
            double distance = 1e-8 * Math.Sqrt(cols), pull = -Weight / rows / (distance * (distance + 1e-8)) * 1e-8;
            // A gradient that is there before keeps the sum from vanishing: of two pulls that cancel, a fused multiply-add leaves a rounding error.
            DeviceMatrix dz = t.Fixed(Matrix.Make(rows, cols, (_, _) => pull)), rowLoss = t.Output(rows, 1);
            t.Ops.KoLeo(z, t.Fixed(Naive.MatMul(z, z, Transpose.B)), dz, rowLoss, Weight);
            t.Check(rowLoss, Close.Chained, () => Matrix.Make(rows, 1, (_, _) => -Weight / rows * Math.Log(distance + 1e-8)), "loss");
            // Row 0 is the nearest of all others, and row 1 of row 0.
            t.Check(dz, Close.Chained, () => Matrix.Make(rows, cols, (r, _) => pull * (2 - (r == 0 ? rows - 1 : r == 1 ? 1 : 0))), "dz");
        }
    });

    /// <summary>A row that is not finite makes the loss so, wherever it stands.</summary>
    [TestMethod, EveryDevice]
    public void KoLeo_of_a_broken_row(string device) => OpTest.Run(device, t =>
    {
        for (int broken = 0; broken < 3; broken++)
        {
            var z = t.Fixed(Matrix.Make(3, 33, (r, c) => r == broken ? double.NaN : r == c ? 1 : 0));
            DeviceMatrix dz = t.Fixed(new Matrix(3, 33)), rowLoss = t.Fixed(new Matrix(3, 1)), sum = t.Fixed(new Matrix(1, 1));
            t.Ops.KoLeo(z, t.Fixed(Naive.MatMul(z, z, Transpose.B)), dz, rowLoss, Weight);
            t.Ops.AddSum(rowLoss, sum, 0);
            var stepState = t.State();
            t.Ops.GradNorm(sum, sum, stepState, 0, 0.9f, 0.999f);
            t.Check([stepState.Read()[StepState.Finite]], 0, () => [0], $"state after row {broken} was broken");
        }
    });

    [TestMethod, EveryDevice]
    public void SigLip(string device) => OpTest.Run(device, t =>
    {
        foreach (var batch in BatchSizes)
        {
            DeviceMatrix cosines = t.Random(batch, batch), rowLoss = t.Output(batch, 1);
            DeviceMatrix temperature = t.Fixed(One(Math.Log(10))), bias = t.Fixed(One(-3)), dT = t.Random(1, 1), dB = t.Random(1, 1);
            t.Ops.SigLip(cosines, temperature, bias, dT, dB, rowLoss, Weight);
            Matrix Loss(Matrix x, Matrix s, Matrix b) => Naive.SigLip(x, s[0, 0], b[0, 0]).Map(loss => Weight * loss);
            t.Check(rowLoss, Close.Chained, () => Loss(cosines, temperature, bias), "loss");
            t.Check(cosines, Close.Chained, () => Numeric.Gradient(cosines, at => Loss(at, temperature, bias).Values.Sum()), "dCosines");
            t.Check(dT, Close.Chained, () => dT.Before + Numeric.Gradient(temperature, at => Loss(cosines, at, bias).Values.Sum()), "dT");
            t.Check(dB, Close.Chained, () => dB.Before + Numeric.Gradient(bias, at => Loss(cosines, temperature, at).Values.Sum()), "dB");
            // The last row alone, its caption in the last column.
            DeviceMatrix last = t.Fixed(Matrix.Make(1, batch, (_, c) => cosines.Before[batch - 1, c])), lastLoss = t.Output(1, 1);
            t.Ops.SigLip(last, temperature, bias, dT, dB, lastLoss, Weight, batch - 1);
            t.Check(lastLoss, Close.Chained, () => One(Loss(cosines, temperature, bias)[batch - 1, 0]), "loss of the last row");
        }
    });

    [TestMethod, EveryDevice]
    public void AddSum(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), y = t.Random(1, 3);
            t.Ops.AddSum(x, y, 1, 0.5f);
            t.Check(y, Close.Chained, () => Matrix.Make(1, 3, (_, c) => y.Before[0, c] + (c == 1 ? 0.5 * x.Before.Values.Sum() : 0)));
        }
    });

    static Matrix One(double value) => new Matrix(1, 1).Map(_ => value);
}
