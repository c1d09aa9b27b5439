using System.CommandLine;
using System.Diagnostics;
using Silc.Samples.Training;

namespace Silc.Samples.Commands;

/// <summary><c>silc bench search</c>: how long every query takes to find its best candidates, on the device and on the processor alone.</summary>
static class BenchSearchCommand
{
    static readonly Argument<int> Queries = new("QUERIES"), Candidates = new("CANDIDATES"), Width = new("WIDTH");
    static readonly Option<int> Top = new("--top") { Description = "Candidates to find.", HelpName = "K", DefaultValueFactory = _ => 10 };
    static readonly Option<bool> Both = new("--both") { Description = "Also the other way, as retrieval does: candidates look for queries." };
    static readonly Option<bool> Host = new("--host") { Description = "Also time the search that needs no device." };
    static readonly Option<bool> File = new("--file")
    {
        Description = "Also look in a file of the candidates, as silc search does; it is written "
        + "for the purpose."
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("search", """
            Time nearest neighbours among random vectors, in blocks, as retrieval, votes and silc search use them.

            Examples:
              silc bench search 1000 100000 768 --host
              silc bench search 100000 500000 128 --both
              silc bench search 1 1000000 128 --file
            """) { Queries, Candidates, Width, Top, Both, Host, File, Device };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (n, m, width, top) = (parsed.GetValue(Queries), parsed.GetValue(Candidates), parsed.GetValue(Width), parsed.GetValue(Top));
        if (Math.Min(n, Math.Min(m, width)) < 1) throw new ArgumentException($"sizes {n}, {m}, {width}: each must be at least 1");
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        Console.WriteLine($"device   {device}");
        var (queries, candidates) = (Random(n, width, 1), Random(m, width, 2));
        Console.WriteLine($"vectors  {((long)n + m) * width * sizeof(float) >> 20:N0} MiB");
        device.FindNeighbours(Random(Math.Min(n, 64), width, 3), candidates, Math.Min(top, m));     // compiles the kernels
        Time("device", device.FindNeighbours, queries, candidates);
        if (parsed.GetValue(Both)) Time("back", device.FindNeighbours, candidates, queries);
        if (parsed.GetValue(Host)) Time("host", Neighbours.Find, queries, candidates);
        if (parsed.GetValue(File)) TimeFile(device, queries, candidates, Math.Min(top, m));
        return 0;

        void Time(string name, NeighbourSearch search, Vectors these, Vectors among)
        {
            var (memory, clock) = (new PeakMemory(), Stopwatch.StartNew());
            search(these, among, Math.Min(top, among.Count));
            var (seconds, bytes, rows) = (clock.Elapsed.TotalSeconds, memory.Bytes, these.Count);
            Console.WriteLine($"{name,-8} {rows:N0} among {among.Count:N0}: {seconds:F2} s, {rows / seconds:N0} queries/s, "
                + $"{2.0 * n * m * width / seconds / 1e9:F1} GFLOP/s; {bytes >> 20:N0} MiB beside the vectors at most");
        }
    }

    // Opening included; the file was just written, so the system still has it in memory.
    static void TimeFile(Device device, Vectors queries, Vectors candidates, int top)
    {
        var folder = Directory.CreateTempSubdirectory("silc");
        try
        {
            var path = Path.Combine(folder.FullName, "index.npy");
            using (var writer = new IndexWriter(path, candidates.Width))
            {
                for (int i = 0; i < candidates.Count; i++) writer.Add(candidates[i], $"{i}.png", $"image {i}");
                writer.Commit();
            }
            var (memory, clock) = (new PeakMemory(), Stopwatch.StartNew());
            using (var index = IndexFile.Open(path)) Search.Find(index, queries, top, device.FindNeighbours);
            Console.WriteLine($"file     {queries.Count:N0} among {candidates.Count:N0}: {clock.Elapsed.TotalSeconds:F2} s; "
                + $"{memory.Bytes >> 20:N0} MiB at most");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static Vectors Random(int rows, int width, int seed)
    {
        var (values, random) = (new Vectors(rows, width), new Random(seed));
        for (int i = 0; i < rows; i++)
        {
            double squares = 0;
            for (int c = 0; c < width; c++) squares += Math.Pow(values[i, c] = random.NextSingle() - 0.5f, 2);
            for (int c = 0; c < width; c++) values[i, c] /= (float)Math.Sqrt(squares);
        }
        return values;
    }
}
