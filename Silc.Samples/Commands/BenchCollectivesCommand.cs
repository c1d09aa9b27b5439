using System.CommandLine;
using System.Diagnostics;
using System.Globalization;

namespace Silc.Samples.Commands;

/// <summary><c>silc bench collectives</c>: how fast ranks exchange what a step exchanges.</summary>
static class BenchCollectivesCommand
{
    const int Smallest = 1 << 10, Step = 16, FloatsOfMiB = 1 << 18;

    static readonly Option<int> largest = new Option<int>("--largest")
    {
        Description = "MiB of the largest buffer.",
        HelpName = "N",
        DefaultValueFactory = _ => 64
    }.From(1);
    static readonly Option<int> times = new Option<int>("--steps")
    {
        Description = "Timed calls; the median counts.",
        HelpName = "N",
        DefaultValueFactory = _ => 8
    }.From(1);
    static readonly Option<string> device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("collectives", """
            Time all-reduce, all-gather, reduce-scatter and broadcast between the ranks of a job, by size of the buffer, and check the sums.

            Example:
              mpirun -n 2 silc bench collectives --device cpu
            """) { largest, times, device, TrainOptions.Collective, TrainOptions.CollectiveTimeout };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (most, count, name) = ((long)parsed.GetValue(largest) * FloatsOfMiB, parsed.GetValue(times), parsed.GetValue(device)!);
        if (most > int.MaxValue) throw new ArgumentException($"--largest {parsed.GetValue(largest)}: one buffer has less than 8192 MiB");
        using var job = TrainJob.Join(parsed, name, Precision.Float32);
        var ranks = job.Collective;
        if (ranks is Solo) throw new ArgumentException("one process has nobody to exchange with: start with mpirun -n 2 silc bench collectives");
        Device? own = null;
        job.Together(() => own = ranks.Open(name));
        using var opened = own!;
        Console.WriteLine($"ranks    {ranks.Size}, by {ranks.Engine}, on {opened}");
        Console.WriteLine("    buffer   all-reduce ms   GB/s   all-gather ms   GB/s   reduce-scatter ms   GB/s   broadcast ms   GB/s");
        for (long floats = Smallest; floats <= most; floats *= Step) Line(ranks, opened, (int)(floats / ranks.Size * ranks.Size), count);
        return 0;
    }

    static void Line(ICollective ranks, Device device, int floats, int count)
    {
        using var exclusive = device.Exclusive();
        var (buffer, part) = (device.Allocate(floats, "a buffer"), device.Allocate(floats / ranks.Size, "a part"));
        Tensor all = new(buffer.View.AsContiguous(), ranks.Size, floats / ranks.Size), mine = new(part.View.AsContiguous(), 1, floats / ranks.Size);
        device.Upload<float>(Enumerable.Repeat((float)(ranks.Rank + 1), floats).ToArray(), all.View);
        ranks.AllReduce(all);
        int sum = ranks.Size * (ranks.Size + 1) / 2;
        if (device.Download(all.View).Any(value => value != sum))
            throw new InvalidOperationException($"the sum of 1 to {ranks.Size} is {sum}, and {ranks.Engine} says {device.Download(all.View)[0]}");
        device.Upload<float>(new float[floats], all.View);
        device.Upload<float>(new float[floats / ranks.Size], mine.View);
        Action[] calls =
        [
            () => ranks.AllReduce(all), () => ranks.AllGather(mine, all), () => ranks.ReduceScatter(all, mine), () => ranks.Broadcast(all),
        ];
        var cells = calls.Select(call => Median(device, call, count)).Select(seconds => string.Create(CultureInfo.InvariantCulture,
            $"{1e3 * seconds,16:F3}{floats * 4e-9 / seconds,7:F2}")).ToList();
        Console.WriteLine($"{floats * 4L / 1024,6:N0} KiB{string.Join("", cells)}");
        device.Free(buffer);
        device.Free(part);
    }

    static double Median(Device device, Action call, int count)
    {
        call();
        var seconds = new double[count];
        foreach (ref var one in seconds.AsSpan())
        {
            device.Synchronize();
            var start = Stopwatch.GetTimestamp();
            call();
            device.Synchronize();
            one = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        return seconds.Order().ElementAt(count / 2);
    }
}
