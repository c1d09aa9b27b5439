namespace Silc;

/// <summary>What the training of a head needs of it. Threads: as the head says.</summary>
interface ITrainedHead
{
    /// <summary>Whose features it reads.</summary>
    SilcModel Model { get; }

    /// <summary>What its file says of it.</summary>
    HeadDescription Description { get; }

    /// <summary>What is trained.</summary>
    Parameters Parameters { get; }

    /// <summary>Steps done.</summary>
    long Steps { get; set; }

    /// <summary>All that its file holds.</summary>
    IReadOnlyList<NamedArray> Arrays();

    /// <summary>Takes the values of a file.</summary>
    void Load(HeadFile file);

    /// <summary>Writes its file; nothing is left half-written.</summary>
    /// <exception cref="IOException">The message names the file and the reason.</exception>
    sealed void WriteFile(string path)
    {
        IReadOnlyList<NamedArray> arrays;
        using (Model.Exclusive()) arrays = Arrays();
        new HeadFile(path, Description, Steps).Write(arrays);
    }
}
