// The primitive `bindings`: the bindings of elements and of what lies below them, with how they stand.
using System.Collections.Generic;
using System.Windows;
using System.Windows.Data;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Lists bindings.</summary>
    internal static class BindingsPrimitive
    {
        internal static BindingsResult Run(Context context, Turn turn, BindingsParams asked)
        {
            Caps.Ask("from", asked.From.Count, Limits.FromCap);
            Caps.Ask("names", asked.Names.Count, Limits.PropsNameCap);
            Caps.Ask("max", asked.Max, Limits.BindingRowCap);
            var reading = new Reading(context, asked.Text);
            var rows = new BindingRows(reading, asked.Resolve);
            var result = new BindingsResult();
            var stroll = new Stroll(asked.Visit);
            foreach (var (dispatcher, from) in Targets.Elements(context, turn, asked.From))
            {
                stroll.Go(context.Turns, turn, dispatcher, from, asked.Recursive, element =>
                {
                    if (element != from && !asked.Templates && Elements.TemplatedParent(element) != null)
                    {
                        return;
                    }
                    foreach (var (property, expression) in Wanted(element, asked.Names))
                    {
                        if (result.Rows.Count >= asked.Max)
                        {
                            result.CutRows++;
                        }
                        else
                        {
                            result.Rows.Add(rows.Of(element, property, expression));
                        }
                    }
                });
            }
            result.Visited = stroll.Visited;
            result.CutVisits = stroll.IsCut;
            result.Types = reading.TypeRows;
            return result;
        }

        private static IEnumerable<(DependencyProperty, BindingExpressionBase)> Wanted(
            DependencyObject element, List<string> names)
        {
            if (names.Count == 0)
            {
                foreach (var (property, expression) in Expressions.Of(element))
                {
                    if (expression is BindingExpressionBase binding)
                    {
                        yield return (property, binding);
                    }
                }
                yield break;
            }
            foreach (var name in names)
            {
                var property = PropertyFinder.Search(element, name).Found;
                var binding = property == null ? null : Expressions.Binding(element, property);
                if (property != null && binding != null)
                {
                    yield return (property, binding);
                }
            }
        }
    }
}
