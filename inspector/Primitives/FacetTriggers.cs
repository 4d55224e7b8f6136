// The facet triggers: the triggers of an element's styles and templates, and which of their conditions are met now. WPF does not
// say which are in force, so each condition is compared as WPF compares it.
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Media;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Reads triggers.</summary>
    internal sealed class FacetTriggers
    {
        private const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance;

        // Microsoft's published source of PresentationFramework: FrameworkElement.cs.
        private static readonly PropertyInfo? TemplateOf =
            typeof(FrameworkElement).GetProperty("TemplateInternal", Hidden);

        private readonly Reading reading;
        private readonly bool resolves;
        private readonly List<TriggerRow> rows = new List<TriggerRow>();

        /// <param name="reading">What the rows are made with.</param>
        /// <param name="resolves">Whether conditions are followed into view models, whose getters are the application's code.</param>
        internal FacetTriggers(Reading reading, bool resolves)
        {
            this.reading = reading;
            this.resolves = resolves;
        }

        internal List<TriggerRow>? Of(DependencyObject element)
        {
            if (!(element is FrameworkElement) && !(element is FrameworkContentElement))
            {
                return null;
            }
            foreach (var (style, role, _) in FacetStyle.Chain(element))
            {
                Add(element, element, style.Triggers, role, null);
            }
            var template = (element as FrameworkElement) == null ? null : TemplateOf?.GetValue(element) as FrameworkTemplate;
            template ??= (element as Control)?.Template;
            switch (template)
            {
                case ControlTemplate control:
                    Add(element, element, control.Triggers, "template", template);
                    break;
                case DataTemplate data:
                    // Its conditions are about the root that it made, whose data context is the content.
                    var root = Root(element);
                    Add(element, root ?? element, data.Triggers, "template", template);
                    break;
            }
            if (element is FrameworkElement framework)
            {
                Add(element, element, framework.Triggers, "element", null);
            }
            return rows;
        }

        private static DependencyObject? Root(DependencyObject element)
        {
            return element is Visual && VisualTreeHelper.GetChildrenCount(element) > 0
                ? VisualTreeHelper.GetChild(element, 0) : null;
        }

        private void Add(
            DependencyObject element, DependencyObject context, TriggerCollection triggers, string from,
            FrameworkTemplate? template)
        {
            foreach (var trigger in triggers)
            {
                if (rows.Count >= Limits.FacetRowCap)
                {
                    return;
                }
                var row = new TriggerRow { From = from, Kind = trigger.GetType().Name };
                row.Actions = (uint)(trigger.EnterActions.Count + trigger.ExitActions.Count);
                switch (trigger)
                {
                    case Trigger single:
                        row.Setters = FacetStyle.Setters(reading, single.Setters);
                        row.Conditions.Add(Compare(element, template, single.Property, single.SourceName, single.Value));
                        break;
                    case MultiTrigger several:
                        row.Setters = FacetStyle.Setters(reading, several.Setters);
                        foreach (var condition in several.Conditions)
                        {
                            if (row.Conditions.Count >= Limits.FacetRowCap)
                            {
                                break;
                            }
                            row.Conditions.Add(
                                Compare(element, template, condition.Property, condition.SourceName, condition.Value));
                        }
                        break;
                    case DataTrigger data:
                        row.Setters = FacetStyle.Setters(reading, data.Setters);
                        row.Conditions.Add(Compare(context, template, data.Binding, data.Value));
                        break;
                    case MultiDataTrigger several:
                        row.Setters = FacetStyle.Setters(reading, several.Setters);
                        foreach (var condition in several.Conditions)
                        {
                            if (row.Conditions.Count >= Limits.FacetRowCap)
                            {
                                break;
                            }
                            row.Conditions.Add(Compare(context, template, condition.Binding, condition.Value));
                        }
                        break;
                    case EventTrigger routed:
                        row.Event = routed.RoutedEvent == null ? null : FacetHandlers.NameOf(routed.RoutedEvent);
                        row.Actions += (uint)routed.Actions.Count;
                        break;
                }
                rows.Add(row);
            }
        }

        private ConditionRow Compare(
            DependencyObject element, FrameworkTemplate? template, DependencyProperty? property, string? part, object? wanted)
        {
            var row = new ConditionRow { Property = property?.Name, Source = string.IsNullOrEmpty(part) ? null : part };
            var source = row.Source == null ? element : Part(element, template, row.Source);
            row.Value = reading.Named(wanted, null, property?.Name);
            if (property == null || source == null)
            {
                return row;
            }
            var current = source.GetValue(property);
            row.Current = reading.Property(source, property, current);
            row.Met = IsMet(current, wanted);
            return row;
        }

        private static DependencyObject? Part(DependencyObject element, FrameworkTemplate? template, string name)
        {
            return template == null || !(element is FrameworkElement framework) ? null
                : template.FindName(name, framework) as DependencyObject;
        }

        private ConditionRow Compare(DependencyObject element, FrameworkTemplate? template, BindingBase? binding, object? wanted)
        {
            var single = binding as Binding;
            var path = single?.Path?.Path;
            var row = new ConditionRow { Path = path, Value = reading.Named(wanted, null, path) };
            if (single == null)
            {
                return row;
            }
            object? source;
            if (single.Source != null)
            {
                source = single.Source;
            }
            else if (!string.IsNullOrEmpty(single.ElementName))
            {
                row.PathSource = single.ElementName;
                source = Part(element, template, single.ElementName)
                    ?? (element as FrameworkElement)?.FindName(single.ElementName);
            }
            else if (single.RelativeSource != null)
            {
                row.PathSource = BindingRows.TextOf(single.RelativeSource);
                source = Relative(element, single.RelativeSource);
            }
            else
            {
                source = resolves ? element.GetValue(FrameworkElement.DataContextProperty) : null;
            }
            var steps = Paths.Cut(single.Path);
            if (source == null || !resolves && !StaysInElements(source, steps))
            {
                return row;
            }
            var followed = Paths.Read(source, steps);
            var last = followed.Count == 0 ? null : followed[followed.Count - 1];
            if (last != null && !last.HasValue)
            {
                return row;
            }
            var (known, current) = Converted(single, last == null ? source : last.Value);
            if (!known)
            {
                return row;
            }
            row.Met = IsMet(current, wanted);
            row.Current = current != null && last?.IsSecret == true
                ? reading.Redacted(current) : reading.Named(current, null, path);
            return row;
        }

        /// <summary>Whether a path is one property of an element: any step further may be into an object of the application.</summary>
        private static bool StaysInElements(object source, List<Step> steps)
        {
            return source is DependencyObject && steps.Count == 1 && steps[0].Name != "DataContext"
                && !steps[0].Name.EndsWith(".DataContext)", StringComparison.Ordinal);
        }

        private static (bool Known, object? Value) Converted(Binding binding, object? value)
        {
            if (binding.Converter == null)
            {
                return (true, value);
            }
            try
            {
                var culture = binding.ConverterCulture ?? CultureInfo.GetCultureInfo("en-US");
                return (true, binding.Converter.Convert(value, typeof(object), binding.ConverterParameter, culture));
            }
            catch (Exception)
            {
                // Code of the application: whatever it throws, the condition is not known.
                return (false, null);
            }
        }

        private static DependencyObject? Relative(DependencyObject element, RelativeSource relative)
        {
            switch (relative.Mode)
            {
                case RelativeSourceMode.Self:
                    return element;
                case RelativeSourceMode.TemplatedParent:
                    return Elements.TemplatedParent(element);
                case RelativeSourceMode.FindAncestor:
                    var level = relative.AncestorLevel;
                    for (var at = Elements.Parent(element); at != null; at = Elements.Parent(at))
                    {
                        if (relative.AncestorType != null && relative.AncestorType.IsInstanceOfType(at) && --level == 0)
                        {
                            return at;
                        }
                    }
                    return null;
                default:
                    return null;
            }
        }

        /// <summary>As WPF compares: equal, or equal once the trigger's text has become a value of the other's type.</summary>
        private static bool? IsMet(object? current, object? wanted)
        {
            if (Equals(current, wanted))
            {
                return true;
            }
            if (current == null || wanted == null || !(wanted is string text) || current is string)
            {
                return false;
            }
            try
            {
                var converter = TypeDescriptor.GetConverter(current.GetType());
                return converter.CanConvertFrom(typeof(string)) && Equals(current, converter.ConvertFromInvariantString(text));
            }
            catch (Exception)
            {
                // The text is none of that type, so no value of it is equal.
                return false;
            }
        }
    }
}
