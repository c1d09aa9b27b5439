using System.CommandLine;
using System.CommandLine.Parsing;

namespace Silc.Samples.Options;

/// <summary>What is wrong with a command line, in one sentence.</summary>
static class Misuse
{
    public static string Message(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = string.Join(' ', Ancestors(command).Reverse());
        var sentence = Sentence(parsed, command, path);
        return $"{sentence}{(sentence.EndsWith('?') ? "" : ".")} See {path} --help.";
    }

    static string Sentence(ParseResult parsed, Command command, string path)
    {
        var below = command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name).ToList();
        if (parsed.UnmatchedTokens is [var word, ..])
        {
            if (word.StartsWith('-') && word.Length > 1)
            {
                var name = word.Split('=')[0];
                var known = command.Options.SelectMany(option => option.Aliases.Prepend(option.Name));
                return $"there is no option {name}{Misspelling.Hint(name, known)}";
            }
            return below.Count > 0 ? $"there is no command {path} {word}{Misspelling.Hint(word, below)}"
                : $"'{word}' is one word too many: options begin with --";
        }
        var error = parsed.Errors[0];
        return error.SymbolResult switch
        {
            OptionResult { IdentifierToken: null } option => $"{option.Option.Name} is required",
            OptionResult option when option.Tokens.Count < option.Option.Arity.MinimumNumberOfValues => $"{option.Option.Name} needs a value",
            OptionResult option when option.Tokens.Count > option.Option.Arity.MaximumNumberOfValues =>
                $"{option.Option.Name} has {option.Tokens.Count} values, it takes one",
            ArgumentResult argument when argument.Tokens.Count < argument.Argument.Arity.MinimumNumberOfValues =>
                $"{argument.Argument.Name} is missing",
            CommandResult when below.Count > 0 && command.Action is null => $"say what: {path} {string.Join(", ", below)}",
            _ => error.Message.TrimEnd('.'),
        };
    }

    static IEnumerable<string> Ancestors(Command command)
    {
        for (Command? c = command; c is not null; c = c.Parents.OfType<Command>().FirstOrDefault()) yield return c is RootCommand ? "silc" : c.Name;
    }
}
