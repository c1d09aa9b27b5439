namespace Silc.Tests;

[TestClass]
public sealed class ShardPatternTests : TempFolder
{
    [TestMethod]
    [DataRow("{08..11}.tar", "08.tar 09.tar 10.tar 11.tar")]
    [DataRow("{8..10}.tar", "8.tar 9.tar 10.tar")]
    [DataRow("x-{b,a}.tar", "x-b.tar x-a.tar")]
    [DataRow("{a,b{1..2}}/{0..1}.tar", "a/0.tar a/1.tar b1/0.tar b1/1.tar b2/0.tar b2/1.tar")]
    [DataRow("*.tar", "b.tar c.tar", "c.tar b.tar d.tar.gz")]
    [DataRow("?.tar*", "b.tar c.tar.gz", "c.tar.gz b.tar dd.tar")]
    [DataRow("s*/{1,0}/*.tar", "s1/1/a.tar s1/0/a.tar s1/0/b.tar", "s1/0/a.tar s1/0/b.tar s1/1/a.tar t/0/a.tar")]
    [DataRow("{a,a}.tar", "a.tar")]
    [DataRow("{odd}.tar", "{odd}.tar")]
    [DataRow("{0..1}.tar", "{0..1}.tar")]
    public void PatternsStandForFiles(string pattern, string expected, string? files = null)
    {
        foreach (var file in (files ?? expected).Split(' '))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At(file))!);
            File.WriteAllText(At(file), "");
        }
        var found = ShardPattern.Find(At(pattern));
        var wanted = expected.Split(' ').Select(At).ToArray();
        CollectionAssert.AreEqual(wanted, found);
    }

    [TestMethod]
    [DataRow("{0..2}.tar", "2.tar is missing; fetch it or narrow the range of 3")]
    [DataRow("9.tar", "9.tar is missing")]
    [DataRow("x*.tar", "no shard matches")]
    [DataRow("nowhere/*.tar", "no shard matches")]
    public void WhatIsMissingIsNamed(string pattern, string expected)
    {
        File.WriteAllText(At("0.tar"), "");
        File.WriteAllText(At("1.tar"), "");
        Assert.Contains(expected, Assert.ThrowsExactly<FileNotFoundException>(() => ShardPattern.Find(At(pattern))).Message);
    }

    [TestMethod]
    [DataRow("{5..1}.tar", "backwards")]
    [DataRow("{0..9999999999}.tar", "more than 1,000,000 shards")]
    [DataRow("{0..9999}{0..9999}.tar", "more than 1,000,000 shards")]
    [DataRow("{0..99}{0..99}{0..99}{0..99}{0..99}{0..99}.tar", "more than 1,000,000 shards")]
    public void RangesAreChecked(string pattern, string expected) =>
        Assert.Contains(expected, Assert.ThrowsExactly<ArgumentException>(() => ShardPattern.Find(pattern)).Message);
}
