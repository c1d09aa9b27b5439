using Silc.Samples.Report;
using Silc.Samples.Terminals;

namespace Silc.Tests;

[TestClass]
public sealed class HtmlTests
{
    [TestMethod]
    public void What_is_put_into_markup_is_escaped_once()
    {
        var inner = Html.Of($"<b>{"<i> & \"'"}</b>");
        Assert.AreEqual("<b>&lt;i&gt; &amp; &quot;&#39;</b>", inner.Text);
        Assert.AreEqual($"<p>{inner.Text}{inner.Text}{inner.Text}1,234.5</p>", Html.Of($"<p>{inner}{new[] { inner, inner }}{1234.5:N1}</p>").Text);
        Assert.Contains("alt=\"&quot;&gt;\"", Html.Image(Images.Noise(2, 2, 1), "\">").Text);
    }

    [TestMethod]
    [DataRow("runs/a-1.tar", "runs/a-1.tar")]
    [DataRow("{00..41}.tar", "'{00..41}.tar'")]
    [DataRow("it's", @"'it'\''s'")]
    [DataRow("", "''")]
    public void Words_for_a_shell_are_quoted(string word, string quoted) => Assert.AreEqual(quoted, Shell.Quoted(word));
}
