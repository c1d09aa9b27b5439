namespace Silc.Tests;

/// <summary>The head begins as DINO's, whose bounds of ±2 cut nothing off a normal of std 0.02.</summary>
[TestClass]
public sealed class HeadInitTests
{
    [TestMethod]
    public void Kernels_of_a_new_head_have_a_standard_deviation_of_two_hundredths()
    {
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), SilcConfig.Mini with { VocabSize = 60 });
        float largest = 0;
        for (int i = 0; i < 3; i++)
        {
            var p = model.Parameters[$"head/Dense_{i}/kernel"];
            var values = model.Device.Download(p.Value.View.SubView(0, p.Count));
            var deviation = Math.Sqrt(values.Average(value => (double)value * value));
            Assert.AreEqual(0.02, deviation, 0.02 * 4 / Math.Sqrt(2.0 * values.Length), p.Name);
            largest = Math.Max(largest, values.Max(Math.Abs));
        }
        Assert.IsGreaterThan(0.07f, largest);
    }
}
