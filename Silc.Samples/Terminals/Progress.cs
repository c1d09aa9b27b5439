using System.Diagnostics;
using Spectre.Console;

namespace Silc.Samples.Terminals;

/// <summary>
/// How far a long work is and how long it still takes, on the error stream: a bar on a terminal, elsewhere a plain line after two seconds and
/// then after twice as long each time, up to a minute.
/// </summary>
sealed class Progress
{
    static readonly TimeSpan first = TimeSpan.FromSeconds(2), longest = TimeSpan.FromMinutes(1);

    static readonly AsyncLocal<bool> quiet = new();

    readonly string what;
    readonly long total;
    readonly Func<TimeSpan> clock;
    readonly Action<long, string> show;
    TimeSpan next = first;

    internal Progress(string what, long total, Func<TimeSpan> clock, Action<long, string> show) =>
        (this.what, this.total, this.clock, this.show) = (what, total, clock, show);

    /// <summary>Does some work, which is given the function to say how much is done.</summary>
    /// <param name="what">What is counted, such as images.</param>
    /// <param name="total">How many there are.</param>
    /// <param name="work">Calls the function with the number done so far, from any thread.</param>
    public static T Show<T>(string what, long total, Func<Action<long>, T> work)
    {
        if (quiet.Value) return work(_ => { });
        var watch = Stopwatch.StartNew();
        if (!Terminal.HasBars)
        {
            var plain = new Progress(what, total, () => watch.Elapsed, (_, line) => Console.Error.WriteLine(line));
            return work(plain.Report);
        }
        return Terminal.Errors.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context =>
            {
                var task = context.AddTask(what, maxValue: Math.Max(1, total));
                void Move(long done, string line) => (task.Value, task.Description) = (done, line.EscapeMarkup());
                var bar = new Progress(what, total, () => watch.Elapsed, Move) { next = default };
                return work(bar.Report);
            });
    }

    /// <inheritdoc cref="Show{T}"/>
    public static void Show(string what, long total, Action<Action<long>> work) => Show(what, total, report =>
    {
        work(report);
        return 0;
    });

    /// <summary>Shows nothing of what this thread does until the end of what is returned: it is part of a work that is shown.</summary>
    public static IDisposable Quiet()
    {
        quiet.Value = true;
        return new Loud();
    }

    internal void Report(long done)
    {
        lock (show)
        {
            var elapsed = clock();
            if (elapsed < next || done <= 0) return;
            if (next > default(TimeSpan)) next = elapsed + (next < longest ? next : longest);
            show(done, Line(done, elapsed));
        }
    }

    string Line(long done, TimeSpan elapsed)
    {
        var left = elapsed * (Math.Max(0, total - done) / (double)done);
        return $"{what} {done:N0}/{total:N0}  {Rate(done / Math.Max(elapsed.TotalSeconds, 1e-3))}  {(int)left.TotalHours}:{left:mm\\:ss} left";
    }

    static string Rate(double perSecond) => perSecond >= 10 ? $"{perSecond:N0}/s" : $"{perSecond:N1}/s";

    sealed class Loud : IDisposable
    {
        public void Dispose() => quiet.Value = false;
    }
}
