// `describe`: what the types of elements are and have: what they derive from, their dependency properties and routed events.
// No value of an element is read.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Windows;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Describes types.</summary>
    internal static class DescribePrimitive
    {
        internal static DescribeResult Run(Context context, Turn turn, DescribeParams asked)
        {
            Caps.Ask("handles", asked.Handles.Count, Limits.PropsItemCap);
            var table = context.Table();
            var answers = new TypeFacts?[asked.Handles.Count];
            var alive = new List<(int Place, object Target, Dispatcher Dispatcher)>();
            for (var at = 0; at < answers.Length; at++)
            {
                if (context.Handles.TryResolve(asked.Handles[at]) is { } target)
                {
                    alive.Add((at, target, context.Handles.DispatcherOf(asked.Handles[at])));
                }
            }
            // A type's initializer may make things that belong to a thread, so that it is asked on the element's.
            context.Turns.Each(
                alive, turn, one => one.Dispatcher, one => answers[one.Place] = Facts(one.Target.GetType(), asked, table));
            return new DescribeResult { Items = answers.ToList(), Types = table.Rows };
        }

        private static TypeFacts Facts(Type type, DescribeParams asked, TypeTable table)
        {
            var name = type.Assembly.GetName();
            var facts = new TypeFacts { Ty = table.Of(type), Assembly = name.Name + " " + name.Version };
            for (var at = type.BaseType; at != null && facts.Bases.Count < Limits.DescribeRowCap; at = at.BaseType)
            {
                facts.Bases.Add(TypeNumbers.Full(at));
            }
            if (asked.Properties)
            {
                facts.Properties.AddRange(
                    PropertyFinder.Of(type).Keys.OrderBy(one => one, StringComparer.Ordinal).Take(Limits.DescribeRowCap));
            }
            if (asked.Events)
            {
                facts.Events.AddRange(Events(type).Take(Limits.DescribeRowCap));
            }
            return facts;
        }

        private static IEnumerable<EventRow> Events(Type type)
        {
            var found = new Dictionary<string, RoutedEvent>(StringComparer.Ordinal);
            for (Type? at = type; at != null; at = at.BaseType)
            {
                foreach (var one in EventManager.GetRoutedEventsForOwner(at) ?? Array.Empty<RoutedEvent>())
                {
                    if (!found.ContainsKey(one.Name))
                    {
                        found.Add(one.Name, one);
                    }
                }
            }
            return found.Values.OrderBy(one => one.Name, StringComparer.Ordinal).Select(one => new EventRow
            {
                Name = one.Name, Owner = TypeNumbers.Full(one.OwnerType), Strategy = one.RoutingStrategy.ToString(),
            });
        }
    }
}
