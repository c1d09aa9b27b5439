namespace Silc.Tests;

/// <summary>Operations of heads on maps of places.</summary>
[TestClass]
public sealed class MapOpTests
{
    const float Weight = 0.7f;

    // Images, height, width and channels.
    static readonly (int Images, int Height, int Width, int Channels)[] Maps = [(1, 1, 1, 1), (2, 3, 5, 7), (1, 7, 4, 33), (3, 2, 2, 130)];

    [TestMethod, EveryDevice]
    public void ScaleShift(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), scale = t.Random(1, 1), shift = t.Random(1, 1), y = t.Output(rows, cols);
            t.Ops.ScaleShift(x, scale, shift, y);
            t.Check(y, Close.Float32, () => x.Before.Map(v => Math.Exp(scale.Before[0, 0]) * v + shift.Before[0, 0]));
        }
    });

    [TestMethod, EveryDevice]
    public void ScaleShiftBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in (IEnumerable<(int, int)>)[.. OpTest.Sizes, (130, 97)])
        {
            DeviceMatrix x = t.Random(rows, cols), scale = t.Random(1, 1), dy = t.Random(rows, cols), dT = t.Random(1, 1), dB = t.Random(1, 1);
            t.Ops.ScaleShiftBackward(dy, x, scale, dT, dB);
            double factor = Math.Exp(scale.Before[0, 0]);
            t.Check(dy, Close.Float32, () => dy.Before.Map(v => factor * v), "dx");
            t.Check(dT, Close.Chained, () => new Matrix(1, 1).With([dT.Before[0, 0] + factor * Matrix.Dot(dy.Before, x.Before)]), "dT");
            t.Check(dB, Close.Chained, () => new Matrix(1, 1).With([dB.Before[0, 0] + dy.Before.Values.Sum()]), "dB");
        }
    });

    [TestMethod, EveryDevice]
    public void Relu(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            var x = t.Random(rows, cols);
            t.Ops.Relu(x);
            t.Check(x, 0, () => x.Before.Map(v => Math.Max(v, 0)));
        }
    });

    [TestMethod, EveryDevice]
    public void ReluBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix y = t.Fixed(t.Random(rows, cols).Before.Map(v => Math.Max(v, 0))), dy = t.Random(rows, cols);
            t.Ops.ReluBackward(y, dy);
            t.Check(dy, 0, () => Matrix.Make(rows, cols, (r, c) => y.Before[r, c] > 0 ? dy.Before[r, c] : 0));
        }
    });

    [TestMethod, EveryDevice]
    public void Unfold(string device) => OpTest.Run(device, t =>
    {
        foreach (var (images, height, width, channels) in Maps)
            foreach (var size in new[] { 1, 3, 7 })
            {
                DeviceMatrix x = t.Random(images * height * width, channels), y = t.Output(x.Tensor.Rows, size * size * channels);
                t.Ops.Unfold(x, y, height, width, size);
                t.Check(y, 0, () => Naive.Unfold(x, height, width, size));
            }
    });

    [TestMethod, EveryDevice]
    public void Fold(string device) => OpTest.Run(device, t =>
    {
        foreach (var (images, height, width, channels) in Maps)
            foreach (var size in new[] { 3, 7 })
            {
                DeviceMatrix dy = t.Random(images * height * width, size * size * channels), dx = t.Output(dy.Tensor.Rows, channels);
                t.Ops.Fold(dy, dx, height, width, size);
                t.Check(dx, Close.Float32, () => Adjoint(dy, new(dx.Tensor.Rows, channels), at => Naive.Unfold(at, height, width, size)));
            }
    });

    [TestMethod, EveryDevice]
    public void Convolve(string device) => OpTest.Run(device, t =>
    {
        foreach (var (x, kernel, y, height, width, size) in Convolutions(t))
        {
            DeviceMatrix to = t.Output(y.Rows, y.Cols), bias = t.Random(1, y.Cols);
            foreach (var added in new[] { bias.Tensor, default })
            {
                t.Ops.Convolve(x, kernel, added, to, Unfolded(t, x, kernel, height * width), height, width, size);
                t.Check(to, Close.Float32, () => Matrix.Make(y.Rows, y.Cols, (r, c) => y[r, c] + (added.Count > 0 ? bias.Before[0, c] : 0)));
            }
        }
        DeviceMatrix maps = t.Random(12, 2), wrong = t.Random(17, 3), result = t.Output(12, 3);
        var error = Assert.ThrowsExactly<ArgumentException>(() => t.Ops.Convolve(maps, wrong, default, result, default, 3, 4, 3));
        StringAssert.Contains(error.Message, "17 x 3");
    });

    [TestMethod, EveryDevice]
    public void ConvolveInputGrad(string device) => OpTest.Run(device, t =>
    {
        foreach (var (x, kernel, y, height, width, size) in Convolutions(t))
        {
            DeviceMatrix dy = t.Random(y.Rows, y.Cols), dx = t.Output(x.Tensor.Rows, x.Tensor.Cols);
            t.Ops.ConvolveInputGrad(dy, kernel, dx, Unfolded(t, x, kernel, height * width), height, width, size);
            // Tap (a, b) of place p reads p + (a, b) - radius: its adjoint reads p - (a, b) + radius.
            t.Check(dx, Close.Float32, () =>
            {
                int inputs = dx.Tensor.Cols;
                var turned = Matrix.Make(size * size * y.Cols, inputs, (r, c) =>
                    kernel.Before[(size * size - 1 - r / y.Cols) * inputs + c, r % y.Cols]);
                return Naive.MatMul(Naive.Unfold(dy, height, width, size), turned);
            });
        }
    });

    [TestMethod, EveryDevice]
    public void ConvolveGrads(string device) => OpTest.Run(device, t =>
    {
        foreach (var (x, kernel, y, height, width, size) in Convolutions(t))
        {
            DeviceMatrix dy = t.Random(y.Rows, y.Cols), dKernel = t.Random(kernel.Tensor.Rows, y.Cols), dBias = t.Random(1, y.Cols);
            t.Ops.ConvolveGrads(x, dy, dKernel, dBias, Unfolded(t, x, kernel, height * width), height, width, size);
            t.Check(dKernel, Close.Float32, () =>
            {
                var sums = Naive.MatMul(Naive.Unfold(x, height, width, size), dy, Transpose.A);
                return Matrix.Make(sums.Rows, sums.Cols, (r, c) => dKernel.Before[r, c] + sums[r, c]);
            });
            t.Check(dBias, Close.Float32, () => Matrix.Make(1, y.Cols, (_, c) =>
                dBias.Before[0, c] + Enumerable.Range(0, y.Rows).Sum(r => dy.Before[r, c])));
        }
    });

    // Places and outputs fewer and more than a vector of sums, one image and several.
    static IEnumerable<(DeviceMatrix X, DeviceMatrix Kernel, Matrix Y, int Height, int Width, int Size)> Convolutions(OpTest t)
    {
        foreach (var (images, height, width, inputs, outputs, size) in new[]
            { (1, 1, 1, 1, 1, 3), (2, 3, 5, 2, 7, 3), (3, 4, 9, 1, 16, 7), (18, 2, 3, 5, 17, 1), (2, 8, 8, 33, 8, 3), (1, 7, 17, 3, 40, 3) })
        {
            DeviceMatrix x = t.Random(images * height * width, inputs), kernel = t.Random(size * size * inputs, outputs);
            yield return (x, kernel, Naive.MatMul(Naive.Unfold(x, height, width, size), kernel), height, width, size);
        }
    }

    // Memory for one image less than there are, so that the parts are several.
    static Tensor Unfolded(OpTest t, DeviceMatrix x, DeviceMatrix kernel, int places)
    {
        int images = x.Tensor.Rows / places, rows = t.Ops.UnfoldedRows(Math.Max(1, images - 1), places, kernel.Tensor.Rows);
        return rows == 0 ? default : t.Output(rows, kernel.Tensor.Rows).Tensor;
    }

    // Of a linear map: <dy, f(e)> for each unit matrix e.
    static Matrix Adjoint(Matrix dy, Matrix zero, Func<Matrix, Matrix> linear)
    {
        var result = new Matrix(zero.Rows, zero.Cols);
        for (int i = 0; i < zero.Values.Length; i++)
        {
            var unit = zero.Map(_ => 0);
            unit.Values[i] = 1;
            result.Values[i] = Matrix.Dot(linear(unit), dy);
        }
        return result;
    }

    static readonly (int Images, int Places, int Channels, int Groups)[] Groups = [(1, 7, 3, 1), (2, 5, 6, 2), (3, 33, 32, 2), (1, 70, 130, 10)];

    [TestMethod, EveryDevice]
    public void GroupNormForward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (images, places, channels, groups) in Groups)
        {
            // Far from zero: a variance by E[x²] - E[x]² would show.
            var x = t.Fixed(t.Random(images * places, channels).Before.Map(v => v + 30));
            DeviceMatrix scale = t.Random(1, channels), bias = t.Random(1, channels), y = t.Output(images * places, channels);
            DeviceMatrix mean = t.Output(images * groups, 1), rstd = t.Output(images * groups, 1);
            t.Ops.GroupNormForward(x, scale, bias, y, mean, rstd, groups, 1e-5f);
            t.Check(y, Close.Chained, () => Naive.GroupNorm(x, scale, bias, images, groups, 1e-5), "y");
            t.Check(mean, Close.Float32, () => Naive.GroupMoments(x, images, groups, 1e-5).Mean, "mean");
            t.Check(rstd, Close.Chained, () => Naive.GroupMoments(x, images, groups, 1e-5).Rstd, "rstd");
        }
    });

    [TestMethod, EveryDevice]
    public void GroupNormBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (images, places, channels, groups) in Groups)
        {
            DeviceMatrix x = t.Random(images * places, channels), dy = t.Random(images * places, channels), dx = t.Output(images * places, channels);
            DeviceMatrix scale = t.Random(1, channels), bias = t.Random(1, channels), dScale = t.Random(1, channels), dBias = t.Random(1, channels);
            var (mean, rstd) = Naive.GroupMoments(x, images, groups, 1e-5);
            t.Ops.GroupNormBackward(dy, x, scale, t.Fixed(mean), t.Fixed(rstd), dx, dScale, dBias, groups);
            Matrix Norm(Matrix x, Matrix scale, Matrix bias) => Naive.GroupNorm(x, scale, bias, images, groups, 1e-5);
            t.Check(dScale, Close.Chained, () => dScale.Before + Numeric.Pullback(dy, scale, at => Norm(x, at, bias)), "dScale");
            t.Check(dBias, Close.Float32, () => dBias.Before + Numeric.Pullback(dy, bias, at => Norm(x, scale, at)), "dBias");
            if (x.Tensor.Count < 1000) t.Check(dx, Close.Chained, () => Numeric.Pullback(dy, x, at => Norm(at, scale, bias)), "dx");
        }
    });

    static readonly (int Batch, int Tokens, int Heads, int Dim)[] Sequences =
        [(1, 1, 1, 1), (2, 5, 2, 3), (1, 33, 1, 7), (3, 4, 2, 16), (1, 7, 1, 33)];

    [TestMethod, EveryDevice]
    public void LinearAttention(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, tokens, heads, dim) in Sequences)
        {
            int rows = batch * tokens, cols = heads * dim;
            DeviceMatrix q = t.Random(rows, cols, 2), k = t.Random(rows, cols, 2, gap: 3), v = t.Random(rows, cols), o = t.Output(rows, cols);
            var state = t.Output(batch * heads, dim * (dim + 1));
            t.Ops.LinearAttention(q, k, v, o, state, batch, heads);
            t.Check(o, Close.Chained, () => Naive.LinearAttention(q, k, v, batch, heads));
        }
    });

    [TestMethod, EveryDevice]
    public void LinearAttentionBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, tokens, heads, dim) in Sequences)
        {
            int rows = batch * tokens, cols = heads * dim;
            DeviceMatrix q = t.Random(rows, cols, 2), k = t.Random(rows, cols, 2), v = t.Random(rows, cols), dO = t.Random(rows, cols);
            DeviceMatrix o = t.Output(rows, cols), state = t.Output(batch * heads, dim * (dim + 1));
            DeviceMatrix dQ = t.Output(rows, cols), dK = t.Output(rows, cols), dV = t.Output(rows, cols, gap: 5);
            t.Ops.LinearAttention(q, k, v, o, state, batch, heads);
            t.Ops.LinearAttentionBackward(dO, q, k, v, o, state, dQ, dK, dV, batch, heads);
            // With one token the weights cancel, but for 1e-6: the gradients of query and key are rounding.
            if (tokens > 1)
            {
                t.Check(dQ, Close.LargeExponents, () => Numeric.Pullback(dO, q, at => Naive.LinearAttention(at, k, v, batch, heads)), "dQ");
                t.Check(dK, Close.LargeExponents, () => Numeric.Pullback(dO, k, at => Naive.LinearAttention(q, at, v, batch, heads)), "dK");
            }
            t.Check(dV, Close.Chained, () => Numeric.Pullback(dO, v, at => Naive.LinearAttention(q, k, at, batch, heads)), "dV");
        }
    });

    // From and to.
    static readonly (int Height, int Width, int ToHeight, int ToWidth)[] Resizes =
        [(1, 1, 3, 2), (2, 3, 4, 6), (4, 5, 7, 1), (7, 6, 3, 4), (5, 5, 5, 5), (3, 4, 33, 30)];

    [TestMethod, EveryDevice]
    public void Bilinear(string device) => OpTest.Run(device, t =>
    {
        foreach (var (height, width, toHeight, toWidth) in Resizes)
            foreach (var (images, channels, corners) in new[] { (1, 1, false), (2, 7, true), (1, 33, false), (1, 33, true) })
            {
                DeviceMatrix x = t.Random(images * height * width, channels), y = t.Output(images * toHeight * toWidth, channels);
                t.Ops.Bilinear(x, y, height, width, toHeight, toWidth, corners);
                t.Check(y, Close.Float32, () => Naive.Bilinear(x, height, width, toHeight, toWidth, corners));
            }
    });

    [TestMethod, EveryDevice]
    public void BilinearBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (height, width, toHeight, toWidth) in Resizes)
            foreach (var (images, channels, corners) in new[] { (2, 1, false), (2, 1, true), (1, 17, false) })
            {
                DeviceMatrix dy = t.Random(images * toHeight * toWidth, channels), dx = t.Output(images * height * width, channels);
                t.Ops.BilinearBackward(dy, dx, height, width, toHeight, toWidth, corners);
                t.Check(dx, Close.Float32,
                    () => Adjoint(dy, new(dx.Tensor.Rows, channels), at => Naive.Bilinear(at, height, width, toHeight, toWidth, corners)));
            }
    });

    [TestMethod, EveryDevice]
    public void SoftmaxCrossEntropy(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, classes) in new[] { (1, 1), (7, 33), (33, 7), (130, 3), (2, 300) })
        {
            DeviceMatrix logits = t.Random(rows, classes, 20), rowLoss = t.Output(rows, 1);
            int[] labels = [.. t.RandomIntegers(rows, classes + 1).Select(label => label - 1)];
            t.Ops.SoftmaxCrossEntropy(logits, t.Integers(labels), rowLoss, Weight);
            Matrix Loss(Matrix at) => Naive.SoftmaxCrossEntropy(at, labels).Map(loss => Weight * loss);
            t.Check(rowLoss, Close.Chained, () => Loss(logits), "loss");
            t.Check(logits, Close.Chained, () => Numeric.Gradient(logits, at => Loss(at).Values.Sum()), "dLogits");
        }
    });

    [TestMethod, EveryDevice]
    public void BinaryCrossEntropy(string device) => OpTest.Run(device, t =>
    {
        foreach (var (images, classes, places) in new[] { (1, 1, 1), (2, 3, 7), (1, 7, 130), (3, 2, 33) })
            foreach (var negative in new[] { false, true })
            {
                DeviceMatrix logits = t.Random(images * classes, places, 20), rowLoss = t.Output(images * classes, 1);
                int[] labels = [.. t.RandomIntegers(images * places, classes + 1).Select(label => label - 1)];
                t.Ops.BinaryCrossEntropy(logits, t.Integers(labels), classes, rowLoss, Weight, negative);
                Matrix Loss(Matrix at) => Naive.BinaryCrossEntropy(at, labels, classes, negative).Map(loss => Weight * loss);
                t.Check(rowLoss, Close.Chained, () => Loss(logits), "loss");
                t.Check(logits, Close.Chained, () => Numeric.Gradient(logits, at => Loss(at).Values.Sum()), "dLogits");
            }
    });

    /// <summary>Rows that do not count have no gradient, whatever their logits, and all of them none at all rather than NaN.</summary>
    [TestMethod, EveryDevice]
    public void What_does_not_count_has_no_gradient(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix logits = t.Random(4, 5, 50), maps = t.Random(4, 5, 50), rowLoss = t.Output(4, 1), mapLoss = t.Output(4, 1);
        t.Ops.SoftmaxCrossEntropy(logits, t.Integers([-1, -1, -1, -1]), rowLoss, Weight);
        t.Ops.BinaryCrossEntropy(maps, t.Integers([-1, -1, -1, -1, -1, -1, -1, -1, -1, -1]), 2, mapLoss, Weight, false);
        t.Check(logits, 0, () => new Matrix(4, 5), "softmax");
        t.Check(maps, 0, () => new Matrix(4, 5), "binary");
        t.Check(rowLoss, 0, () => new Matrix(4, 1), "softmax loss");
        t.Check(mapLoss, 0, () => new Matrix(4, 1), "binary loss");
    });
}
