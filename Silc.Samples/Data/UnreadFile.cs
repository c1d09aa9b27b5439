namespace Silc.Samples.Data;

/// <summary>Files that people have their data in and that are not read: what they are, and what to make of them.</summary>
static class UnreadFile
{
    const string Table = "write the columns filepath and title to FILE.csv", Shards = "write WebDataset shards, FILE.tar";

    static readonly (string Ending, string Remedy)[] remedies =
    [
        (".gz", "unpack it by gunzip"), (".zst", "unpack it by zstd -d"), (".bz2", "unpack it by bunzip2"), (".xz", "unpack it by xz -d"),
        (".lz4", "unpack it by lz4 -d"), (".zip", "unpack it by unzip, and name the folder"), (".7z", "unpack it, and name the folder"),
        (".rar", "unpack it, and name the folder"),
        (".parquet", $"{Table}, in Python by pandas.read_parquet(...).to_csv(..., index=False)"),
        (".feather", $"{Table}, in Python by pandas.read_feather(...).to_csv(..., index=False)"),
        (".arrow", Table), (".json", Table), (".npz", "write images to files, and a table of them"),
        (".xlsx", "save the sheet as CSV UTF-8"), (".xls", "save the sheet as CSV UTF-8"), (".ods", "save the sheet as CSV in UTF-8"),
        (".txt", "call a table with columns FILE.csv, or FILE.tsv"),
        (".tfrecord", Shards), (".lmdb", Shards), (".h5", Shards), (".hdf5", Shards),
    ];

    /// <summary>What to say of a file that is there and that no source reads.</summary>
    public static string Remedy(string path)
    {
        const string Known = "data can be FILE.csv, FILE.tsv, SHARDS.tar, FOLDER or classes:FOLDER";
        if (ImageFile.IsImage(path)) return $"this is one image; {Known}";
        var (ending, remedy) = Array.Find(remedies, known => path.EndsWith(known.Ending, StringComparison.OrdinalIgnoreCase));
        return ending is not null ? $"files ending in {ending} are not read; {remedy}"
            : $"files of this kind are not read; {Known}, or wds:FILE for a shard of another name";
    }
}
