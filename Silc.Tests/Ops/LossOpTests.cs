namespace Silc.Tests;

[TestClass]
public sealed class LossOpTests
{
    const float Weight = 0.7f;

    static readonly int[] BatchSizes = [1, 7, 33];

    [TestMethod, EveryDevice]
    public void SharpenedSoftmax(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), center = t.Random(1, cols);
            t.Ops.SharpenedSoftmax(x, center, 0.04f);
            t.Check(x, Close.LargeExponents, () => Naive.SharpenedSoftmax(x, center, 0.04));
        }
    });

    [TestMethod, EveryDevice]
    public void Distill(string device) => OpTest.Run(device, t =>
    {
        foreach (var (batch, prototypes, students, teachers, skipSame) in
            new[] { (1, 2, 1, 1, false), (3, 7, 4, 2, false), (2, 33, 2, 2, true), (1, 130, 3, 2, true), (1, 300, 2, 1, false) })
        {
            DeviceMatrix logits = t.Random(students * batch, prototypes), rowLoss = t.Output(students * batch, 1);
            var targets = t.Fixed(Naive.SharpenedSoftmax(t.Random(teachers * batch, prototypes), new Matrix(1, prototypes), 0.3));
            int terms = teachers * students;
            t.Ops.Distill(logits, targets, rowLoss, batch, 0.1f, skipSame, terms, Weight);
            Matrix Loss(Matrix at) => Naive.Distill(at, targets, batch, 0.1, skipSame, terms).Map(loss => Weight * loss);
            t.Check(rowLoss, Close.Chained, () => Loss(logits), "loss");
            t.Check(logits, Close.Chained, () => Numeric.Gradient(logits, at => Loss(at).Values.Sum()), "dLogits");
        }
    });

    [TestMethod, EveryDevice]
    public void SoftmaxContrast(string device) => OpTest.Run(device, t =>
    {
        foreach (var batch in BatchSizes)
        {
            DeviceMatrix cosines = t.Random(batch, batch), rowLoss = t.Output(batch, 1);
            DeviceMatrix temperature = t.Fixed(One(Math.Log(10))), dT = t.Random(1, 1);
            t.Ops.SoftmaxContrast(cosines, temperature, dT, rowLoss, Weight);
            Matrix Loss(Matrix x, Matrix s) => Naive.SoftmaxContrast(x, s[0, 0]).Map(loss => Weight * loss);
            if (batch == 1)     // one pair has no negatives: the loss is 0 however it is turned
            {
                t.Check(cosines, 0, () => new Matrix(1, 1), "dCosines of one pair");
                continue;
            }
            t.Check(rowLoss, Close.Chained, () => Loss(cosines, temperature), "loss");
            t.Check(cosines, Close.Chained, () => Numeric.Gradient(cosines, at => Loss(at, temperature).Values.Sum()), "dCosines");
            t.Check(dT, Close.Chained, () => dT.Before + Numeric.Gradient(temperature, at => Loss(cosines, at).Values.Sum()), "dT");
        }
    });

    [TestMethod, EveryDevice]
    public void SigmoidContrast(string device) => OpTest.Run(device, t =>
    {
        foreach (var batch in BatchSizes)
        {
            DeviceMatrix cosines = t.Random(batch, batch), rowLoss = t.Output(batch, 1);
            DeviceMatrix temperature = t.Fixed(One(Math.Log(10))), bias = t.Fixed(One(-3)), dT = t.Random(1, 1), dB = t.Random(1, 1);
            t.Ops.SigmoidContrast(cosines, temperature, bias, dT, dB, rowLoss, Weight);
            Matrix Loss(Matrix x, Matrix s, Matrix b) => Naive.SigmoidContrast(x, s[0, 0], b[0, 0]).Map(loss => Weight * loss);
            t.Check(rowLoss, Close.Chained, () => Loss(cosines, temperature, bias), "loss");
            t.Check(cosines, Close.Chained, () => Numeric.Gradient(cosines, at => Loss(at, temperature, bias).Values.Sum()), "dCosines");
            t.Check(dT, Close.Chained, () => dT.Before + Numeric.Gradient(temperature, at => Loss(cosines, at, bias).Values.Sum()), "dT");
            t.Check(dB, Close.Chained, () => dB.Before + Numeric.Gradient(bias, at => Loss(cosines, temperature, at).Values.Sum()), "dB");
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
