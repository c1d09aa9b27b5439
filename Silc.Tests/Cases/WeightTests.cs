using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary>Weights that lack a layer, or whose names have something in front; and the remedy for pickles.</summary>
[TestClass]
public sealed class WeightTests : TempFolder
{
    static readonly SilcConfig config = TinyRun.Config with
    {
        Image = TinyRun.Config.Image with { Depth = 3 },
        Text = TinyRun.Config.Text with { Depth = 4 },
    };

    [TestMethod]
    [DataRow(ModelFormat.HuggingFace, "text_model.encoder.layers.1.mlp.fc1.weight", DisplayName = "weights-that-lack-a-layer")]
    [DataRow(ModelFormat.HuggingFace, "text_model.encoder.layers.3.mlp.fc1.weight")]
    [DataRow(ModelFormat.HuggingFace, "vision_model.encoder.layers.0.mlp.fc1.weight")]
    [DataRow(ModelFormat.OpenClip, "text.transformer.resblocks.1.mlp.c_fc.weight"),
        DataRow(ModelFormat.OpenClip, "visual.trunk.blocks.2.mlp.fc1.weight")]
    [DataRow(ModelFormat.Npz, "params/img/Transformer/encoderblock_1/MultiHeadDotProductAttention_0/query/kernel")]
    [DataRow(ModelFormat.Npz, "params/txt/Encoder_0/encoderblock_2/MlpBlock_0/Dense_0/kernel")]
    public void A_missing_layer_is_an_error(ModelFormat format, string missing)
    {
        var file = Write(format);
        Rewrite(file, name => name == missing ? null : name);
        Assert.Contains($"'{missing}'", Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(file)).Message);
    }

    [TestMethod]
    [DataRow(ModelFormat.HuggingFace, "text_model.encoder.layers.3."), DataRow(ModelFormat.OpenClip, "text.transformer.resblocks.3.")]
    [DataRow(ModelFormat.OpenClip, "visual.trunk.blocks.2.")]
    public void Layers_that_are_missing_at_the_end_are_found_by_the_configuration(ModelFormat format, string missing)
    {
        var file = Write(format);
        Rewrite(file, name => name.StartsWith(missing, StringComparison.Ordinal) ? null : name);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Open(file)).Message;
        Assert.Contains(missing, message);
        Assert.Contains("config.json", message);
    }

    [TestMethod]
    [DataRow("module."), DataRow("_orig_mod."), DataRow("state_dict."), DataRow("module._orig_mod."), DataRow("model.")]
    public void What_training_puts_in_front_of_names_is_left_off(string prefix)
    {
        foreach (var format in new[] { ModelFormat.OpenClip, ModelFormat.HuggingFace })
        {
            var file = Write(format);
            using var plain = ModelFile.Open(file);
            var expected = plain.Weights.Fingerprint();
            Rewrite(file, name => prefix + name);
            using var read = ModelFile.Open(file);
            Assert.AreEqual(format, read.Format);
            Assert.AreEqual(expected, read.Weights.Fingerprint());
            Assert.IsEmpty(read.Extra);
            Assert.Contains($"names begin with '{prefix}'", string.Join(' ', read.Notes));
        }
    }

    [TestMethod]
    public void The_weights_of_an_average_beside_the_model_are_not_mixed_with_it()
    {
        var file = Write(ModelFormat.OpenClip);
        using (var plain = ModelFile.Open(file)) File.WriteAllText(At("expected"), plain.Weights.Fingerprint());
        var arrays = Safetensors.Read(file).Arrays.Values.Select(array => array.ToNamedArray()).ToList();
        Safetensors.Write(file, [.. arrays.Select(array => array with { Name = $"model.{array.Name}" }),
            .. arrays.Select(array => array with { Name = $"model_ema.{array.Name}", Values = [.. array.Values.Select(value => value + 1)] })]);
        using var read = ModelFile.Open(file);
        Assert.AreEqual(File.ReadAllText(At("expected")), read.Weights.Fingerprint());
        Assert.HasCount(arrays.Count, read.Extra);
    }

    // The line runs against stand-ins of torch and safetensors that refuse what those refuse: what is no tensor, and tensors that share memory.
    [TestMethod]
    [DataRow("{'epoch': 3, 'name': 'x', 'state_dict': {'module.a': T(1), 'module.b': T(1)}, 'optimizer': {'state': {}}}",
        DisplayName = "open_clip's checkpoint")]
    [DataRow("{'model': {'module.a': T(1), 'module.b': T(1)}, 'iteration': 5}"), DataRow("{'module.a': T(1), 'module.b': T(1), 'step': 7}")]
    public void The_remedy_for_pickles_works_for_checkpoints_of_training(string content)
    {
        Directory.CreateDirectory(At("safetensors"));
        File.WriteAllText(At("torch.py"), $$"""
            class T:
                def __init__(self, memory): self.memory = memory
                def clone(self): return T(object())
                def contiguous(self): return self
            def is_tensor(x): return isinstance(x, T)
            def load(path, map_location, weights_only):
                assert weights_only
                return {{content}}
            """);
        File.WriteAllText(At("safetensors/__init__.py"), "");
        File.WriteAllText(At("safetensors/torch.py"), """
            def save_file(tensors, path):
                import torch
                for k, v in tensors.items():
                    if not torch.is_tensor(v): raise ValueError(f'Key `{k}` is invalid, expected torch.Tensor but received {type(v)}')
                if len({id(v.memory) for v in tensors.values()}) < len(tensors): raise RuntimeError('Some tensors share memory')
                open(path, 'w').write(' '.join(tensors))
            """);
        var message = Assert.ThrowsExactly<NotSupportedException>(() => ModelFile.Open(At("epoch_3.pt"))).Message;
        var line = Regex.Match(message, "python3 -c \"(.*)\"").Groups[1].Value;
        ProcessStartInfo start = new("python3", ["-c", line]) { RedirectStandardError = true };
        start.Environment["PYTHONPATH"] = Root;
        try
        {
            using var python = Process.Start(start)!;
            var error = python.StandardError.ReadToEnd();
            python.WaitForExit();
            Assert.AreEqual(0, python.ExitCode, error);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Inconclusive("no python3 on this machine");
        }
        Assert.AreEqual("module.a module.b", File.ReadAllText(At("epoch_3.safetensors")));
    }

    string Write(ModelFormat format)
    {
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, 1);
        if (format == ModelFormat.OpenClip) return TinyModels.WriteOpenClip(model.Weights, At($"{format}"));
        return model.Export(At(format == ModelFormat.Npz ? "m.npz" : $"{format}"), format)[0];
    }

    // Null leaves an array out.
    static void Rewrite(string file, Func<string, string?> rename)
    {
        var arrays = CheckpointFile.Read(file).Values.Select(array => array.ToNamedArray()).Select(array => (New: rename(array.Name), array))
            .Where(entry => entry.New is not null).Select(entry => entry.array with { Name = entry.New! }).ToList();
        if (Path.GetExtension(file) == ".npz") Npz.Write(file, arrays);
        else Safetensors.Write(file, arrays);
    }
}
