using System.Text.Json;

namespace Silc.Tests;

[TestClass]
public sealed class ViewConfigTests
{
    [TestMethod]
    public void RecipesAreThePapers()
    {
        Assert.AreEqual(new(2, 8, 96, 0.4, 1, 0.05, 0.4), ViewConfig.Silc);
        Assert.AreEqual(new(1, 8, 96, 0.4, 1, 0.05, 0.4, Plain: true), ViewConfig.SigLip2);
        var dino = ViewConfig.Dino;
        Assert.AreEqual((2, 8, 96), (dino.Global, dino.Local, dino.LocalSize));
        Assert.AreEqual<ViewProbability>(0.5, dino.Flip);
        Assert.AreEqual<ViewProbability>(0.8, dino.Jitter);
        Assert.AreEqual<ViewProbability>(0.2, dino.Grey);
        Assert.AreEqual((0.4, 0.4, 0.2, 0.1), (dino.Brightness, dino.Contrast, dino.Saturation, dino.Hue));
        Assert.AreEqual(new(1, 0.1, 0.5), dino.Blur);
        Assert.AreEqual(new(0, 0.2, 0), dino.Solarize);
        Assert.AreEqual((0.1, 2.0), (dino.BlurMin, dino.BlurMax));
        foreach (var name in ViewConfig.RecipeNames) ViewConfig.Recipe(name).Check();
        Assert.Contains("siglip2", Assert.ThrowsExactly<ArgumentException>(() => ViewConfig.Recipe("moco")).Message);
    }

    [TestMethod]
    public void JsonKeepsGroupsAndReadsOldFiles()
    {
        Assert.AreEqual(ViewConfig.Dino, JsonSerializer.Deserialize<ViewConfig>(JsonSerializer.Serialize(ViewConfig.Dino)));
        // As files hold it that were written when a probability was one number.
        var old = JsonSerializer.Deserialize<ViewConfig>("""{"Global":1,"Flip":0.5,"Jitter":0}""");
        Assert.AreEqual(new ViewConfig(1, Flip: 0.5), old);
        Assert.Contains("\"Flip\":0.5,", JsonSerializer.Serialize(old));
        Assert.ThrowsExactly<JsonException>(() => JsonSerializer.Deserialize<ViewConfig>("""{"Blur":[1,0]}"""));
    }

    [TestMethod]
    public void NonsenseIsNamed()
    {
        Check(new(Blur: new(0, 2, 0)), "blur probability of further global views is 2");
        Check(new(Solarize: -0.1), "solarize probability is -0.1");
        Check(new(Grey: new(0, 0, double.NaN)), "grey probability of local views is NaN");
        Check(new(BlurMin: 3), "blur is [3, 2] pixels");
        Check(new(BlurMax: 1e9), "blur is");
        Check(new(AspectMin: 2), "crop aspect is [2, 1.33");
        Check(new(Filter: (ResampleFilter)7), "filter 7");
    }

    static void Check(ViewConfig views, string named) =>
        Assert.Contains(named, Assert.ThrowsExactly<ArgumentException>(views.Check).Message);
}
