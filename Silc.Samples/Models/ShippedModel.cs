namespace Silc.Samples.Models;

/// <summary>The model that comes with the program, <c>mini</c>: trained on drawings of its own, so that commands work before any training.</summary>
static class ShippedModel
{
    /// <summary>What stands for it where a command wants a model.</summary>
    public const string Name = "mini";

    /// <summary>Where it lies, beside the program.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Shipped", Name);

    /// <summary>What a user calls a model: the name of the shipped one for its folder.</summary>
    public static string NameOf(string path) => path == Folder ? Name : path;

    /// <summary>The folder that a value means: that of the shipped model for its name, unless the user has something of that name.</summary>
    public static string Locate(string value) =>
        value == Name && !File.Exists(value) && !Directory.Exists(value) && Directory.Exists(Folder) ? Folder : value;
}
