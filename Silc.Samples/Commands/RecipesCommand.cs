using System.CommandLine;

namespace Silc.Samples.Commands;

/// <summary><c>silc recipes</c>: the published values that <c>silc train --recipe</c> sets.</summary>
static class RecipesCommand
{
    static readonly Argument<string?> Recipe = new("NAME")
    {
        Description = "The recipe to print; all are listed unless given.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Create()
    {
        var command = new Command("recipes", """
            List the published recipes, or print one: an option of silc train a line, with where its value comes from. A printed one can be changed
            and given to --recipe as a file; options on the command line override either.

            Examples:
              silc recipes
              silc recipes dino > my.recipe
              silc train --recipe my.recipe --data photos --batch 64 --lr 1.25e-4 --steps 20000 --out runs/mine
            """) { Recipe, RecipesVerifyCommand.Create() };
        command.SetAction(Print);
        return command;
    }

    static int Print(ParseResult parsed)
    {
        if (parsed.GetValue(Recipe) is { } name) Console.Write(RecipeFile.Open(name).Text);
        else
            foreach (var known in RecipeFile.Names) Console.WriteLine($"{known,-8} {RecipeFile.Open(known).Title}");
        return 0;
    }
}
