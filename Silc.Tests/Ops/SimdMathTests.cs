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
            Assert.AreEqual(slope, SimdMath.GeluDerivative(new Vector<float>(x))[0], 1e-6, $"gelu'({x})");
        }
        Assert.AreEqual(0f, SimdMath.Gelu(new Vector<float>(-1000))[0], 1e-30f);
        Assert.AreEqual(1000f, SimdMath.Gelu(new Vector<float>(1000))[0]);
        Assert.AreEqual(0f, SimdMath.GeluDerivative(new Vector<float>(-1000))[0], 1e-20f);
        Assert.AreEqual(1f, SimdMath.GeluDerivative(new Vector<float>(1000))[0]);
    }
}
