using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Silc.Samples.Serve;

/// <summary>
/// Around every request: its time, the key, what browsers must not do, and errors as JSON that say nothing of this machine. What is not expected
/// is logged whole, and answered by its number in the log.
/// </summary>
sealed partial class RequestGuard(RequestDelegate next, ServeSettings settings, ApiKey? key, ILogger<RequestGuard> log)
{
    // Open to all: the page asks for the key, and a probe of health has none.
    static readonly string[] open = ["/", "/health", "/favicon.ico"];

    public async Task InvokeAsync(HttpContext http)
    {
        var (begun, gone) = (Stopwatch.GetTimestamp(), http.RequestAborted);
        using var time = CancellationTokenSource.CreateLinkedTokenSource(gone);
        time.CancelAfter(TimeSpan.FromSeconds(settings.TimeoutSeconds));
        http.RequestAborted = time.Token;
        var headers = http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        try
        {
            Admit(http);
            await next(http);
            if (http.Response is { HasStarted: false, ContentLength: null, ContentType: null, StatusCode: >= 400 and var status })
                await Refuse(http, status, status switch
                {
                    StatusCodes.Status404NotFound => "there is nothing at this path; /openapi/v1.json says what there is",
                    StatusCodes.Status405MethodNotAllowed => "this path wants another method; /openapi/v1.json says which",
                    StatusCodes.Status415UnsupportedMediaType => $"send {RequestBody.Json}, or {RequestBody.Form}",
                    _ => "the request is not understood; /openapi/v1.json says what is",
                });
        }
        catch (ServeError refused)
        {
            await Refuse(http, refused.Status, refused.Message, refused.Field);
        }
        catch (BadHttpRequestException bad) when (bad.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await Refuse(http, bad.StatusCode, $"the body has more than {settings.MaxBodyMib} MiB, at most that much is taken");
        }
        catch (BadHttpRequestException bad)
        {
            await Refuse(http, bad.StatusCode, "the request is not understood; /openapi/v1.json says what is");
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested)
        {
            await Refuse(http, StatusCodes.Status504GatewayTimeout,
                string.Create(CultureInfo.InvariantCulture, $"that took more than {settings.TimeoutSeconds} s; ask for less, or later"));
        }
        catch (Exception error)
        {
            LogFailure(log, http.TraceIdentifier, error);
            await Refuse(http, StatusCodes.Status500InternalServerError, $"that failed; the service's log says why, by {http.TraceIdentifier}");
        }
        var (request, milliseconds) = (http.Request, Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        // Only paths that are known: any other is the client's text, which does not go into the log.
        var path = http.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route } ? route : "(no such path)";
        LogRequest(log, request.Method, path, http.Response.StatusCode, milliseconds);
    }

    void Admit(HttpContext http)
    {
        var request = http.Request;
        // Requests of other sites' pages in a browser of this machine are refused: they would use its device.
        if (request.Headers["Sec-Fetch-Site"] == "cross-site" && !HttpMethods.IsGet(request.Method))
            throw new ServeError(StatusCodes.Status403Forbidden, "pages of other sites may not ask");
        if (key is null || open.Contains(request.Path.Value) || request.Path.StartsWithSegments("/openapi") || key.IsIn(request)) return;
        http.Response.Headers.WWWAuthenticate = "Bearer";
        throw new ServeError(StatusCodes.Status401Unauthorized, "a key is wanted, as Authorization: Bearer KEY or X-API-Key: KEY");
    }

    /// <summary>Answers with an error.</summary>
    public static async Task Refuse(HttpContext http, int status, string message, string? field = null)
    {
        // An answer that has begun cannot become an error: the connection is closed.
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }
        http.Response.StatusCode = status;
        await http.Response.WriteAsJsonAsync(ErrorAnswer.Of(status, message, field), CancellationToken.None);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Method} {Path} {Status} {Milliseconds:F1} ms")]
    static partial void LogRequest(ILogger log, string method, string path, int status, double milliseconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "request {Id} failed")]
    static partial void LogFailure(ILogger log, string id, Exception error);
}
