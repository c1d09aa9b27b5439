namespace Silc.Tests;

/// <summary>Files as numpy and flax write them: prefixes, stacked layers, bfloat16, arrays beside the model.</summary>
[TestClass]
public sealed class BigVisionNpzTests
{
    static readonly SilcConfig Config = TinyModels.Config with
    {
        Image = TinyModels.Config.Image with { Gelu = GeluKind.Tanh },
        ImageSize = 9,
        Views = BigVisionModel.ViewsFor(9, 3),
        Head = new HeadConfig(256, 64, 1024),
    };

    static readonly Dictionary<string, float[]> expected = TinyModels.Values(TinyModels.Weights(Config, head: false));

    // a: arrays of our file by name without prefix; s: the same with stacked encoder blocks.
    const string Prepare = """
        a = {k[7:]: v for k, v in np.load(p + '/a.npz').items()}
        s = {}
        for k in a:
            m = re.match(r'(.*encoderblock)_0(/.*)', k)
            if m: s[m[1] + m[2]] = np.stack([a[f'{m[1]}_{i}{m[2]}'] for i in range(9) if f'{m[1]}_{i}{m[2]}' in a])
            elif 'encoderblock' not in k: s[k] = a[k]
        bf = lambda x: (np.ascontiguousarray(x, np.float32).view(np.uint32) >> 16).astype(np.uint16).view('V2')

        """;

    [TestMethod]
    [DataRow("np.savez(p + '/b.npz', **a)", 0)]
    [DataRow("np.savez_compressed(p + '/b.npz', **{'opt/target/' + k: v for k, v in a.items()})", 0)]
    [DataRow("np.savez(p + '/b.npz', **{'params/' + k: v for k, v in s.items()})", 0)]
    [DataRow("np.savez_compressed(p + '/b.npz', **s)", 0)]
    [DataRow("np.savez(p + '/b.npz', **{'params/' + k: np.asfortranarray(v) for k, v in a.items()})", 0)]
    [DataRow("np.savez(p + '/b.npz', **{'params/' + k: v.astype('>f8') for k, v in s.items()}, "
        + "**{'opt/step': np.int64(7), 'opt/mu/t': np.ones(3)})", 2)]
    public void Every_way_of_storing_is_read_bit_for_bit(string save, int extra)
    {
        using var folder = new TemporaryFolder();
        using var file = ModelFile.Open(Store(folder, save));
        Assert.AreEqual(ModelFormat.Npz, file.Format);
        Assert.AreEqual(Config with { Images = ImageRule.BigVision }, file.Config);
        Assert.HasCount(extra, file.Extra);
        foreach (var (name, values) in expected) Close.Bits(values, TinyModels.Values(file.Weights)[name], name);
    }

    [TestMethod]
    public void Bfloat16_is_the_upper_half_of_each_value()
    {
        using var folder = new TemporaryFolder();
        using var file = ModelFile.Open(Store(folder, "np.savez(p + '/b.npz', **{'params/' + k: bf(v) for k, v in s.items()})"));
        var read = TinyModels.Values(file.Weights);
        foreach (var (name, values) in expected)
            Close.Bits([.. values.Select(value =>
                BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xffff0000))], read[name], name);
    }

    [TestMethod]
    [DataRow("a.pop('txt/pos_embedding')", "lacks 'params/txt/pos_embedding' of shape (1, tokens, width)")]
    [DataRow("a.pop('img/Transformer/encoderblock_1/MlpBlock_0/Dense_1/bias')",
        "lacks 'params/img/Transformer/encoderblock_1/MlpBlock_0/Dense_1/bias' of shape (12)")]
    [DataRow("a['img/MAPHead_0/probe'] = np.zeros((1, 2, 12), 'f4')",
        "'params/img/MAPHead_0/probe' has shape (1, 2, 12), it should be (1, 1, 12)")]
    [DataRow("a['img/pos_embedding'] = np.zeros((1, 10, 12), 'f4')", "10 positions, which are no square grid")]
    [DataRow("a['img/embedding/kernel'] = np.zeros((9, 9, 12), 'f4')", "has shape (9, 9, 12), it should be (patch, patch, 3, width)")]
    [DataRow("a['txt/head/bias'][3] = np.nan", "'params/txt/head/bias' holds NaN at 3")]
    [DataRow("a['t'] = np.array([None])", "array 'params/t': 'descr': '|O' holds Python objects")]
    [DataRow("a['t'] = np.array(['hot'])", "array 'params/t': 'descr': '<U3' is not supported")]
    [DataRow("a.pop('img/embedding/kernel')", "holds no image tower")]
    public void What_does_not_fit_is_named_with_what_was_expected(string change, string says)
    {
        using var folder = new TemporaryFolder();
        var path = Store(folder, $"{change}\nnp.savez(p + '/b.npz', **{{'params/' + k: v for k, v in a.items()}})");
        var error = Assert.ThrowsExactly<InvalidDataException>(() =>
        {
            using var file = ModelFile.Open(path);
            TinyModels.Values(file.Weights);
        });
        StringAssert.Contains(error.Message, says);
        StringAssert.StartsWith(error.Message, path);
    }

    static string Store(TemporaryFolder folder, string save)
    {
        ModelWriter.Write(TinyModels.Weights(Config, head: false), ModelFormat.Npz, folder.File("a.npz"));
        var script = folder.File("make.py");
        File.WriteAllText(script, $"import re\np = r'{Path.GetDirectoryName(script)}'\n{Prepare}{save}\n");
        NumpyPeer.Run($"exec(open(r'{script}').read())");
        return folder.File("b.npz");
    }
}
