using System.Reflection;

namespace Silc.Tests;

[TestClass]
public sealed class WithTests
{
    /// <summary>A value that a record has and With does not name could not be changed from F#.</summary>
    [TestMethod]
    [DataRow(typeof(SilcConfig)), DataRow(typeof(TowerConfig)), DataRow(typeof(HeadConfig))]
    [DataRow(typeof(ViewConfig)), DataRow(typeof(TrainConfig)), DataRow(typeof(MaskConfig)), DataRow(typeof(GramConfig))]
    public void With_changes_each_value_and_leaves_the_others(Type type)
    {
        var with = type.GetMethod("With")!;
        var constructor = type.GetConstructors().MaxBy(constructor => constructor.GetParameters().Length)!;
        var original = constructor.Invoke(BindingFlags.OptionalParamBinding, null, [.. constructor.GetParameters().Select(_ => Type.Missing)], null);
        PropertyInfo[] values = [.. type.GetProperties().Where(property => property.SetMethod is not null)];
        string[] named = [.. with.GetParameters().Select(parameter => parameter.Name switch
        {
            "globalViews" => "global",      // a word of F#
            "localViews" => "local",
            var name => name!.ToLowerInvariant(),
        })];
        CollectionAssert.AreEquivalent(values.Select(property => property.Name.ToLowerInvariant()).ToArray(), named);
        foreach (var property in values)
        {
            var other = Other(property.PropertyType, property.GetValue(original));
            var changed = with.Invoke(original, [.. named.Select(name => name == property.Name.ToLowerInvariant() ? other : null)])!;
            foreach (var value in values)
                Assert.AreEqual(value == property ? other : value.GetValue(original), value.GetValue(changed), $"{value.Name} after {property.Name}");
        }
    }

    static object Other(Type type, object? value) => value switch
    {
        int number => number + 1,
        double number => number + 0.25,
        bool yes => !yes,
        Enum => Enum.GetValues(type).Cast<object>().First(other => !other.Equals(value)),
        ViewProbability => new ViewProbability(0.1, 0.2, 0.3),
        TowerConfig => TowerConfig.B,
        HeadConfig => new HeadConfig(7, 8, 9),
        ViewConfig => ViewConfig.Dino,
        ImageRule => ImageRule.BigVision,
        Schedule => new Schedule(ScheduleKind.Rsqrt, 3),
        IReadOnlyList<DecayRule> => new DecayRule[] { new(".*", 0.5) },
        IReadOnlyList<RateRule> => new RateRule[] { new(".*", 0.5) },
        MaskConfig => new MaskConfig(0.75),
        GramConfig => new GramConfig(3),
        null when type == typeof(IReadOnlyList<LossSpan>) => new LossSpan[] { new("koleo", 3) },
        null when type == typeof(string) => "1,2",
        null when type == typeof(PixelNorm) => PixelNorm.Clip,
        null when Nullable.GetUnderlyingType(type) == typeof(int) => 77,
        null when Nullable.GetUnderlyingType(type) == typeof(double) => 0.75,
        _ => throw new NotSupportedException($"a value of {type}"),
    };
}
