namespace Silc;

/// <summary>Checks of configuration values; each failure names the value.</summary>
static class Require
{
    public static void That(bool condition, string otherwise)
    {
        if (!condition) throw new ArgumentException(otherwise);
    }

    public static void Positive(long value, string what)
    {
        // Not by That: its message would be formatted on every call, and random draws come through here.
        if (value <= 0) throw new ArgumentException($"{what} is {value}, it must be positive");
    }

    public static void NotNegative(double value, string what) =>
        That(value >= 0 && double.IsFinite(value), $"{what} is {value}, it must be {(double.IsFinite(value) ? "0 or positive" : "a finite number")}");

    public static void Within(double value, double low, double high, string what) =>
        That(value >= low && value <= high, $"{what} is {value}, it must lie in [{low}, {high}]");
}
