using System.CommandLine;

namespace Silc.Samples.Heads;

/// <summary>How many scenes the program draws for a head, and which.</summary>
static class DrawnScenes
{
    const int Seed = 1_000_003, KnownSeed = 2_000_003;

    /// <summary>The option that says how many.</summary>
    public static Option<int> Images(int usual) => new Option<int>("--images", "--pictures")
    {
        Description = "For demo: scenes to draw. Of emoji that are captioned: so many, spread over all; all of them unless given.",
        HelpName = "N",
        DefaultValueFactory = _ => usual,
    }.From(1);

    /// <summary>The seed of scenes that are trained on, or of others.</summary>
    public static int SeedOf(bool training) => training ? KnownSeed : Seed;

    /// <summary>Throws where a line says how many for data that are not drawn.</summary>
    /// <exception cref="ArgumentException">It does.</exception>
    public static void RefuseCount(ParseResult parsed, Option<int> images, string data)
    {
        if (parsed.GetResult(images) is { Implicit: false }) throw new ArgumentException($"{images.Name} is for demo, not for --data {data}");
    }
}
