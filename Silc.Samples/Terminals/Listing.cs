using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace Silc.Samples.Terminals;

/// <summary>
/// Rows for people and for programs: a table on a terminal, in a pipe or a file a line for each with tabs between the values, which begins
/// with the last column, and on demand a JSON object a line. No value is broken over lines where a program reads it.
/// </summary>
/// <param name="columns">Name of each column, as the table shows it; and its key in JSON.</param>
sealed class Listing(params (string Name, string Key)[] columns)
{
    // Captions in Greek or Chinese stay what they are; a line of JSON is no part of a page.
    static readonly JsonSerializerOptions json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly List<(string Group, object[] Values)> rows = [];

    /// <summary>Adds a row.</summary>
    /// <param name="group">The table's title; rows of one follow each other.</param>
    /// <param name="values">Text or numbers, one a column; of numbers the table shows three decimals.</param>
    public void Add(string group, params object[] values) => rows.Add((group, values));

    /// <summary>A table for each group; plain lines where the output is no terminal.</summary>
    public void Show()
    {
        if (!Console.IsOutputRedirected)
        {
            foreach (var group in rows.GroupBy(row => row.Group)) Terminal.Write(Table(group.Key, group.Select(row => row.Values)));
            return;
        }
        foreach (var (group, values) in rows)
            Console.WriteLine(string.Join('\t', values[..^1].Prepend(group).Prepend(values[^1]).Select(value => Plain(Text(value)))));
    }

    /// <summary>A JSON object a line.</summary>
    /// <param name="grouped">Key of the group.</param>
    public void ShowJson(string grouped)
    {
        foreach (var (group, values) in rows)
            Console.WriteLine(JsonSerializer.Serialize(columns.Select(column => column.Key).Prepend(grouped).Zip(values.Prepend(group))
                .ToDictionary(pair => pair.First, pair => pair.Second), json));
    }

    Table Table(string title, IEnumerable<object[]> values)
    {
        var table = new Table().Title(title.EscapeMarkup()).AddColumns([.. columns.Select(column => column.Name.EscapeMarkup())]);
        foreach (var row in values) table.AddRow([.. row.Select(value => Text(value).EscapeMarkup())]);
        return table;
    }

    static string Text(object value) => value is float or double ? $"{value:F3}" : $"{value}";

    // What ends a value or a line cannot be in one.
    static string Plain(string text) => text.ReplaceLineEndings(" ").Replace('\t', ' ');
}
