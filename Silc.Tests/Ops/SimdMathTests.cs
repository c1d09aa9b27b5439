using System.Numerics;

namespace Silc.Tests;

/// <summary>Exponential, GELU and its derivative against double precision.</summary>
[TestClass]
public class SimdMathTests
{
    [TestMethod]
    public void ExpIsWithinTwoUnitsInTheLastPlace()
    {
        for (float x = -87; x < 88; x += 0.00371f)
        {
            var exact = Math.Exp(x);
            var unit = MathF.BitIncrement((float)exact) - (float)exact;
            Assert.AreEqual(exact, SimdMath.Exp(new Vector<float>(x))[0], 2 * unit, $"e^{x}");
        }
    }

    [TestMethod]
    public void ExpAtTheEnds()
    {
        Assert.AreEqual(1f, One(0));
        Assert.AreEqual(0, One(float.NegativeInfinity), 1.2e-38);
        Assert.AreEqual(0, One(-1e30f), 1.2e-38);
        Assert.IsTrue(One(1e30f) > 1e38f);
        Assert.IsTrue(float.IsNaN(One(float.NaN)));

        static float One(float x) => SimdMath.Exp(new Vector<float>(x))[0];
    }

    [TestMethod]
    public void GeluAndItsDerivative()
    {
        var root = Math.Sqrt(2 / Math.PI);
        for (float x = -20; x < 20; x += 0.00173f)
        {
            double cube = 0.044715 * x * x * x, tanh = Math.Tanh(root * (x + cube));
            var exact = 0.5 * x * (1 + tanh);
            var slope = 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * root * (1 + 3 * 0.044715 * x * x);
            Assert.AreEqual(exact, SimdMath.Gelu(new Vector<float>(x))[0], 3e-7 * Math.Max(1, Math.Abs(exact)), $"gelu({x})");
            var (value, derivative) = Backward(x);
            Assert.AreEqual(exact, value, 3e-7 * Math.Max(1, Math.Abs(exact)), $"gelu({x}) again");
            Assert.AreEqual(slope, derivative, 1e-6, $"gelu'({x})");
        }
        Assert.AreEqual(0f, SimdMath.Gelu(new Vector<float>(-1000))[0], 1e-30f);
        Assert.AreEqual(1000f, SimdMath.Gelu(new Vector<float>(1000))[0]);
        Assert.AreEqual(0f, Backward(-1000).Derivative, 1e-20f);
        Assert.AreEqual(1f, Backward(1000).Derivative);

        // 11 floats: whole vectors and a rest, which must agree.
        static unsafe (float Value, float Derivative) Backward(float x)
        {
            const int Count = 11;
            float* h = stackalloc float[Count], dh = stackalloc float[Count], y = stackalloc float[Count];
            for (int i = 0; i < Count; i++) (h[i], dh[i]) = (x, 1);
            SimdMath.GeluBackward(h, dh, y, Count);
            for (int i = 1; i < Count; i++) Assert.IsTrue(y[i] == y[0] && dh[i] == dh[0], $"lane {i}");
            return (y[0], dh[0]);
        }
    }
}
