namespace Silc;

/// <summary>Opens a checkpoint of any format that Silc reads, by its extension. Threads: any number may call.</summary>
static class CheckpointFile
{
    /// <summary>The arrays of an <c>.npz</c> or <c>.safetensors</c> file, by name.</summary>
    /// <exception cref="NotSupportedException">Another format; the message says how to convert it.</exception>
    public static IReadOnlyDictionary<string, StoredArray> Read(string path)
    {
        using var file = ArrayFile.Open(path);
        return file.ReadEverything();
    }

    /// <summary>True for endings, in lower case, that PyTorch's pickles have.</summary>
    internal static bool IsPickle(string extension) => extension is ".pt" or ".pth" or ".bin" or ".ckpt" or ".pkl";

    internal static NotSupportedException NotSupported(string path, string extension) => extension switch
    {
        _ when IsPickle(extension) => new(
            $"{path} is a pickle, which can run code when it is opened; convert it once, where torch and safetensors are installed: "
            + $"python3 -c \"{Conversion(path)}\""),
        _ => new($"{path}: '{extension}' is not a checkpoint format; use .npz or .safetensors"),
    };

    // Checkpoints of training, as open_clip's, hold the weights in an inner dictionary; save_file takes tensors alone, and none that share memory.
    internal static string Conversion(string path) =>
        "import torch; from safetensors.torch import save_file; "
        + $"c = torch.load('{path}', map_location='cpu', weights_only=True); "
        + "c = next((c[k] for k in ('state_dict', 'model_state_dict', 'model', 'module') if isinstance(c.get(k), dict)), c); "
        + $"save_file({{k: v.clone().contiguous() for k, v in c.items() if torch.is_tensor(v)}}, '{Path.ChangeExtension(path, ".safetensors")}')";

    internal static void RequireSize(NamedArray array)
    {
        var count = array.Shape.Aggregate(1L, (product, size) => product * size);
        Require.That(count == array.Values.LongLength,
            $"'{array.Name}' has {array.Values.Length} values, its shape ({string.Join(", ", array.Shape)}) holds {count}");
    }
}
