using Silc.Samples.Report;
using Silc.Samples.Training;

namespace Silc.Tests;

[TestClass]
public sealed class MetricsFileTests : TempFolder
{
    const string Old = "1,6.5,1.5,5,60,0,10,0,0,4.0,0.0000,1.00,0.7,3.6,2.5,0.2,0.2,6,0.7\n2,6.4,1.4,5,50,0.001,9.9,0,0,5.4,0.0000,1.74,,,,,,,\n";

    string OldHeader => string.Join(',', MetricsFile.Columns[..19]) + "\n";

    [TestMethod]
    public void A_file_of_fewer_columns_is_gone_on_with()
    {
        File.WriteAllText(At("metrics.csv"), OldHeader + Old + "3,6.3,");
        using (var log = new MetricsLog(At("metrics.csv"), resumedStep: 2, new()))
        {
            CollectionAssert.AreEqual(new[] { (1.0, 1.5), (2, 1.4) }, log.Over(LossTerm.Contrastive).ToArray());
            CollectionAssert.AreEqual(new[] { (1.0, 5.0), (2, 5) }, log.Over(LossTerm.Distillation).ToArray());
        }
        var lacking = new string(',', MetricsFile.Columns.Length - 19);
        Assert.AreEqual($"{MetricsFile.Header}\n{Old.Replace("\n", $"{lacking}\n")}", File.ReadAllText(At("metrics.csv")));
    }

    [TestMethod]
    public void What_was_not_measured_is_no_number()
    {
        File.WriteAllText(At("metrics.csv"), OldHeader + Old);
        var metrics = RunMetrics.Read(At("metrics.csv"));
        Assert.AreEqual((2, 2L, "0.001", 0.001), (metrics.Count, metrics.Steps, metrics.LastText("learning_rate"), metrics.Last("learning_rate")));
        CollectionAssert.AreEqual(new[] { (1.0, 3.6), (2, double.NaN) }, metrics.Over("teacher_entropy").ToArray());
        Assert.IsTrue(metrics.Has("teacher_entropy"));
        Assert.IsFalse(metrics.Has("peak_memory_mib"));
    }

    [TestMethod]
    public void Columns_have_the_places_that_the_first_line_says()
    {
        File.WriteAllText(At("metrics.csv"), "step,distillation,loss\n1,5,6.5\n");
        var metrics = RunMetrics.Read(At("metrics.csv"));
        Assert.AreEqual((1, 6.5, 5.0, ""), (metrics.Count, metrics.Last("loss"), metrics.Last("distillation"), metrics.LastText("contrastive")));
    }

    /// <summary>Every loss of a run has its column, and those that it has not leave theirs empty.</summary>
    [TestMethod]
    public void A_row_has_the_losses_of_the_run()
    {
        foreach (var term in LossTerm.All)
        {
            var metrics = new StepMetrics(3, 1, [new(term, 0.25)], 1, 0.1, 10, -10, 0, 0);
            using (var log = new MetricsLog(At("metrics.csv"), resumedStep: 0, term.WithWeight(new(), 0.75)))
                log.Add(new(metrics, 9, 1.5, 0, "read", TimeSpan.Zero, TimeSpan.Zero));
            var read = RunMetrics.Read(At("metrics.csv"));
            foreach (var other in LossTerm.All)
            {
                Assert.AreEqual(other == term ? "0.25" : "", read.LastText(other.Name));
                Assert.AreEqual(other == term ? "0.75" : "", read.LastText($"{other.Name}_weight"));
            }
            Assert.AreEqual(term == LossTerm.KoLeo ? "0.7788" : "", read.LastText("koleo_distance"));
            Assert.AreEqual(("0.1", "1.5"), (read.LastText("learning_rate"), read.LastText("samples_per_second")));
        }
    }

    [TestMethod]
    [DataRow("a,b\n1,2\n")]
    [DataRow("step,b\n1,2\n")]
    [DataRow("loss,step\n1,2\n")]
    [DataRow("")]
    public void Another_table_has_no_rows(string content)
    {
        File.WriteAllText(At("metrics.csv"), content);
        Assert.AreEqual(0, RunMetrics.Read(At("metrics.csv")).Count);
        Assert.AreEqual(0, RunMetrics.Read(At("none.csv")).Count);
    }
}
