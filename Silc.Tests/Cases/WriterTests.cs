using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary>Every file is written by the atomic writer and its like; a folder of many files is whole or not there.</summary>
[TestClass, DoNotParallelize]
public sealed partial class WriterTests : TempFolder
{
    // Who opens a file for writing, and what for.
    static readonly Dictionary<string, string> writers = new()
    {
        ["Silc.Core/Formats/AtomicFile.cs"] = "what lies in /dev",
        ["Silc.Core/Formats/StagedFile.cs"] = "files",
        ["Silc.Core/Formats/StagedFolder.cs"] = "folders of many files",
        ["Silc.Core/Runs/FolderLock.cs"] = "a lock, which holds a word for as long as the process lives",
        ["Silc.Gpu/Heads/FeatureCache.cs"] = "features that go with the process",
        ["Silc.Samples/Training/PeakMemory.cs"] = "a setting of the kernel",
        ["Silc.Gpu/Heads/FeatureStore.cs"] = "a cache that grows, whose records have checksums",
        ["Silc.Samples/Terminals/Terminal.cs"] = "the terminal",
        ["Silc.Samples/Training/MetricsLog.cs"] = "a log that grows, begun by the atomic writer",
        ["Silc.Samples/Training/RecordFile.cs"] = "a log that grows",
        ["Silc.Samples/Training/BestModel.cs"] = "renames weights, which the atomic writer wrote",
    };

    [TestMethod]
    [DataRow("File.WriteAllText(path, text)", true)]
    [DataRow("File.Create(path)", true)]
    [DataRow("await File.AppendAllLinesAsync(path, lines)", true)]
    [DataRow("new FileStream(path, FileMode.OpenOrCreate)", true)]
    [DataRow("CsvWriter.ToFile(path)", true)]
    [DataRow("new StreamWriter(path)", true)]
    [DataRow("new SKFileWStream(path)", true)]
    [DataRow("AtomicFile.WriteText(path, text)", false)]
    [DataRow("AtomicFile.Write(path, stream => { })", false)]
    [DataRow("ModelFile.Open(path)", false)]
    [DataRow("File.OpenRead(path)", false)]
    [DataRow("new FileStream(path, FileMode.Open, FileAccess.Read)", false)]
    public void A_writer_is_recognised(string line, bool expected) => Assert.AreEqual(expected, Writes().IsMatch(line));

    [TestMethod]
    public void Nobody_else_opens_a_file_for_writing()
    {
        var sources = Sources().ToList();
        Assert.IsGreaterThan(300, sources.Count);
        var others = sources.Where(source => !writers.ContainsKey(source.Name))
            .SelectMany(source => File.ReadLines(source.Path).Index().Where(line => Writes().IsMatch(line.Item))
                .Select(line => $"{source.Name}:{line.Index + 1}: {line.Item.Trim()}")).ToList();
        Assert.IsEmpty(others, string.Join('\n', others));
        var idle = writers.Keys.Where(name => !sources.Exists(source => source.Name == name && Writes().IsMatch(File.ReadAllText(source.Path))));
        Assert.IsEmpty(idle.ToList(), "these write no more: take them off the list");
    }

    [TestMethod]
    public void A_folder_has_its_name_when_all_is_in_it()
    {
        Directory.CreateDirectory(At("set"));       // an empty one is taken
        using (var folder = new StagedFolder(At("set")))
        {
            Parallel.For(0, 200, i => folder.Write(Path.Combine($"part{i % 7}", $"{i}.txt"), BitConverter.GetBytes(i)));
            folder.Write("index.csv", "a,b\n"u8);
            Assert.IsEmpty(Directory.GetFileSystemEntries(At("set")));
            folder.Commit();
        }
        Assert.HasCount(201, Directory.GetFiles(At("set"), "*", SearchOption.AllDirectories));
        for (int i = 0; i < 200; i++) CollectionAssert.AreEqual(BitConverter.GetBytes(i), File.ReadAllBytes(At($"set/part{i % 7}/{i}.txt")));
        Assert.AreEqual("a,b\n", File.ReadAllText(At("set/index.csv")));
        Assert.HasCount(1, Directory.GetFileSystemEntries(Root));
    }

    [TestMethod]
    public void A_folder_that_is_not_finished_leaves_nothing_and_takes_nothing()
    {
        using (var folder = new StagedFolder(At("set"))) folder.Write("deep/a.txt", "x"u8);
        Assert.IsEmpty(Directory.GetFileSystemEntries(Root));
        using (var folder = new StagedFolder(At("set")))
        {
            folder.Write("a.txt", "x"u8);
            // Another process has made the folder meanwhile.
            Directory.CreateDirectory(At("set"));
            File.WriteAllText(At("set/thesis.txt"), "mine");
            Assert.Contains(At("set"), Assert.ThrowsExactly<IOException>(folder.Commit).Message);
        }
        Assert.AreEqual("mine", File.ReadAllText(At("set/thesis.txt")));
        Assert.HasCount(1, Directory.GetFileSystemEntries(Root));
    }

    [TestMethod]
    public void A_full_disk_is_named_and_the_folder_gone()
    {
        using var disk = new SmallDisk(At("disk"), "size=256k");
        using (var folder = new StagedFolder(At("disk/set")))
        {
            var error = Assert.ThrowsExactly<IOException>(() =>
            {
                for (int i = 0; i < 100; i++) folder.Write($"{i}.bin", new byte[8192]);
            });
            Assert.StartsWith($"cannot write {At("disk/set")}: ", error.Message);
            Assert.Contains("are free there", error.Message);
        }
        Assert.IsEmpty(Directory.GetFileSystemEntries(At("disk")));
    }

    static IEnumerable<(string Name, string Path)> Sources([CallerFilePath] string here = "")
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
        if (!File.Exists(Path.Combine(root, "Silc.sln"))) Assert.Inconclusive("the sources are not where they were compiled");
        return ((string[])["Silc.Core", "Silc.Gpu", "Silc.Samples"])
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(root, project), "*.cs", SearchOption.AllDirectories))
            .Select(path => (Name: Path.GetRelativePath(root, path).Replace('\\', '/'), path))
            .Where(source => !source.Name.Contains("/obj/") && !source.Name.Contains("/bin/"));
    }

    [GeneratedRegex(@"\bFile\.(WriteAll|AppendAll|Append|Create|OpenWrite|Copy|Move|Replace|Open\()|\bDirectory\.Move"
        + @"|\.(CopyTo|MoveTo)\(\""|FileMode\.(Create|CreateNew|OpenOrCreate|Append|Truncate)\b"
        + @"|FileAccess\.(Write|ReadWrite)\b|new StreamWriter\(|SKFileWStream|SKFileStream|CsvWriter\.ToFile\(|ZipFile\.(Create|Open\()|ExtractTo")]
    private static partial Regex Writes();
}
