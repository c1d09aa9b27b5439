using System.CommandLine;
using System.Globalization;
using Silc.Samples.Training;

namespace Silc.Samples.Commands;

/// <summary><c>silc ranks</c>: whether runs of different numbers of ranks have learned the same.</summary>
static class RanksCommand
{
    // Sums in another order; moments are means of squares, too, of gradients that may cancel.
    const double Most = 1e-5, MostOfMoments = 1e-4;

    static readonly Argument<string> first = new("A") { Description = "Folder of a run." };
    static readonly Argument<string> second = new("B") { Description = "Folder of another, of the same line with other ranks." };
    static readonly string[] numbers = ["contrastive", "distillation", "gradient_norm"];

    public static Command Create()
    {
        var check = new Command("check", """
            Compare the newest checkpoints of two runs, array by array: relative differences, norms over all. Code 1 where weights, teacher or center
            differ by more than 1e-5, or moments by more than 1e-4. Key biases, whose true gradient is 0, are shown and do not count.

            Example:
              silc ranks check runs/one runs/four
            """) { first, second };
        check.SetAction(parsed => Check(parsed.GetRequiredValue(first), parsed.GetRequiredValue(second)));
        return new Command("ranks", "Compare runs of different numbers of ranks.") { check };
    }

    static int Check(string one, string other)
    {
        var (a, b) = (RunFolder.Newest(one).Checkpoint, RunFolder.Newest(other).Checkpoint);
        if (a.Step != b.Step) throw new ArgumentException($"{a.Path} is after step {a.Step}, {b.Path} after step {b.Step}: bring both to the same");
        var (x, y) = (Safetensors.Read(a.Path).Arrays, Safetensors.Read(b.Path).Arrays);
        if (x.Keys.Except(y.Keys).Concat(y.Keys.Except(x.Keys)).FirstOrDefault() is { } alone)
            throw new ArgumentException($"'{alone}' is in one of {a.Path} and {b.Path} alone: they are not of the same line");
        var groups = x.Keys.Where(name => name != Seal.Name && Group(name) is not null)
            .GroupBy(name => Group(name)!).OrderBy(group => group.Key).Select(group => Difference(group.Key, group, x, y)).ToList();
        Console.WriteLine($"step {a.Step}              difference  allowed  arrays  equal bits  worst array");
        foreach (var group in groups)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{group.Name,-20}{group.Whole,12:E1}{Allowed(group.Name),9}"
                + $"{group.Arrays,8}{group.Equal,12}  {group.WorstName} {group.Worst:E1}"));
        PrintNumbers(one, other);
        // Written so that NaN fails.
        var good = groups.All(group => Limit(group.Name) is not { } limit || group.Whole <= limit);
        Console.WriteLine(good ? "the same but for rounding" : "they differ");
        return good ? 0 : SilcCommand.Failed;
    }

    // Of six digits, as the files have them.
    static void PrintNumbers(string one, string other)
    {
        if (LastRow(one) is not { } a || LastRow(other) is not { } b) return;
        foreach (var column in numbers)
        {
            var (x, y) = (MetricsFile.Field(a, column), MetricsFile.Field(b, column));
            if (double.IsFinite(x)) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{column,-20}{Math.Abs(x - y) / Math.Abs(x),12:E1}"
                + $"           {x:G6} and {y:G6}"));
        }
    }

    static string? LastRow(string folder) => Path.Combine(folder, MetricsFile.Name) is var path && File.Exists(path)
        ? MetricsFile.Rows(path).Select(row => row.Line).LastOrDefault() : null;

    static double? Limit(string group) => group.EndsWith("key biases", StringComparison.Ordinal) ? null
        : group.StartsWith("moments", StringComparison.Ordinal) ? MostOfMoments : Most;

    static string Allowed(string group) => Limit(group)?.ToString("E0", CultureInfo.InvariantCulture) ?? "any";

    static string? Group(string name)
    {
        var of = name.StartsWith("optimizer/", StringComparison.Ordinal) ? "moments" : name == "teacher/center" ? "center"
            : name.StartsWith("teacher/", StringComparison.Ordinal) ? "teacher" : name.StartsWith("average/", StringComparison.Ordinal) ? "average"
            // Counts and sums since the last report, which has its own rows.
            : name.EndsWith("_state", StringComparison.Ordinal) ? null : "student";
        return of is not null && name.Contains("key/bias", StringComparison.Ordinal) ? $"{of}, key biases" : of;
    }

    static GroupDifference Difference(string name, IEnumerable<string> arrays, IReadOnlyDictionary<string, StoredArray> x,
        IReadOnlyDictionary<string, StoredArray> y)
    {
        double squares = 0, size = 0, worst = 0;
        var (worstName, equal, count) = ("", 0, 0);
        foreach (var array in arrays)
        {
            var (p, q) = (x[array].Floats(), y[array].Floats());
            if (p.Length != q.Length) throw new ArgumentException($"'{array}' has {p.Length} values in one run and {q.Length} in the other");
            double difference = 0, norm = 0;
            for (int i = 0; i < p.Length; i++)
            {
                difference += ((double)p[i] - q[i]) * ((double)p[i] - q[i]);
                norm += (double)p[i] * p[i];
            }
            (squares, size, count) = (squares + difference, size + norm, count + 1);
            if (difference == 0) equal++;
            var relative = Math.Sqrt(difference / Math.Max(norm, double.Epsilon));
            if (!(relative <= worst)) (worst, worstName) = (relative, array);
        }
        return new(name, Math.Sqrt(squares / Math.Max(size, double.Epsilon)), count, equal, worstName, worst);
    }
}

/// <summary>How far one group of arrays of two runs lies apart.</summary>
sealed record GroupDifference(string Name, double Whole, int Arrays, int Equal, string WorstName, double Worst);
