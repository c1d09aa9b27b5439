namespace Silc;

/// <summary>Whose files a model can be read from and written to.</summary>
public enum ModelFormat
{
    /// <summary>This library's <c>model.safetensors</c>: big_vision's names, the configuration in the metadata.</summary>
    Silc,

    /// <summary>big_vision's <c>.npz</c>, in which SILC and SigLIP were published.</summary>
    Npz,

    /// <summary>Hugging Face's <c>SiglipModel</c> and <c>CLIPModel</c>: <c>model.safetensors</c> and <c>config.json</c>.</summary>
    HuggingFace,

    /// <summary>open_clip, CLIP or with a timm image tower: <c>open_clip_model.safetensors</c> and <c>open_clip_config.json</c>.</summary>
    OpenClip,
}

/// <summary>Names of formats on the command line and in messages. Threads: any number may call.</summary>
static class ModelFormats
{
    /// <summary>The names that <see cref="Parse"/> takes.</summary>
    public static IReadOnlyList<string> Names { get; } = ["npz", "hf", "open_clip", "silc"];

    /// <summary>The format of that name.</summary>
    /// <exception cref="ArgumentException">No such format; the message lists them.</exception>
    public static ModelFormat Parse(string name) => name.ToLowerInvariant() switch
    {
        "npz" => ModelFormat.Npz,
        "hf" => ModelFormat.HuggingFace,
        "open_clip" or "openclip" => ModelFormat.OpenClip,
        "silc" => ModelFormat.Silc,
        _ => throw new ArgumentException($"no format '{name}'; there are {string.Join(", ", Names)}"),
    };

    /// <summary>In words, for people.</summary>
    public static string Describe(this ModelFormat format) => format switch
    {
        ModelFormat.Npz => "big_vision npz",
        ModelFormat.HuggingFace => "Hugging Face",
        ModelFormat.OpenClip => "open_clip",
        _ => "Silc",
    };
}
