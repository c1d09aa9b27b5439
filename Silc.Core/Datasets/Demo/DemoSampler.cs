namespace Silc.Datasets;

/// <summary>Draws random scenes: mostly one or two objects, well apart, in colours that differ from each other and the background.</summary>
static class DemoSampler
{
    const double Margin = 0.03;

    // Objects above this half extent are large and those below are small, with a gap between: captions may use the words without context.
    const double LargeFrom = 0.2;

    /// <summary>A scene of one to three objects, or of one at the plain level.</summary>
    public static DemoScene Any(Philox random, int size, DemoLevel level) => level == DemoLevel.Plain
        ? Single(random, size, Pick(random, DemoClasses.ShapesOf(level)), Pick<DemoColour>(random), level) : Any(random, size);

    static DemoScene Any(Philox random, int size) => random.NextInt(10) switch
    {
        < 6 => Single(random, size, Pick<DemoShape>(random), Pick<DemoColour>(random), DemoLevel.Hard),
        < 9 => Pair(random, size),
        _ => Triple(random, size),
    };

    /// <summary>One object of that shape and colour, the rest random.</summary>
    public static DemoScene Single(Philox random, int size, DemoShape shape, DemoColour colour, DemoLevel level)
    {
        if (level == DemoLevel.Plain) return Plain(random, size, shape, colour);
        var large = random.NextInt(3) > 0;
        var radius = large ? random.Uniform(0.27, 0.4) : random.Uniform(0.15, 0.19);
        var low = radius + Margin;
        var item = Object(random, shape, colour, radius, random.Uniform(low, 1 - low), random.Uniform(low, 1 - low));
        return new DemoScene(size, Background(random, [colour]), [item]);
    }

    // The place varies by more than the object's parts are apart, so that no single pixel says which shape it is.
    static DemoScene Plain(Philox random, int size, DemoShape shape, DemoColour colour)
    {
        var radius = random.Uniform(0.25, 0.36);
        var low = radius + Margin;
        var (x, y) = (random.Uniform(low, 1 - low), random.Uniform(low, 1 - low));
        var item = new DemoObject(shape, colour, DemoTexture.Plain, Large: true, x, y, radius, random.Uniform(-12, 12));
        var ground = random.NextInt(2) == 0 ? DemoGround.Plain : DemoGround.Gradient;
        return new DemoScene(size, Background(random, [colour]) with { Ground = ground }, [item]);
    }

    static DemoScene Pair(Philox random, int size)
    {
        var (first, second) = (Pick<DemoColour>(random), Pick<DemoColour>(random));
        while (second == first) second = Pick<DemoColour>(random);
        DemoObject a, b;
        if (random.NextInt(6) == 0)
        {
            var outer = random.Uniform(0.36, 0.42);
            var (x, y) = (random.Uniform(outer + Margin, 1 - outer - Margin), random.Uniform(outer + Margin, 1 - outer - Margin));
            a = Object(random, DemoShape.Ring, first, outer, x, y);
            // A square's corner lies at 1.27 radii, the hole of the ring ends at 0.52: 0.38 leaves a margin.
            b = Object(random, PickButRing(random), second, 0.38 * outer, x, y);
        }
        else
        {
            var (along, across) = (random.Uniform(0.24, 0.28), random.Uniform(0.3, 0.7));
            var (other, slant) = (random.Uniform(0.72, 0.76), random.Uniform(-0.06, 0.06));
            var sideways = random.NextInt(2) == 0;
            a = At(first, along, across);
            b = At(second, other, across + slant);

            DemoObject At(DemoColour colour, double main, double cross) => Object(
                random, Pick<DemoShape>(random), colour, PairRadius(random), sideways ? main : cross, sideways ? cross : main);
        }
        return new DemoScene(size, Background(random, [first, second]), [a, b]);
    }

    static DemoScene Triple(Philox random, int size)
    {
        var colours = Enum.GetValues<DemoColour>();
        for (var i = 0; i < 3; i++)
        {
            var other = i + random.NextInt(colours.Length - i);
            (colours[i], colours[other]) = (colours[other], colours[i]);
        }
        DemoObject[] objects = [.. Enumerable.Range(0, 3).Select(At)];
        return new DemoScene(size, Background(random, colours[..3]), objects);

        DemoObject At(int i) => Object(
            random, Pick<DemoShape>(random), colours[i], random.Uniform(0.12, 0.15), 0.18 + 0.32 * i, random.Uniform(0.2, 0.8));
    }

    static DemoObject Object(Philox random, DemoShape shape, DemoColour colour, double radius, double x, double y)
    {
        // Half of all objects are plain. The rotation is small enough that an arrow keeps its direction and a square does not become a diamond.
        var texture = random.NextInt(2) == 0 ? DemoTexture.Plain : Pick<DemoTexture>(random);
        return new DemoObject(shape, colour, texture, radius > LargeFrom, x, y, radius, random.Uniform(-12, 12));
    }

    static DemoBackground Background(Philox random, DemoColour[] taken)
    {
        var colour = Pick<DemoColour>(random);
        while (taken.Contains(colour)) colour = Pick<DemoColour>(random);
        return new DemoBackground(Pick<DemoGround>(random), colour, random.NextInt(int.MaxValue));
    }

    static double PairRadius(Philox random) => random.NextInt(2) == 0 ? random.Uniform(0.205, 0.22) : random.Uniform(0.14, 0.17);

    static DemoShape PickButRing(Philox random)
    {
        var shape = Pick<DemoShape>(random);
        return shape == DemoShape.Ring ? DemoShape.Circle : shape;
    }

    static T Pick<T>(Philox random) where T : struct, Enum => Pick(random, Enum.GetValues<T>());

    static T Pick<T>(Philox random, T[] values) => values[random.NextInt(values.Length)];
}
