namespace Silc.Tests;

static partial class Naive
{
    /// <summary>
    /// One update, optax's form: the decay is not multiplied by the learning rate. <paramref name="update"/> counts from 1;
    /// p, m and v change in place.
    /// </summary>
    public static void AdamW(Matrix p, Matrix g, Matrix m, Matrix v, int update, double learningRate, double decay, double beta1, double beta2)
    {
        for (int i = 0; i < p.Values.Length; i++)
        {
            m.Values[i] = beta1 * m.Values[i] + (1 - beta1) * g.Values[i];
            v.Values[i] = beta2 * v.Values[i] + (1 - beta2) * g.Values[i] * g.Values[i];
            double mean = m.Values[i] / (1 - Math.Pow(beta1, update)), square = v.Values[i] / (1 - Math.Pow(beta2, update));
            p.Values[i] -= learningRate * mean / (Math.Sqrt(square) + 1e-8) + decay * p.Values[i];
        }
    }
}
