namespace Silc.Tests;

[TestClass]
public sealed class OptimizerOpTests
{
    const float LearningRate = 0.01f, Decay = 0.003f, Beta1 = 0.9f, Beta2 = 0.999f, Momentum = 0.8f;

    static readonly int[] Counts = [1, 7, 33, 130, 40_000];

    [TestMethod, EveryDevice]
    public void GradNorm(string device) => OpTest.Run(device, t =>
    {
        foreach (var count in Counts)
            foreach (var clip in new[] { 0, 0.1f, 1e6f })
            {
                DeviceMatrix gradients = t.Random(1, count), losses = t.Random(1, 2);
                var stepState = t.State();
                t.Ops.GradNorm(gradients, losses, stepState, clip, Beta1, Beta2);
                t.Check(stepState.Read()[..(StepState.Counted + 1)], Close.Float32, () =>
                {
                    // The state comes from one good step whose losses and gradient were 0.
                    double norm = Math.Sqrt(Matrix.Dot(gradients, gradients));
                    return [1, clip > 0 && norm > clip ? clip / norm : 1, 1 - Math.Pow(Beta1, 2), 1 - Math.Pow(Beta2, 2), 2, 0, 0,
                        losses.Before[0, 0], losses.Before[0, 1], norm, 2];
                }, $"state after a gradient of {count} values, clipped to {clip}");
            }
    });

    /// <summary>The squares of gradients elsewhere join the norm; 0 of them changes no bit.</summary>
    [TestMethod, EveryDevice]
    public void GradNorm_counts_gradients_elsewhere(string device) => OpTest.Run(device, t =>
    {
        foreach (var more in new[] { 0, 2.5, double.NaN })
        {
            DeviceMatrix gradients = t.Random(1, 33), losses = t.Random(1, 2);
            StepState with = t.State(), without = t.State();
            t.Ops.GradNorm(gradients, losses, with, 0.1f, Beta1, Beta2, t.Fixed(new Matrix(1, 1).With([more])));
            t.Ops.GradNorm(gradients, losses, without, 0.1f, Beta1, Beta2);
            if (more == 0) Close.Bits(without.Read(), with.Read(), "nothing elsewhere");
            double norm = Math.Sqrt(Matrix.Dot(gradients, gradients) + more);
            t.Check(with.Read()[..2], Close.Float32, () => double.IsNaN(more) ? [0, 1] : [1, 0.1 / norm], $"clipped with {more} elsewhere");
        }
    });

    /// <summary>Each loss has a sum of its own, and any of them can set found-inf.</summary>
    [TestMethod, EveryDevice]
    public void GradNorm_takes_any_number_of_losses(string device) => OpTest.Run(device, t =>
    {
        int[] sums = [.. Enumerable.Range(0, 5).Select(StepState.SumOf)];
        for (int count = 1; count <= sums.Length; count++)
            for (int bad = -1; bad < count; bad++)
            {
                DeviceMatrix gradients = t.Random(1, 7), losses = t.Random(1, count);
                DeviceMatrix broken = t.Fixed(Matrix.Make(1, count, (_, c) => c == bad ? double.NaN : 1));
                var stepState = t.State();
                t.Ops.GradNorm(gradients, losses, stepState, 0, Beta1, Beta2);
                if (bad >= 0) t.Ops.GradNorm(gradients, broken, stepState, 0, Beta1, Beta2);
                var state = stepState.Read();
                Assert.AreEqual((bad < 0 ? 1f : 0, bad < 0 ? 0f : 1), (state[StepState.Finite], state[StepState.Skipped]),
                    $"loss {bad} of {count} is broken");
                t.Check([.. sums.Select(place => state[place])], Close.Float32,
                    () => [.. Enumerable.Range(0, sums.Length).Select(c => c < count ? losses.Before[0, c] : 0)], $"sums of {count} losses");
            }
    });

    /// <summary>A checkpoint of a time of fewer losses lacks their sums; those of the first two stand where it has them.</summary>
    [TestMethod]
    public void A_shorter_state_goes_on_with_sums_of_0()
    {
        using var stepState = new StepState(TestDevices.Open(TestDevices.OneThread));
        float[] earlier = [.. Enumerable.Range(1, StepState.MoreSums)];
        stepState.Write(earlier);
        CollectionAssert.AreEqual((float[])[.. earlier, .. new float[StepState.Size - StepState.MoreSums]], stepState.Read());
        CollectionAssert.AreEqual((int[])[7, 8, 13, 14, 15], (int[])[.. Enumerable.Range(0, 5).Select(StepState.SumOf)]);
        stepState.ResetSums();
        var more = new float[StepState.Size - StepState.MoreSums];
        CollectionAssert.AreEqual((float[])[1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 12, 13, .. more], stepState.Read());
    }

    [TestMethod, EveryDevice]
    [Description("A NaN or an infinity anywhere is found and counted; the sums and the number of updates stay.")]
    public void GradNorm_finds_infinities(string device) => OpTest.Run(device, t =>
    {
        foreach (var bad in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
            foreach (var where in new[] { 0, 1, 2 })
            {
                DeviceMatrix gradients = t.Fixed(Matrix.Make(1, 130, (_, c) => where == 0 && c == 77 ? bad : 1));
                DeviceMatrix losses = t.Fixed(Matrix.Make(1, 2, (_, c) => where == c + 1 ? bad : 1));
                var stepState = t.State();
                t.Ops.GradNorm(gradients, losses, stepState, 1, Beta1, Beta2);
                t.Ops.GradNorm(gradients, losses, stepState, 1, Beta1, Beta2);
                int[] fields = [StepState.Finite, StepState.Updates, StepState.Skipped, StepState.SkippedInRow, StepState.SumNorm, StepState.Counted];
                var state = stepState.Read();
                t.Check([.. fields.Select(field => state[field])], 0, () => [0, 1, 2, 2, 0, 1],
                    $"state after {bad} in {(where == 0 ? "the gradient" : "a loss")}");
            }
    });

    [TestMethod, EveryDevice]
    public void AdamWUpdate(string device) => OpTest.Run(device, t =>
    {
        foreach (var count in Counts)
        {
            DeviceMatrix p = t.Random(1, count), m = t.Fixed(new Matrix(1, count)), v = t.Fixed(new Matrix(1, count));
            DeviceMatrix losses = t.Fixed(new Matrix(1, 2)), teacher = t.Random(1, count);
            DeviceMatrix[] gradients = [t.Random(1, count), t.Random(1, count), t.Random(1, count)];
            DeviceMatrix momentum = t.Fixed(new Matrix(1, 1).With([Momentum]));
            var stepState = t.State(finite: false);
            // Found-inf: nothing may change.
            t.Ops.AdamWUpdate(p, gradients[0], m, v, stepState, LearningRate, Decay, Beta1, Beta2, 1e-8f, teacher, momentum);
            foreach (var g in gradients)
            {
                t.Ops.GradNorm(g, losses, stepState, 0, Beta1, Beta2);
                t.Ops.AdamWUpdate(p, g, m, v, stepState, LearningRate, Decay, Beta1, Beta2, 1e-8f, teacher, momentum);
            }
            Matrix at = p.Before.Map(x => x), mean = new(1, count), square = new(1, count), followed = teacher.Before.Map(x => x);
            for (int i = 0; i < gradients.Length; i++)
            {
                Naive.AdamW(at, gradients[i], mean, square, i + 1, LearningRate, Decay, Beta1, Beta2);
                followed = Matrix.Make(1, count, (r, c) => Momentum * followed[r, c] + (1 - Momentum) * at[r, c]);
            }
            t.Check(teacher, Close.Chained, () => followed, "teacher");
            t.Check(p, Close.Chained, () => at, "p");
            t.Check(m, Close.Float32, () => mean, "m");
            // 1 - β₂ = 1 - 0.999f keeps five digits of its seven.
            t.Check(v, Close.Chained, () => square, "v");
        }
    });

    [TestMethod, EveryDevice]
    public void ClipTensor(string device) => OpTest.Run(device, t =>
    {
        foreach (var count in Counts)
            foreach (var most in new[] { 0.5, 1e6 })
            {
                DeviceMatrix x = t.Random(1, count);
                t.Ops.ClipTensor(x, (float)most);
                var norm = Math.Sqrt(x.Before.Values.Sum(value => value * value));
                t.Check(x, Close.Float32, () => x.Before.Map(value => value * Math.Min(1, most / (norm + 1e-6))), $"at most {most}");
            }
    });

    [TestMethod, EveryDevice]
    public void AtMost(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix x = t.Random(1, 130);
        t.Ops.AtMost(x, 0.25f);
        t.Check(x, 0, () => x.Before.Map(value => Math.Min(value, 0.25)));
    });

    [TestMethod, EveryDevice]
    public void LateState(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix zero = t.Fixed(new Matrix(1, 1)), one = t.Fixed(new Matrix(1, 1).With([1])), g = t.Fixed(new Matrix(1, 2).With([3, 4])),
            losses = t.Fixed(new Matrix(1, 2));
        StepState own = t.State(), late = t.State(finite: false);
        for (int step = 2; step <= 5; step++)
        {
            t.Ops.GradNorm(g, losses, own, 1, Beta1, Beta2);
            t.Ops.LateState(own, step < 4 ? zero : one, late, Beta1, Beta2);
            int updates = step - 3;
            int[] slots = [StepState.Finite, StepState.Updates, StepState.Clip, StepState.Correction1, StepState.Correction2,
                StepState.LearningRate, StepState.Decay];
            var state = late.Read();
            if (updates <= 0) t.Check([state[StepState.Finite], state[StepState.Updates]], 0, () => [0, 0], $"before its time, step {step}");
            else t.Check([.. slots.Select(slot => state[slot])], Close.Float32,
                () => [1, updates, 0.2, 1 - Math.Pow(Beta1, updates), 1 - Math.Pow(Beta2, updates), 1, 1], $"update {updates}");
        }
        DeviceMatrix broken = t.Fixed(new Matrix(1, 2).With([double.NaN, 0]));
        t.Ops.GradNorm(broken, losses, own, 1, Beta1, Beta2);
        t.Ops.LateState(own, one, late, Beta1, Beta2);
        t.Check([late.Read()[StepState.Finite], late.Read()[StepState.Updates]], 0, () => [0, 2], "a step that is not finite");
    });

    public static IEnumerable<object[]> Shapes =>
        from shape in new int[][] { [1], [130], [33, 130], [130, 33], [7, 33], [33, 33], [40, 3, 36], [1, 33, 40], [2, 3, 33, 64], [5, 5, 3, 33] }
        from device in TestDevices.Names
        select new object[] { shape, device };

    [TestMethod, DynamicData(nameof(Shapes))]
    public void AdafactorUpdate(int[] dims, string device) => OpTest.Run(device, t =>
    {
        var shape = new FactoredShape(dims);
        int count = shape.Count;
        DeviceMatrix p = t.Random(1, count), m = t.Fixed(new Matrix(1, count)), losses = t.Fixed(new Matrix(1, 2));
        DeviceMatrix rows = t.Fixed(new Matrix(1, Math.Max(1, shape.RowCount))), cols = t.Fixed(new Matrix(1, Math.Max(1, shape.ColCount)));
        DeviceMatrix squares = t.Fixed(new Matrix(1, shape.Factored ? 1 : count));
        DeviceMatrix[] gradients = [t.Random(1, count), t.Random(1, count), t.Random(1, count)];
        var naive = new NaiveAdafactor(dims, [.. p.Before.Values], 0.9, 0.95);
        var stepState = t.State(finite: false);
        var step = new AdafactorStep(LearningRate, Decay, 0.95f, 0.9f, BFloat16Momentum: false);
        t.Ops.AdafactorUpdate(shape, p, gradients[0], m, rows, cols, squares, stepState, step);        // closed: nothing may move
        foreach (var g in gradients)
        {
            t.Ops.GradNorm(g, losses, stepState, 0, Beta1, Beta2);
            t.Ops.AdafactorUpdate(shape, p, g, m, rows, cols, squares, stepState, step);
            naive.Step(g.Before.Values, LearningRate, Decay);
        }
        Assert.AreEqual(naive.Factored, shape.Factored);
        t.Check(p, Close.Chained, () => new Matrix(1, count).With(naive.P), "p");
        t.Check(m, Close.Chained, () => new Matrix(1, count).With(naive.Average), "m");
        if (!shape.Factored) return;
        t.Check(rows, Close.Chained, () => new Matrix(1, shape.RowCount).With(naive.Rows), "row statistic");
        t.Check(cols, Close.Chained, () => new Matrix(1, shape.ColCount).With(naive.Cols), "column statistic");
    });

    [TestMethod, EveryDevice]
    public void Adafactor_rounds_its_momentum_to_bfloat16(string device) => OpTest.Run(device, t =>
    {
        var shape = new FactoredShape([130]);
        DeviceMatrix p = t.Random(1, 130), g = t.Random(1, 130), m = t.Random(1, 130);
        DeviceMatrix v = t.Fixed(new Matrix(1, 130)), none = t.Fixed(new Matrix(1, 1));
        t.Ops.AdafactorUpdate(shape, p, g, m, none, none, v, t.State(), new(LearningRate, 0, 0.95f, 0.9f, BFloat16Momentum: true));
        // bfloat16(0.9) = 0.8984375. The first update divides the gradient by its own size. The parameter moves by the average before it is rounded.
        Matrix average = Matrix.Make(1, 130, (_, c) => 0.8984375 * m.Before[0, c] + 0.1 * Math.Sign(g.Before[0, c]));
        t.Check(m, Close.BFloat16, () => average, "m");
        t.Check(p, Close.Float32, () => Matrix.Make(1, 130, (_, c) => p.Before[0, c] - LearningRate * average[0, c]), "p");
        Assert.IsTrue(m.Read("m").All(x => (BitConverter.SingleToUInt32Bits(x) & 0xffff) == 0), "the low 16 bits are 0");
    });
}
