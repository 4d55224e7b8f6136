// The facet style: the styles that an element has, its own with all that it is based on, and the theme's, each with its setters.
// Which setter wins is the server's to say.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Reflection;
using System.Windows;
using System.Windows.Data;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Reads styles.</summary>
    internal static class FacetStyle
    {
        /// <summary>How far a chain of `BasedOn` is followed.</summary>
        private const int ChainCap = 32;
        /// <summary>Dictionaries that are looked in for a style's key.</summary>
        private const int DictionaryCap = 256;
        private const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance;

        // Microsoft's published source of PresentationFramework: FrameworkElement.cs, FrameworkContentElement.cs,
        // ResourceDictionary.cs.
        private static readonly PropertyInfo? ElementTheme = typeof(FrameworkElement).GetProperty("ThemeStyle", Hidden);
        private static readonly PropertyInfo? ContentTheme = typeof(FrameworkContentElement).GetProperty("ThemeStyle", Hidden);
        private static readonly FieldInfo? Own = typeof(ResourceDictionary).GetField("_baseDictionary", Hidden);

        /// <summary>The styles of an element with the role that each has.</summary>
        internal static List<(Style Style, string Role, uint Level)> Chain(DependencyObject element)
        {
            var chain = new List<(Style, string, uint)>();
            Follow(chain, StyleOf(element), "style", "basedOn");
            Follow(chain, ThemeOf(element), "theme", "theme");
            return chain;
        }

        private static void Follow(List<(Style, string, uint)> chain, Style? first, string role, string further)
        {
            uint level = 0;
            for (var style = first; style != null && level < ChainCap; style = style.BasedOn)
            {
                chain.Add((style, level == 0 ? role : further, level));
                level++;
            }
        }

        private static Style? StyleOf(DependencyObject element)
        {
            return element is FrameworkElement framework ? framework.Style : (element as FrameworkContentElement)?.Style;
        }

        private static Style? ThemeOf(DependencyObject element)
        {
            var theme = element is FrameworkElement ? ElementTheme : element is FrameworkContentElement ? ContentTheme : null;
            return theme?.GetValue(element) as Style;
        }

        internal static List<StyleRow>? Styles(Reading reading, DependencyObject element)
        {
            var property = element is FrameworkElement ? FrameworkElement.StyleProperty
                : element is FrameworkContentElement ? FrameworkContentElement.StyleProperty : null;
            if (property == null)
            {
                return null;
            }
            var source = DependencyPropertyHelper.GetValueSource(element, property).BaseValueSource.ToString();
            var rows = new List<StyleRow>();
            foreach (var (style, role, level) in Chain(element))
            {
                if (rows.Count >= Limits.FacetRowCap)
                {
                    break;
                }
                rows.Add(new StyleRow
                {
                    Role = role,
                    Level = level,
                    Target = style.TargetType == null ? (uint?)null : reading.Type(style.TargetType),
                    Source = role == "style" ? source : "",
                    Key = KeyOf(element, style),
                    Setters = Setters(reading, style.Setters),
                    Triggers = (uint)style.Triggers.Count,
                    HasBasedOn = style.BasedOn != null,
                });
            }
            return rows;
        }

        internal static List<SetterRow> Setters(Reading reading, SetterBaseCollection setters)
        {
            var rows = new List<SetterRow>();
            foreach (var setter in setters)
            {
                if (rows.Count >= Limits.FacetRowCap)
                {
                    break;
                }
                if (setter is EventSetter routed && routed.Event != null)
                {
                    rows.Add(new SetterRow
                    {
                        Property = routed.Event.Name,
                        Owner = reading.Type(routed.Event.OwnerType),
                        Value = reading.Text(routed.Handler?.Method.Name ?? ""),
                        IsEvent = true,
                    });
                }
                if (setter is Setter plain && plain.Property != null)
                {
                    rows.Add(new SetterRow
                    {
                        Property = plain.Property.Name,
                        Owner = reading.Type(plain.Property.OwnerType),
                        Target = string.IsNullOrEmpty(plain.TargetName) ? null : plain.TargetName,
                        Value = Written(reading, plain.Value, plain.Property.Name),
                    });
                }
            }
            return rows;
        }

        /// <summary>A value as a setter has it: bindings and references as XAML writes them.</summary>
        internal static Val Written(Reading reading, object? value, string property)
        {
            switch (value)
            {
                case DynamicResourceExtension dynamic:
                    return reading.Markup(value, "{DynamicResource " + ResourceKeys.Text(dynamic.ResourceKey) + "}");
                case Binding binding:
                    return reading.Markup(value, "{Binding " + (binding.Path?.Path ?? "") + "}");
                case BindingBase several:
                    return reading.Markup(value, "{" + several.GetType().Name + "}");
                case TemplateBindingExtension bound:
                    return reading.Markup(value, "{TemplateBinding " + bound.Property?.Name + "}");
                default:
                    return reading.Named(value, null, property);
            }
        }

        /// <summary>
        /// The key under which a style lies in a dictionary around the element. Values that were not made yet are left as they
        /// are: a style that an element has was made.
        /// </summary>
        private static string? KeyOf(DependencyObject element, Style style)
        {
            if (Own == null)
            {
                return null;
            }
            var budget = DictionaryCap;
            for (DependencyObject? at = element; at != null; at = Elements.ResourceParent(at))
            {
                var resources = ResourceKeys.OwnResources(at);
                var key = resources == null ? null : KeyIn(resources, style, ref budget);
                if (key != null)
                {
                    return key;
                }
            }
            return Application.Current == null ? null : KeyIn(Application.Current.Resources, style, ref budget);
        }

        private static string? KeyIn(ResourceDictionary dictionary, Style style, ref int budget)
        {
            if (budget-- <= 0)
            {
                return null;
            }
            if (Own!.GetValue(dictionary) is Hashtable own)
            {
                foreach (DictionaryEntry? entry in own)
                {
                    if (entry != null && ReferenceEquals(entry.Value.Value, style))
                    {
                        return ResourceKeys.Text(entry.Value.Key);
                    }
                }
            }
            foreach (var merged in dictionary.MergedDictionaries)
            {
                var key = KeyIn(merged, style, ref budget);
                if (key != null)
                {
                    return key;
                }
            }
            return null;
        }
    }
}
