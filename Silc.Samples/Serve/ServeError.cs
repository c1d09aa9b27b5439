using Microsoft.AspNetCore.Http;

namespace Silc.Samples.Serve;

/// <summary>What a request is refused with; its message is for whoever sent it, and names nothing of this machine.</summary>
/// <param name="status">Of HTTP.</param>
/// <param name="message">What is wrong, and what would do.</param>
/// <param name="param">The field of the request that is wrong, if it is one.</param>
sealed class ServeError(int status, string message, string? param = null) : Exception(message)
{
    public int Status => status;

    public string? Field => param;

    /// <summary>A request that will never do.</summary>
    public static ServeError Bad(string field, string message) => new(StatusCodes.Status400BadRequest, message, field);
}

/// <summary>The body of an answer that refuses, as OpenAI's clients read it.</summary>
sealed record ErrorAnswer(ErrorDetail Error)
{
    public static ErrorAnswer Of(int status, string message, string? field = null, string? code = null) => new(new ErrorDetail(message, status switch
    {
        StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden => "authentication_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    }, field, code));
}

/// <summary>What is wrong.</summary>
sealed record ErrorDetail(string Message, string Type, string? Param, string? Code);
