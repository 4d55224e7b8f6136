// The primitive `resource`: every place where a resource is, from an element outwards, in the order in which WPF looks. The first
// that is met is the one that the element gets.
using System;
using System.Collections.Generic;
using System.Reflection;
using System.Windows;
using System.Windows.Controls;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Looks resources up step by step.</summary>
    internal sealed class ResourcePrimitive
    {
        /// <summary>Dictionaries that are looked in.</summary>
        private const int DictionaryCap = 4_096;
        /// <summary>How deep dictionaries may be merged into each other.</summary>
        private const int MergeCap = 32;
        /// <summary>Keys that are kept, to name the nearest when there is none.</summary>
        private const int KeyCap = 10_000;

        // Microsoft's published source of PresentationFramework: SystemResources.cs.
        private static readonly MethodInfo? OfSystem =
            typeof(FrameworkElement).Assembly.GetType("System.Windows.SystemResources")?.GetMethod(
                "FindResourceInternal", BindingFlags.NonPublic | BindingFlags.Static, null, new[] { typeof(object) }, null);

        private readonly Reading reading;
        private readonly ResourceResult result = new ResourceResult();
        private readonly HashSet<string> names = new HashSet<string>();
        private readonly string text;
        private readonly object key;

        private ResourcePrimitive(Reading reading, string text)
        {
            this.reading = reading;
            this.text = text;
            key = ResourceKeys.Parse(text);
        }

        internal static ResourceResult Run(Context context, Turn turn, ResourceParams asked)
        {
            if (asked.Key.Length == 0)
            {
                throw WireException.Bad("key is empty, where the key of a resource is needed");
            }
            var reading = new Reading(context, asked.Text);
            var (dispatcher, from) = Targets.Element(context, turn, asked.From);
            var search = new ResourcePrimitive(reading, asked.Key);
            context.Turns.Run(dispatcher, turn, () => search.Look(from));
            search.result.Types = reading.TypeRows;
            return search.result;
        }

        private void Look(DependencyObject from)
        {
            for (DependencyObject? at = from; at != null; at = Elements.ResourceParent(at))
            {
                var own = ResourceKeys.OwnResources(at);
                if (own != null)
                {
                    Search(own, at, ResourceLevel.Element, 0);
                }
                foreach (var (style, _, _) in FacetStyle.Chain(at))
                {
                    Search(style.Resources, at, ResourceLevel.Element, 0);
                }
                var template = (at as Control)?.Template;
                if (template != null)
                {
                    Search(template.Resources, at, ResourceLevel.Element, 0);
                }
            }
            if (Application.Current != null)
            {
                Search(Application.Current.Resources, null, ResourceLevel.Application, 0);
            }
            if (!(key is string))
            {
                SearchSystem();
            }
            if (result.Rows.Count > 0)
            {
                result.Rows[0].Wins = true;
            }
            else
            {
                result.Candidates = PropertyFinder.Nearest(names, text);
            }
        }

        private void Search(ResourceDictionary dictionary, DependencyObject? holder, ResourceLevel level, int depth)
        {
            if (result.Searched >= DictionaryCap || depth > MergeCap)
            {
                return;
            }
            result.Searched++;
            // `Contains` and the indexer look into merged dictionaries too, so that its own keys must be gone through.
            var hasIt = false;
            foreach (var own in dictionary.Keys)
            {
                hasIt |= Equals(own, key);
                if (own is string name && names.Count < KeyCap)
                {
                    names.Add(name);
                }
            }
            if (hasIt)
            {
                Add(level, holder, dictionary.Source, depth, Value(dictionary));
            }
            for (var i = dictionary.MergedDictionaries.Count - 1; i >= 0; i--)
            {
                // Of several that are merged the last one counts.
                Search(dictionary.MergedDictionaries[i], holder, level, depth + 1);
            }
        }

        private Val Value(ResourceDictionary dictionary)
        {
            try
            {
                return reading.Named(dictionary[key], null, text);
            }
            catch (Exception e)
            {
                // A value is made when it is first asked for, and the making may throw.
                return reading.Error(e);
            }
        }

        private void SearchSystem()
        {
            var level = key.GetType().Name.StartsWith("System", StringComparison.Ordinal)
                ? ResourceLevel.System : ResourceLevel.Theme;
            object? found = null;
            if (OfSystem != null)
            {
                found = OfSystem.Invoke(null, new[] { key });
            }
            else if (result.Rows.Count == 0)
            {
                found = new FrameworkElement().TryFindResource(key);
            }
            if (found != null)
            {
                Add(level, null, null, 0, reading.Named(found, null, text));
            }
        }

        private void Add(ResourceLevel level, DependencyObject? holder, Uri? source, int merged, Val value)
        {
            if (result.Rows.Count >= Limits.FacetRowCap)
            {
                return;
            }
            result.Rows.Add(new ResourceRow
            {
                Level = level,
                Handle = reading.OfOrNone(holder),
                Ty = reading.TypeOrNone(holder),
                Name = Elements.Name(holder),
                Uri = source?.OriginalString,
                Merged = (uint)merged,
                Value = value,
            });
        }
    }
}
