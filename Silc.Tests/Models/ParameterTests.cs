namespace Silc.Tests;

/// <summary>Names, shapes and number of parameters, without a model's memory.</summary>
[TestClass]
public sealed class ParameterTests
{
    static readonly SilcConfig B16 = SilcConfig.B16 with { Contrastive = ContrastiveKind.Sigmoid };

    static IReadOnlyList<Parameter> Describe(SilcConfig config) => SilcModel.Describe(TestDevices.Open(TestDevices.OneThread), config);

    static bool IsTower(Parameter p) => !p.Name.StartsWith("head/", StringComparison.Ordinal);

    [TestMethod]
    [DataRow("b", 256, 203_202_050)]
    [DataRow("b", 224, 203_155_970)]
    [DataRow("l", 256, 652_150_786)]
    [DataRow("so400m", 384, 877_960_498)]
    public void Both_towers_with_t_and_b_have_as_many_values_as_big_visions(string preset, int size, long total) => Assert.AreEqual(total,
        Describe(SilcConfig.Preset(preset) with { ImageSize = size, Contrastive = ContrastiveKind.Sigmoid }).Where(IsTower).Sum(p => (long)p.Count));

    [TestMethod]
    public void The_head_has_as_many_values_as_DINOs()
    {
        var head = Describe(B16).Where(p => !IsTower(p)).ToList();
        Assert.AreEqual(16_777_216, head.Single(p => p.Name == "head/prototypes/kernel").Count);
        Assert.AreEqual(6_295_808 + 16_777_216, head.Sum(p => p.Count));
    }

    /// <summary>Layers can declare neither what the table lacks nor another size, and a model has all of the table.</summary>
    [TestMethod]
    public void Layers_keep_to_the_table()
    {
        var table = new Dictionary<string, int[]> { ["a/kernel"] = [2, 3, 4], ["a/bias"] = [4] };
        var device = TestDevices.Open(TestDevices.OneThread);
        using var parameters = new Parameters(device, table);
        CollectionAssert.AreEqual(new[] { 2, 3, 4 }, parameters.Add("a/kernel", 6, 4, Inits.Zeros).Shape.ToArray());
        Assert.Contains("'b'", Assert.ThrowsExactly<ArgumentException>(() => parameters.Add("b", 1, 4, Inits.Zeros)).Message);
        Assert.Contains("(4) is not 1 x 5", Assert.ThrowsExactly<ArgumentException>(() => parameters.Add("a/bias", 1, 5, Inits.Zeros)).Message);
        Assert.Contains("'a/bias'", Assert.ThrowsExactly<InvalidOperationException>(() => parameters.Allocate(0, gradients: false)).Message);
    }

    [TestMethod]
    public void InfoNCE_has_no_bias() => Assert.IsFalse(Describe(SilcConfig.B16).Any(p => p.Name == "b"));

    [TestMethod]
    public void Names_and_shapes_are_big_visions()
    {
        IEnumerable<string> Norm(string name) => [$"{name}/scale (768)", $"{name}/bias (768)"];
        IEnumerable<string> Mlp(string name) =>
            [$"{name}/Dense_0/kernel (768,3072)", $"{name}/Dense_0/bias (3072)", $"{name}/Dense_1/kernel (3072,768)", $"{name}/Dense_1/bias (768)"];
        IEnumerable<string> Attention(string name) =>
        [
            .. new[] { "query", "key", "value" }.SelectMany(part => new[] { $"{name}/{part}/kernel (768,12,64)", $"{name}/{part}/bias (12,64)" }),
            $"{name}/out/kernel (12,64,768)", $"{name}/out/bias (768)",
        ];
        IEnumerable<string> Encoder(string name) =>
        [
            .. Enumerable.Range(0, 12).Select(i => $"{name}/encoderblock_{i}").SelectMany(block => new[]
            {
                Norm($"{block}/LayerNorm_0"), Attention($"{block}/MultiHeadDotProductAttention_0"),
                Norm($"{block}/LayerNorm_1"), Mlp($"{block}/MlpBlock_0"),
            }).SelectMany(names => names),
            .. Norm($"{name}/encoder_norm"),
        ];
        string[] expected =
        [
            "img/embedding/kernel (16,16,3,768)", "img/embedding/bias (768)", "img/pos_embedding (1,256,768)", .. Encoder("img/Transformer"),
            "img/MAPHead_0/probe (1,1,768)", .. Attention("img/MAPHead_0/MultiHeadDotProductAttention_0"),
            .. Norm("img/MAPHead_0/LayerNorm_0"), .. Mlp("img/MAPHead_0/MlpBlock_0"),
            "txt/Embed_0/embedding (32000,768)", "txt/pos_embedding (1,64,768)", .. Encoder("txt/Encoder_0"),
            "txt/head/kernel (768,768)", "txt/head/bias (768)", "t (1)", "b (1)",
        ];
        CollectionAssert.AreEquivalent(expected, Describe(B16).Where(IsTower).Select(p => $"{p.Name} ({string.Join(',', p.Shape)})").ToArray());
    }

    [TestMethod]
    public void Every_preset_is_valid()
    {
        foreach (var name in SilcConfig.PresetNames) SilcConfig.Preset(name).Check();
        var error = Assert.ThrowsExactly<ArgumentException>(() => SilcConfig.Preset("huge"));
        StringAssert.Contains(error.Message, "so400m");
    }

    [TestMethod]
    public void Every_parameter_of_every_preset_has_a_decay_rule_and_only_kernels_decay()
    {
        foreach (var name in SilcConfig.PresetNames)
            foreach (var p in Describe(SilcConfig.Preset(name) with { Contrastive = ContrastiveKind.Sigmoid }))
                Assert.AreEqual(p.Name.EndsWith("/kernel", StringComparison.Ordinal) ? 1 : 0, DecayRule.For(DecayRule.Default, p.Name), p.Name);
    }

    [TestMethod]
    public void A_parameter_without_a_decay_rule_is_an_error()
    {
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), TinyRun.Config);
        var error = Assert.ThrowsExactly<ArgumentException>(() =>
            new Trainer(model, TinyRun.Recipe with { DecayRules = [new(".*/kernel", 1), new(".*/bias|.*/scale|t", 0)] }));
        StringAssert.Contains(error.Message, "'img/pos_embedding'");
        StringAssert.Contains(error.Message, "'.*/kernel'");
    }

    [TestMethod]
    public void Initial_values_depend_on_the_seed_and_the_name_alone()
    {
        var device = TestDevices.Open(TestDevices.OneThread);
        using SilcModel model = SilcModel.Create(device, TinyRun.Config, 1), again = SilcModel.Create(device, TinyRun.Config, 1),
            other = SilcModel.Create(device, TinyRun.Config, 2),
            sigmoid = SilcModel.Create(device, TinyRun.Config with { Contrastive = ContrastiveKind.Sigmoid }, 1);
        float[] Values(SilcModel from, string name) => device.Download(from.Parameters[name].Value.View);
        foreach (var p in model.Parameters.All)
        {
            Close.Bits(Values(model, p.Name), Values(again, p.Name), p.Name);
            Close.Bits(Values(model, p.Name), Values(sigmoid, p.Name), p.Name);
        }
        CollectionAssert.AreNotEqual(Values(model, "img/embedding/kernel"), Values(other, "img/embedding/kernel"));
    }
}
