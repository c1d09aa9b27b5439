using System.CommandLine;
using System.Text;
using System.Text.Json;
using Silc.Samples.Terminals;

namespace Silc.Samples.Commands;

/// <summary>
/// The ranks of a <c>silc train</c> that a launcher has started. Rank 0 has the console and the folder; what goes wrong on all is said once, what
/// goes wrong on one by that one, with its rank and host in front.
/// </summary>
sealed class TrainJob : IDisposable
{
    /// <summary>To be called before the console is used: Open MPI gives ranks a pseudo-terminal, where .NET would set modes by sequences.</summary>
    public static void PrepareConsole()
    {
        try
        {
            if (Launch.Detect().IsJob) Environment.SetEnvironmentVariable("TERM", "dumb");
        }
        catch (ArgumentException)
        {
            // Is said when a job is joined.
        }
    }

    TrainJob(ICollective collective) => Collective = collective;

    // All ranks have ended by the same error.
    bool agreed;

    public ICollective Collective { get; }

    public bool IsFirst => Collective.Rank == 0;

    /// <summary>Joins the job of the launcher, if there is one.</summary>
    public static TrainJob Join(ParseResult parsed, string device, Precision precision)
    {
        var (engine, timeout) = (parsed.GetValue(TrainOptions.Collective)!, TimeSpan.FromSeconds(parsed.GetValue(TrainOptions.CollectiveTimeout)));
        if (engine != Launch.None && Launch.Detect() is { Rank: > 0 } launch)
            Terminal.Place = $"[rank {launch.Rank} of {launch.Size}, host {Environment.MachineName}] ";
        var job = new TrainJob(ICollective.Join(engine, timeout));
        if (job.Collective.Size == 1) return job;
        Terminal.Place = job.IsFirst ? "" : $"[{job.Collective.Place}] ";
        if (!job.IsFirst)
        {
            // Complaints alone get through.
            Terminal.Complaints = Console.Error;
            Console.SetOut(TextWriter.Null);
            Console.SetError(TextWriter.Null);
        }
        // Without MPI ranks speak through their devices.
        if (job.Collective is NcclCollective { NeedsDevice: true }) job.Collective.Open(device, precision);
        return job;
    }

    /// <summary>
    /// Does something on every rank; if it fails on one, all end. What is wrong is said before a rank leaves the job: a launcher ends the others as
    /// soon as one has ended.
    /// </summary>
    public void Together(Action work)
    {
        if (Collective.Size == 1)
        {
            work();
            return;
        }
        Exception? wrong = null;
        try
        {
            work();
        }
        catch (Exception error) when (SilcErrors.IsExpected(error))
        {
            wrong = error;
        }
        if (!Collective.Agree(wrong is null ? Votes.None : Votes.Failed).HasFlag(Votes.Failed)) return;
        var first = Encoding.UTF8.GetString(Collective.Share(IsFirst ? Encoding.UTF8.GetBytes(wrong?.Message ?? "") : null));
        if (wrong is not null && (IsFirst || wrong.Message != first)) Terminal.Complain(wrong.Message);
        throw new SaidElsewhereException();
    }

    /// <summary>The checkpoint that rank 0 goes on from, as far as a rank needs it before the weights come.</summary>
    public Checkpoint? Share(Checkpoint? start)
    {
        if (Collective.Size == 1) return start;
        byte[]? own = !IsFirst ? null : start is null ? [] : JsonSerializer.SerializeToUtf8Bytes(new Shared(start.Path, start.Metadata()));
        var bytes = Collective.Share(own);
        if (IsFirst || bytes.Length == 0) return start;
        var (path, metadata) = JsonSerializer.Deserialize<Shared>(bytes)!;
        return Checkpoint.Of(path, metadata);
    }

    /// <summary>Trains; a rank that fails alone ends all.</summary>
    public RunEnd Run(TrainRun run, Func<RunEnd> train)
    {
        if (Collective.Size == 1) return train();
        try
        {
            return train();
        }
        catch (Exception error) when (SilcErrors.IsExpected(error) && run.EndedTogether)
        {
            agreed = true;
            if (IsFirst || error is not (TrainingDivergedException or CollectiveException or ArgumentException)) Terminal.Complain(error.Message);
            throw new SaidElsewhereException();
        }
        catch (Exception error) when (SilcErrors.IsExpected(error))
        {
            End(error);
            throw;
        }
    }

    /// <summary>What a rank does around its training; returns rank 0's exit code, for all.</summary>
    public int Finish(Func<int> work)
    {
        if (Collective.Size == 1) return work();
        try
        {
            return BitConverter.ToInt32(Collective.Share(BitConverter.GetBytes(work())));
        }
        catch (Exception error) when (SilcErrors.IsExpected(error) && !agreed)
        {
            // The others wait for its exit code, or for its first step.
            End(error);
            throw;
        }
    }

    void End(Exception error)
    {
        Terminal.Complain(error.Message);
        Collective.Abort(error is CollectiveException ? Watchdog.Lost : SilcCommand.Failed);
    }

    public void Dispose() => Collective.Dispose();

    sealed record Shared(string Path, Dictionary<string, string> Metadata);
}
