namespace Silc.Datasets;

/// <summary>Shapes of the demo's objects.</summary>
enum DemoShape
{
    /// <summary>A disc.</summary>
    Circle,

    /// <summary>Four equal sides.</summary>
    Square,

    /// <summary>Point upwards.</summary>
    Triangle,

    /// <summary>Five points.</summary>
    Star,

    /// <summary>Point downwards.</summary>
    Heart,

    /// <summary>A circle with a hole.</summary>
    Ring,

    /// <summary>Two bars, upright.</summary>
    Cross,

    /// <summary>A waning moon.</summary>
    Crescent,

    /// <summary>A square on its corner, taller than wide.</summary>
    Diamond,

    /// <summary>Six equal sides.</summary>
    Hexagon,

    /// <summary>Pointing right.</summary>
    Arrow,

    /// <summary>Six petals.</summary>
    Flower,
}

/// <summary>Colours of the demo's objects.</summary>
enum DemoColour
{
    /// <summary>(220, 40, 40).</summary>
    Red,

    /// <summary>(245, 140, 30).</summary>
    Orange,

    /// <summary>(245, 215, 40).</summary>
    Yellow,

    /// <summary>(50, 165, 70).</summary>
    Green,

    /// <summary>(45, 90, 215).</summary>
    Blue,

    /// <summary>(140, 60, 185).</summary>
    Purple,

    /// <summary>(245, 130, 185).</summary>
    Pink,

    /// <summary>(250, 250, 250).</summary>
    White,

    /// <summary>(25, 25, 30).</summary>
    Black,
}

/// <summary>How an object is filled.</summary>
enum DemoTexture
{
    /// <summary>One colour.</summary>
    Plain,

    /// <summary>Slanted bands of a second tone.</summary>
    Striped,

    /// <summary>Dots of a second tone.</summary>
    Dotted,

    /// <summary>Squares of a second tone.</summary>
    Checkered,
}

/// <summary>One object of a scene; lengths are fractions of the image's side. Threads: immutable; any number may share it.</summary>
/// <param name="Shape">Outline.</param>
/// <param name="Colour">Main colour.</param>
/// <param name="Texture">Fill.</param>
/// <param name="Large">Whether captions call it large; what is not large is small.</param>
/// <param name="X">Centre from the left.</param>
/// <param name="Y">Centre from the top.</param>
/// <param name="Radius">Half of the object's extent.</param>
/// <param name="Rotation">Rotation in degrees, a few either way.</param>
sealed record DemoObject(
    DemoShape Shape, DemoColour Colour, DemoTexture Texture, bool Large, double X, double Y, double Radius, double Rotation = 0)
{
    /// <summary>Colour and shape: "red circle".</summary>
    public string Name => $"{Word(Colour)} {Word(Shape)}";

    internal static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
