using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace Silc.Samples.Data;

/// <summary>
/// Vectors as Parquet, by Parquet.Net: the columns <c>path</c>, <c>caption</c> and <c>vector</c>, a list of floats, which pandas, polars, DuckDB
/// and Hugging Face's datasets read. The file's metadata say which model made them and how. Threads: one at a time.
/// </summary>
sealed class ParquetVectors : IVectorFile
{
    /// <summary>Ending of the file.</summary>
    public const string Ending = ".parquet";

    const string ModelKey = "silc.model";
    const int GroupRows = 8192, FaultsNamed = 10, Tail = 1 << 16;

    static readonly ListField vector = new("vector", new DataField<float>(ListField.ElementName));
    static readonly ParquetSchema schema = new(new DataField<string>("path"), new DataField<string>("caption"), vector);

    readonly string path, folder;
    readonly int width;
    readonly StagedFile file;
    readonly ParquetWriter writer;
    readonly List<string> paths = [], captions = [];
    readonly List<int> faults = [];
    readonly float[] values;
    readonly int[] repetitions, definitions;
    bool closed;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="model">Makes the vectors.</param>
    /// <param name="crop">How its images become squares; null for captions.</param>
    public ParquetVectors(string path, SilcModel model, EvalCrop? crop)
    {
        (this.path, width, folder) = (path, model.Config.EmbedDim, Path.GetDirectoryName(Path.GetFullPath(path))!);
        (values, repetitions, definitions) = (new float[GroupRows * width], new int[GroupRows * width], new int[GroupRows * width]);
        // No list and no value is missing.
        Array.Fill(definitions, schema.DataFields[2].MaxDefinitionLevel);
        // A row begins with 0, what goes on in its list is 1.
        for (int i = 0; i < repetitions.Length; i++) repetitions[i] = i % width == 0 ? 0 : 1;
        try
        {
            file = new(path);
            writer = Wait(ParquetWriter.CreateAsync(schema, file.Stream));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw AtomicFile.Failed(path, error, file, bytes: 0);
        }
        writer.CustomMetadata = new Dictionary<string, string>
        {
            [ModelKey] = model.Fingerprint(),
            ["silc.version"] = Checkpoint.LibraryVersion,
            ["silc.width"] = width.ToString(CultureInfo.InvariantCulture),
            ["silc.crop"] = IndexColumns.Text(crop),
            ["silc.resize"] = crop is null ? "" : model.Config.Images.Resize,
            ["silc.background"] = crop is null ? "" : model.Config.Images.Background,
        };
    }

    /// <summary>True for a file that silc embed wrote.</summary>
    public static bool IsOwn(string path)
    {
        using var stream = File.OpenRead(path);
        var tail = new byte[Math.Min(Tail, stream.Length)];
        stream.Seek(-tail.Length, SeekOrigin.End);
        stream.ReadExactly(tail);
        return tail.AsSpan().EndsWith("PAR1"u8) && tail.AsSpan().IndexOf("silc.model"u8) >= 0;
    }

    public int Count { get; private set; }

    public (int Count, IReadOnlyList<int> First) Faults { get; private set; } = (0, []);

    public void Add(Vectors embeddings, IReadOnlyList<string> images, IReadOnlyList<string> titles)
    {
        for (int i = 0; i < embeddings.Count; i++)
        {
            var row = embeddings.Row(i);
            if (Vectors.IsFaulty(row))
            {
                if (faults.Count < FaultsNamed) faults.Add(Count);
                Faults = (Faults.Count + 1, faults);
            }
            row.CopyTo(values.AsSpan(paths.Count * width));
            paths.Add(File.Exists(images[i]) ? Path.GetRelativePath(folder, images[i]).Replace('\\', '/') : images[i]);
            captions.Add(titles[i]);
            Count++;
            if (paths.Count == GroupRows) WriteGroup();
        }
    }

    public void Commit(string? other = null)
    {
        WriteGroup();
        try
        {
            closed = true;
            Wait(writer.DisposeAsync());
            file.Commit(other);
        }
        catch (IOException error)
        {
            throw AtomicFile.Failed(path, error, file, (long)Count * width * sizeof(float));
        }
    }

    void WriteGroup()
    {
        if (paths.Count == 0) return;
        try
        {
            using var group = writer.CreateRowGroup();
            var fields = schema.DataFields;
            Wait(group.WriteAsync(fields[0], paths, null));
            Wait(group.WriteAsync(fields[1], captions, null));
            var count = paths.Count * width;
            Wait(group.WriteAllPartsAsync<float>(fields[2], values.AsMemory(0, count), definitions.AsMemory(0, count), repetitions.AsMemory(0, count),
                default));
            group.CompleteValidate();
        }
        catch (IOException error)
        {
            throw AtomicFile.Failed(path, error, file, (long)Count * width * sizeof(float));
        }
        paths.Clear();
        captions.Clear();
    }

    // Parquet.Net has no other form; a file's stream is written to at once.
    static T Wait<T>(Task<T> work) => work.GetAwaiter().GetResult();

    static void Wait(Task work) => work.GetAwaiter().GetResult();

    static void Wait(ValueTask work) => work.AsTask().GetAwaiter().GetResult();

    public void Dispose()
    {
        if (!closed)
        {
            closed = true;
            try
            {
                Wait(writer.DisposeAsync());
            }
            catch (IOException)
            {
                // What is left is deleted.
            }
        }
        file.Dispose();
    }
}
