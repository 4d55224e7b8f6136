// `diag`: checks over the whole application: what bindings keep in memory, freezables that are not frozen, lists that make all
// their containers, references to resources that are nowhere. Facts alone; what is too much is the server's to say.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Controls;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Runs checks.</summary>
    internal sealed class DiagPrimitive
    {
        /// <summary>Items from which on it matters that each has a container.</summary>
        private const int ManyItems = 50;
        /// <summary>Characters of a key or value that explains a row.</summary>
        private const int TextCap = 512;

        private readonly Context context;
        private readonly DiagParams asked;
        private readonly Reading reading;
        private readonly DiagResult result = new DiagResult();

        private DiagPrimitive(Context context, DiagParams asked)
        {
            this.context = context;
            this.asked = asked;
            reading = new Reading(context, TextCap);
        }

        internal static DiagResult Run(Context context, Turn turn, DiagParams asked)
        {
            Caps.Ask("checks", asked.Checks.Count, Enum.GetValues(typeof(Protocol.Check)).Length);
            Caps.Ask("max", asked.Max, Limits.DiagRowCap);
            return new DiagPrimitive(context, asked).All(turn);
        }

        private DiagResult All(Turn turn)
        {
            var stroll = new Stroll(asked.Visit);
            if (asked.Collect)
            {
                // Twice, so that what finalizers let go of is gone too.
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
            }
            if (Wants(Protocol.Check.BindingLeaks))
            {
                Leaks(turn);
            }
            if (Wants(Protocol.Check.DynamicResources) && !Expressions.FindsReferences)
            {
                result.Unsupported.Add(Protocol.Check.DynamicResources);
            }
            if (Wants(Protocol.Check.Freezables) || Wants(Protocol.Check.Virtualization) || Wants(Protocol.Check.DynamicResources))
            {
                foreach (var thread in context.Dispatchers.All())
                {
                    foreach (var root in context.Turns.Run(thread, turn, Targets.Roots))
                    {
                        stroll.Go(context.Turns, turn, thread, root, true, Look);
                    }
                }
            }
            result.Visited = stroll.Visited;
            result.CutVisits = stroll.IsCut;
            result.Types = reading.TypeRows;
            return result;
        }

        private bool Wants(Protocol.Check check) => asked.Checks.Contains(check);

        private void Add(DiagRow row)
        {
            if (result.Rows.Count >= asked.Max)
            {
                result.Cut++;
            }
            else
            {
                result.Rows.Add(row);
            }
        }

        private void Leaks(Turn turn)
        {
            if (!DescriptorLeaks.IsSupported)
            {
                result.Unsupported.Add(Protocol.Check.BindingLeaks);
                return;
            }
            var found = context.Turns.Run(context.ThreadOf(null), turn, DescriptorLeaks.Read);
            found.Sort((one, other) => other.Dead != one.Dead ? other.Dead.CompareTo(one.Dead) : other.Objects.CompareTo(one.Objects));
            foreach (var kept in found)
            {
                result.Alive += kept.Alive;
                Add(new DiagRow
                {
                    Check = Protocol.Check.BindingLeaks,
                    Ty = reading.Type(kept.Type),
                    Name = kept.Property,
                    Count = kept.Objects,
                    Dead = kept.Dead,
                });
            }
        }

        private void Look(DependencyObject element)
        {
            if (Wants(Protocol.Check.Freezables))
            {
                Unfrozen(element);
            }
            if (Wants(Protocol.Check.Virtualization) && element is ItemsControl control)
            {
                Containers(control);
            }
            if (Wants(Protocol.Check.DynamicResources) && Expressions.FindsReferences)
            {
                References(element);
            }
        }

        private void Unfrozen(DependencyObject element)
        {
            var locals = element.GetLocalValueEnumerator();
            while (locals.MoveNext())
            {
                // One that is bound or animated cannot be frozen and is meant to change.
                if (locals.Current.Value is Freezable { IsFrozen: false, CanFreeze: true } freezable)
                {
                    Add(new DiagRow
                    {
                        Check = Protocol.Check.Freezables,
                        Handle = reading.Of(element),
                        Ty = reading.Type(freezable.GetType()),
                        Name = PropertyFinder.NameOn(element, locals.Current.Property),
                        Count = 1,
                    });
                }
            }
        }

        private void Containers(ItemsControl control)
        {
            var items = FacetState.Items(control);
            if (items == null || items.Count < ManyItems || items.Virtualizing || items.Realized < items.Count)
            {
                return;
            }
            var panel = Elements.ItemsHost(control);
            Add(new DiagRow
            {
                Check = Protocol.Check.Virtualization,
                Handle = reading.Of(control),
                Ty = reading.Type(control.GetType()),
                Name = panel?.GetType().Name,
                Count = items.Realized,
                Value = reading.Text(VirtualizingPanel.GetIsVirtualizing(control) ? "the panel does not virtualise" : "IsVirtualizing is false"),
            });
        }

        private void References(DependencyObject element)
        {
            foreach (var (property, expression) in Expressions.Of(element))
            {
                var key = Expressions.KeyOf(expression);
                if (key == null || Has(element, key))
                {
                    continue;
                }
                Add(new DiagRow
                {
                    Check = Protocol.Check.DynamicResources,
                    Handle = reading.Of(element),
                    Ty = reading.Type(element.GetType()),
                    Name = PropertyFinder.NameOn(element, property),
                    Count = 1,
                    Value = reading.Text(ResourceKeys.Text(key)),
                });
            }
        }

        private static bool Has(DependencyObject element, object key)
        {
            switch (element)
            {
                case FrameworkElement framework: return framework.TryFindResource(key) != null;
                case FrameworkContentElement content: return content.TryFindResource(key) != null;
                default: return true;
            }
        }
    }
}
