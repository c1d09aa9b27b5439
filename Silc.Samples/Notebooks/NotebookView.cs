namespace Silc.Samples.Notebooks;

/// <summary>HTML that a notebook shows. Threads: immutable; any number may share it.</summary>
/// <param name="Html">Markup that needs nothing from elsewhere.</param>
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public sealed record NotebookView(string Html);

sealed class NotebookFormatterSource
{
    public IEnumerable<object> CreateTypeFormatters() => [new Formatter()];

    sealed class Formatter
    {
        public string MimeType => "text/html";

        public bool Format(object value, TextWriter writer)
        {
            if (value is not NotebookView view) return false;
            writer.Write(view.Html);
            return true;
        }
    }
}
