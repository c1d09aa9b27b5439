using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Silc.Samples.Serve;

/// <summary>The service: its endpoints on Kestrel, with nothing read from the surroundings (variables, appsettings.json) but what is given here.
/// </summary>
static class ServeApp
{
    const string Work = "work";

    /// <summary>Makes the service; it does not listen yet.</summary>
    /// <param name="settings">Checked limits.</param>
    /// <param name="model">Stays the caller's.</param>
    /// <param name="id">What answers call it.</param>
    /// <param name="crop">How images become squares.</param>
    /// <param name="index">What is searched; stays the caller's.</param>
    /// <param name="key">What requests must bring.</param>
    public static WebApplication Create(ServeSettings settings, SilcModel model, string id, EvalCrop crop = EvalCrop.Squash,
        ServedIndex? index = null, ApiKey? key = null)
    {
        // The content root must be a folder that no upload or configuration lies in.
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "silc", ContentRootPath = AppContext.BaseDirectory });
        var address = AddressOf(settings.Host);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Limit(kestrel, settings, address));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(settings.DrainSeconds));
        Log(builder.Logging, settings);
        builder.Services.AddRoutingCore();
        builder.Services.Configure<JsonOptions>(json => RequestBody.Apply(json.SerializerOptions));
        builder.Services.Configure<FormOptions>(form =>
            (form.MultipartBodyLengthLimit, form.ValueLengthLimit, form.ValueCountLimit) = (settings.MaxBodyBytes, 1 << 20, 4 * settings.MaxLabels));
        builder.Services.AddRateLimiter(limiter => Queue(limiter, settings));
        builder.Services.AddOpenApi("v1", OpenApiText.Apply);
        if (IPAddress.IsLoopback(address))
            // A page of another site whose name leads here is not answered.
            builder.Services.AddHostFiltering(filter => filter.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
        builder.Services.AddSilc(model, id, crop).AddSingleton(settings).AddSingleton(new MetricsText())
            .AddSingleton(services => new ServedModel(model, services.GetRequiredService<SilcEmbeddingGenerator>(), crop, settings))
            .AddSingleton(new ServedImages(settings, index));
        if (index is not null) builder.Services.AddSingleton(index);

        var app = builder.Build();
        // Measures from the first request on.
        app.Services.GetRequiredService<MetricsText>();
        if (IPAddress.IsLoopback(address)) app.UseHostFiltering();
        app.UseRouting();
        var log = app.Services.GetRequiredService<ILogger<RequestGuard>>();
        app.Use(next => new RequestGuard(next, settings, key, log).InvokeAsync);
        app.UseRateLimiter();
        Map(app, key is not null);
        return app;
    }

    static void Map(WebApplication app, bool wantsKey)
    {
        app.MapGet("/", (HttpContext http) => Page.Answer(http)).ExcludeFromDescription();
        app.MapOpenApi();
        app.MapGet("/health", () => new ServiceHealth("ok")).WithSummary("Whether the service is up.").WithTags("service");
        app.MapGet("/metrics", (MetricsText metrics) => TypedResults.Text($"{metrics}", "text/plain; version=0.0.4"))
            .WithSummary("Measurements, as Prometheus reads them.").WithTags("service").Produces<string>(200, "text/plain");
        app.MapGet("/v1/models", (ServedModel served, IServiceProvider services) => ModelsAnswer.Of(served, services.GetService<ServedIndex>()))
            .WithSummary("The model, its sizes, and the number of rows of the index.").WithTags("model");

        var work = app.MapGroup("/v1").RequireRateLimiting(Work);
        Describe<EmbeddingsRequest>(work.MapPost("/embeddings", EmbeddingsEndpoint.Answer), "Embeddings of texts and images, as of OpenAI.");
        Describe<ClassifyRequest>(work.MapPost("/classify", ClassifyEndpoint.Answer), "Zero-shot classification of an image.");
        Describe<SearchRequest>(work.MapPost("/search", SearchEndpoint.Answer), "Images of the index that fit words or an image.");
        Describe<SegmentRequest>(work.MapPost("/segment", SegmentEndpoint.Answer), "An image segmented by words.")
            .Produces<SegmentAnswer>().Produces<byte[]>(200, "image/png");
        work.MapGet("/index", IndexEndpoint.Rows).WithSummary("Rows of the index.").WithTags("index");
        work.MapGet("/index/{row:int}/image", IndexEndpoint.Image).WithSummary("The image of a row, as PNG.").WithTags("index")
            .Produces<byte[]>(200, "image/png");
    }

    static RouteHandlerBuilder Describe<T>(RouteHandlerBuilder endpoint, string summary) where T : notnull
    {
        endpoint.Accepts<T>(RequestBody.Json, RequestBody.Form).WithSummary(summary).WithTags("model");
        foreach (var status in (int[])[400, 401, 404, 413, 415, 429, 504]) endpoint.Produces<ErrorAnswer>(status);
        return endpoint;
    }

    static void Limit(KestrelServerOptions kestrel, ServeSettings settings, IPAddress address)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = settings.MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = Math.Max(1000, 4L * (settings.Concurrency + settings.Queue));
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(120);
        kestrel.Listen(address, settings.Port);
    }

    static void Queue(RateLimiterOptions limiter, ServeSettings settings)
    {
        limiter.AddConcurrencyLimiter(Work, options => (options.PermitLimit, options.QueueLimit, options.QueueProcessingOrder) =
            (settings.Concurrency, settings.Queue, QueueProcessingOrder.OldestFirst));
        limiter.OnRejected = async (context, _) =>
        {
            context.HttpContext.Response.Headers.RetryAfter = "1";
            await RequestGuard.Refuse(context.HttpContext, StatusCodes.Status429TooManyRequests,
                $"{settings.Concurrency} requests are at work and {settings.Queue} wait; try again in a second");
        };
    }

    static void Log(ILoggingBuilder logging, ServeSettings settings)
    {
        var least = Enum.TryParse<LogLevel>(settings.LogLevel, ignoreCase: true, out var level) ? level
            : throw new ArgumentException($"log_level '{settings.LogLevel}': there are {string.Join(", ", Enum.GetNames<LogLevel>())}");
        logging.SetMinimumLevel(least).AddFilter("Microsoft", least > LogLevel.Warning ? least : LogLevel.Warning);
        logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat, console.ColorBehavior, console.UseUtcTimestamp) =
            (true, "yyyy-MM-ddTHH:mm:ssZ ", LoggerColorBehavior.Disabled, true));
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    static IPAddress AddressOf(string host) => host == "localhost" ? IPAddress.Loopback
        : IPAddress.TryParse(host, out var address) ? address
        : throw new ArgumentException($"--host {host}: give an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all");
}

/// <summary>Answer of a service that is up.</summary>
sealed record ServiceHealth(string Status);

/// <summary>The one model, as OpenAI's clients list models.</summary>
sealed record ModelsAnswer(string Object, IReadOnlyList<ModelAnswer> Data)
{
    public static ModelsAnswer Of(ServedModel served, ServedIndex? index)
    {
        var config = served.Model.Config;
        return new("list", [new(served.Id, "model", "silc", config.EmbedDim, config.ImageSize, config.Grid, config.TextLength, index?.Count)]);
    }
}

/// <summary>A model: width of embeddings, side of images in pixels, patches along a side, tokens of a text, rows of the index.</summary>
sealed record ModelAnswer(string Id, string Object, string OwnedBy, int Dimensions, int ImageSize, int Grid, int TextLength, int? IndexCount);
