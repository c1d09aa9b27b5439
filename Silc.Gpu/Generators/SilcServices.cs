using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Silc;

/// <summary>Silc among the services of a program. Threads: as other registrations, one at a time.</summary>
public static class SilcServices
{
    /// <summary>
    /// Adds a model of a folder or file and what embeds with it: <see cref="Device"/>, <see cref="SilcModel"/>,
    /// <see cref="SilcEmbeddingGenerator"/>, and that one as <c>IEmbeddingGenerator</c> of captions (string) and of images (DataContent).
    /// All are made once, when first asked for, and disposed with the services.
    /// </summary>
    /// <param name="services">Where to add.</param>
    /// <param name="path">What <see cref="SilcModel.Load"/> takes.</param>
    /// <param name="device">As <c>silc devices</c> lists them: auto, cpu, cuda:0, opencl:0.</param>
    /// <param name="crop">How images become squares.</param>
    /// <example>
    /// <code>
    /// services.AddSilc("runs/mine");
    /// // then, in a constructor: IEmbeddingGenerator&lt;string, Embedding&lt;float&gt;&gt; texts
    /// </code>
    /// </example>
    public static IServiceCollection AddSilc(this IServiceCollection services, string path, string device = "auto", EvalCrop crop = EvalCrop.Squash)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        services.AddSingleton(_ => Device.Open(device));
        services.AddSingleton(provider => SilcModel.Load(provider.GetRequiredService<Device>(), path));
        return services.AddSilcGenerator(Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(path)), crop);
    }

    /// <summary>The same with a model that is there already and stays the caller's.</summary>
    /// <param name="services">Where to add.</param>
    /// <param name="model">Must outlive the services.</param>
    /// <param name="modelId">What answers call it; null means <c>silc</c>.</param>
    /// <param name="crop">How images become squares.</param>
    public static IServiceCollection AddSilc(this IServiceCollection services, SilcModel model, string? modelId = null,
        EvalCrop crop = EvalCrop.Squash) => services.AddSingleton(model).AddSilcGenerator(modelId, crop);

    static IServiceCollection AddSilcGenerator(this IServiceCollection services, string? modelId, EvalCrop crop) => services
        .AddSingleton(provider => new SilcEmbeddingGenerator(provider.GetRequiredService<SilcModel>(), modelId, crop,
            provider.GetService<ILogger<SilcEmbeddingGenerator>>()))
        .AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(provider => provider.GetRequiredService<SilcEmbeddingGenerator>())
        .AddSingleton<IEmbeddingGenerator<DataContent, Embedding<float>>>(provider => provider.GetRequiredService<SilcEmbeddingGenerator>());
}
