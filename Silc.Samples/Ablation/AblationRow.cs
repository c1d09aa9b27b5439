namespace Silc.Samples.Ablation;

/// <summary>One number of one rung.</summary>
/// <param name="Loss">Image-text loss: softmax or sigmoid.</param>
/// <param name="Rung">Of the ladder.</param>
/// <param name="Seed">Of weights, order and views.</param>
/// <param name="Pictures">What was measured on.</param>
/// <param name="Method">How.</param>
/// <param name="Metric">What.</param>
/// <param name="Value">A fraction, but for losses and seconds of training.</param>
sealed record AblationRow(string Loss, string Rung, int Seed, string Pictures, string Method, string Metric, double Value);
