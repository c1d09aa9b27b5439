namespace Silc.Tests;

/// <summary>A small untrained model with the words tokenizer in a file, for commands that want one.</summary>
static class CaseModel
{
    public static string In(string folder)
    {
        var tokenizer = new WordTokenizer();
        using var device = Device.Cpu(1);
        using var model = SilcModel.Create(device, TinyRun.Config with { TextLength = 12, VocabSize = tokenizer.VocabSize }, seed: 1, tokenizer);
        var path = Path.Combine(folder, "model.safetensors");
        model.Save(path);
        return path;
    }
}
