namespace Silc;

/// <summary>A rectangle as COCO writes it: its left upper corner and its size, in pixels or in shares of an image.</summary>
/// <remarks>Right and lower border are <c>X + Width</c> and <c>Y + Height</c>, without the "+ 1" of PASCAL VOC. Threads: immutable.</remarks>
/// <param name="X">Left border.</param>
/// <param name="Y">Upper border.</param>
/// <param name="Width">From left to right.</param>
/// <param name="Height">From top to bottom.</param>
public readonly record struct Box(double X, double Y, double Width, double Height)
{
    const double Tiny = 1e-6;

    /// <summary>Width · Height.</summary>
    public double Area => Width * Height;

    /// <summary>The box of a centre and a size, as detectors give them.</summary>
    public static Box FromCentre(double x, double y, double width, double height) => new(x - width / 2, y - height / 2, width, height);

    /// <summary>Area that both boxes share.</summary>
    public double Intersection(Box other)
    {
        double across = Math.Min(X + Width, other.X + other.Width) - Math.Max(X, other.X);
        double down = Math.Min(Y + Height, other.Y + other.Height) - Math.Max(Y, other.Y);
        return across <= 0 || down <= 0 ? 0 : across * down;
    }

    /// <summary>Intersection over union, 0 to 1; 0 where the boxes do not meet, of two empty boxes as well.</summary>
    public double Iou(Box other) => Intersection(other) is > 0 and var shared ? shared / (Area + other.Area - shared) : 0;

    /// <summary>
    /// Generalised intersection over union, -1 to 1: IoU − (hull − union) / hull, hull being the area of the smallest box around both, each
    /// quotient with 1e-6 added to its denominator as in OWL-ViT. Source: Rezatofighi et al., arXiv 1902.09630.
    /// </summary>
    public double Giou(Box other)
    {
        double shared = Intersection(other), union = Area + other.Area - shared;
        double hull = (Math.Max(X + Width, other.X + other.Width) - Math.Min(X, other.X))
            * (Math.Max(Y + Height, other.Y + other.Height) - Math.Min(Y, other.Y));
        return shared / (union + Tiny) - (hull - union) / (hull + Tiny);
    }

    /// <summary>What of the box lies in an image; null if nothing of positive size does.</summary>
    public Box? Clip(double width, double height)
    {
        double left = Math.Max(X, 0), top = Math.Max(Y, 0), right = Math.Min(X + Width, width), bottom = Math.Min(Y + Height, height);
        return right > left && bottom > top ? new(left, top, right - left, bottom - top) : null;
    }
}
