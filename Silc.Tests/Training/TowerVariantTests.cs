namespace Silc.Tests;

/// <summary>Towers that differ from SILC's own: what training leaves alone, what files hold, and what is refused.</summary>
[TestClass]
public sealed class TowerVariantTests
{
    static readonly SilcConfig config = TinyRun.Config with
    {
        Image = TinyRun.Config.Image with { QkNorm = true, LayerScale = 0.1, Registers = 2 },
        Text = TinyRun.Config.Text with { Depth = 0 },
        TextPooling = TextPooling.Mean,
        StemPatch = 4,
        StemWidth = 12,
        Positions = PositionKind.SinCos,
    };

    [TestMethod, EveryDevice]
    public void Computed_positions_stay_and_all_else_learns(string device)
    {
        using var run = new TinyRun(device, TinyRun.Recipe with { WeightDecay = 0.01 }, config);
        var before = run.Model.Parameters.All.ToDictionary(p => p.Name, p => run.Read(p.Value));
        Close.Bits(SinCosPositions.Table(config.Grid, config.Image.Width), before["img/pos_embedding"], "positions at the start");
        run.Steps(1, 2, 3);
        Assert.AreEqual(0, run.Trainer.ReadMetrics().SkippedInRow);
        foreach (var (name, values) in before)
            if (name == "img/pos_embedding") Close.Bits(values, run.Read(run.Model.Parameters[name].Value), name);
            else CollectionAssert.AreNotEqual(values, run.Read(run.Model.Parameters[name].Value), name);
    }

    // The definition: sin and cos of the column, then of the row, at frequencies 1 and 1 / 10,000 for a width of 8.
    [TestMethod]
    public void Computed_positions_are_sines_and_cosines_of_column_and_row()
    {
        var table = SinCosPositions.Table(grid: 3, width: 8);
        double[] cell = [1, 1e-4];
        for (int y = 0; y < 3; y++)
            for (int x = 0; x < 3; x++)
                for (int k = 0; k < 2; k++)
                {
                    int at = (y * 3 + x) * 8 + k;
                    Assert.AreEqual(Math.Sin(x * cell[k]), table[at], 1e-6);
                    Assert.AreEqual(Math.Cos(x * cell[k]), table[at + 2], 1e-6);
                    Assert.AreEqual(Math.Sin(y * cell[k]), table[at + 4], 1e-6);
                    Assert.AreEqual(Math.Cos(y * cell[k]), table[at + 6], 1e-6);
                }
    }

    [TestMethod]
    public void A_file_holds_them_and_only_its_own_format_does()
    {
        using var folder = new TemporaryFolder();
        using var run = new TinyRun(TestDevices.OneThread, config: config);
        run.Steps(1);
        var path = folder.File("model.safetensors");
        run.Model.Save(path, "words:50");
        using var file = ModelFile.Open(path);
        Assert.AreEqual(config, file.Config);
        using var again = SilcModel.Load(run.Model.Device, path);
        foreach (var p in run.Model.Parameters.All.Where(p => !p.Name.StartsWith("head/", StringComparison.Ordinal)))
            Close.Bits(run.Read(p.Value), run.Read(again.Parameters[p.Name].Value), p.Name);
        foreach (var (format, variant, part) in new[]
        {
            (ModelFormat.HuggingFace, config, "queries and keys"), (ModelFormat.Npz, TinyRun.Config with { StemPatch = 2 }, "two layers"),
            (ModelFormat.OpenClip, TinyRun.Config with { Text = config.Text, TextPooling = TextPooling.Mean }, "without blocks"),
        })
        {
            using var model = SilcModel.Create(run.Model.Device, variant);
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ModelWriter.Write(model.Weights, format, folder.File("x"))).Message,
                part);
        }
    }

    [TestMethod]
    [DataRow(3, null, 32, 1, "divide patches of 8"), DataRow(8, null, 32, 1, "divide patches of 8"), DataRow(null, 7, 32, 1, "StemPatch")]
    [DataRow(4, 0, 32, 1, "at least one"), DataRow(4, null, 30, 1, "width that 4 divides"), DataRow(4, null, 32, 0, "image depth")]
    public void What_cannot_be_is_refused(int? small, int? channels, int width, int depth, string words)
    {
        var wrong = config with
        {
            Image = config.Image with { Width = width, Depth = depth },
            StemPatch = small,
            StemWidth = channels,
        };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => wrong.Check()).Message, words);
    }
}
