using System.Diagnostics;

namespace Silc.Samples.Bench;

/// <summary>Times an operation over many launches between two waits, so that the time is the device's.</summary>
static class BenchClock
{
    /// <summary>Seconds of a run, the mean over at least 20 runs and at least so many seconds, behind three that do not count.</summary>
    public static double Seconds(Device device, Action run, double least)
    {
        for (int i = 0; i < 3; i++) run();
        device.Synchronize();
        var (clock, runs) = (Stopwatch.StartNew(), 0);
        do
        {
            for (int i = 0; i < 20; i++) run();
            runs += 20;
            device.Synchronize();
        }
        while (clock.Elapsed.TotalSeconds < least);
        return clock.Elapsed.TotalSeconds / runs;
    }
}
