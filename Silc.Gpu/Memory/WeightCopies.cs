using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Copies of the weights on a device in the form that its products read, found by the address of the float32 master weights, so that neither
/// layers nor optimizers know of them. A write of the master weights marks a copy stale; the product that needs it next renews it.
/// </summary>
abstract class WeightCopies
{
    /// <summary>Takes in the weights among these parameters, which are allocated.</summary>
    public abstract void Add(Parameters parameters);

    /// <summary>Frees the copies of these parameters.</summary>
    public abstract void Remove(Parameters parameters);

    /// <summary>
    /// Marks the copies of what was written stale; called by uploads, exchanges between ranks and the operations that may write weights, but for an
    /// optimizer's that writes both.
    /// </summary>
    public void Written<T>(ArrayView<T> view) where T : unmanaged
    {
        if (view.IsValid) Written(view.LoadEffectiveAddressAsPtr(), view.LengthInBytes);
    }

    /// <summary>The same of a tensor, whose view may be larger than it.</summary>
    public void Written(Tensor x)
    {
        if (x.View.IsValid) Written(x.View.LoadEffectiveAddressAsPtr(), x.ElementBytes * ((x.Rows - 1) * (long)x.Stride + x.Cols));
    }

    /// <summary>Marks the copies of what lies in these bytes stale.</summary>
    protected abstract void Written(long begin, long bytes);
}
