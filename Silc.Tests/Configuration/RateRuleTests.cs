namespace Silc.Tests;

[TestClass]
public sealed class RateRuleTests
{
    [TestMethod]
    [DataRow("img/Transformer/encoderblock_0/LayerNorm_0/bias", 0.1)]
    [DataRow("img/embedding/kernel", 0.0)]
    [DataRow("txt/head/kernel", 1.0)]
    [DataRow("t", 1.0)]
    public void The_first_pattern_over_the_whole_name_counts(string name, double expected) =>
        Assert.AreEqual(expected,
            RateRule.For([new("img/embedding/.*", 0), new("img/.*", 0.1), new("img/embedding/kernel", 5), new("head", 7)], name));

    [TestMethod]
    [DataRow("img/(", 1.0, "'img/('")]
    [DataRow("img/.*", -1.0, "-1")]
    [DataRow("img/.*", double.NaN, "'img/.*'")]
    public void What_is_no_rule_is_refused(string pattern, double multiplier, string says) =>
        Assert.Contains(says, Assert.ThrowsExactly<ArgumentException>(() => new TrainConfig(RateRules: [new(pattern, multiplier)]).Check()).Message);
}
