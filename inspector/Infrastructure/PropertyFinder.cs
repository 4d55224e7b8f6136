// Dependency properties by the names that people write, and names by properties. A name that fits several is none, and is
// answered with what it may have meant. Values are not read here.
using System;
using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Reflection;
using System.Windows;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>What a name came to.</summary>
    internal sealed class PropertySearch
    {
        internal DependencyProperty? Found { get; set; }

        /// <summary>Whether the name fits several properties equally well.</summary>
        internal bool IsAmbiguous { get; set; }

        /// <summary>Names that were perhaps meant.</summary>
        internal List<string> Candidates { get; set; } = new List<string>();
    }

    /// <summary>Finds dependency properties.</summary>
    internal static class PropertyFinder
    {
        /// <summary>Names that are offered instead of one that was not found.</summary>
        internal const int CandidateCap = 8;
        /// <summary>Letters of a name for which others are looked for; no property has a longer one.</summary>
        private const int WantedCap = 256;
        private const string Suffix = "Property";
        private const BindingFlags Declared =
            BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

        private static readonly ConcurrentDictionary<Type, Dictionary<string, DependencyProperty>> OfType =
            new ConcurrentDictionary<Type, Dictionary<string, DependencyProperty>>();

        /// <summary>The property of this name: `Width`, `Grid.Row`, `System.Windows.Controls.Grid.Row`.</summary>
        /// <exception cref="WireException">There is none, or there are several.</exception>
        internal static DependencyProperty Find(DependencyObject element, string name)
        {
            var search = Search(element, name);
            return search.Found ?? throw WireException.NotFound(
                search.IsAmbiguous
                    ? "several properties have this name; write the type before it"
                    : TypeNumbers.Short(element.GetType()) + " has no such property",
                search.Candidates);
        }

        /// <summary>As `Find`, without an exception.</summary>
        internal static PropertySearch Search(DependencyObject element, string name)
        {
            var dot = name.LastIndexOf('.');
            var simple = dot < 0 ? name : name.Substring(dot + 1);
            var owner = dot < 0 ? null : name.Substring(0, dot);
            var own = All(element.GetType());
            if (owner == null && own.TryGetValue(simple, out var found))
            {
                return new PropertySearch { Found = found };
            }
            if (owner != null)
            {
                for (Type? type = element.GetType(); type != null; type = type.BaseType)
                {
                    if (IsNamed(type, owner) && All(type).TryGetValue(simple, out found))
                    {
                        return new PropertySearch { Found = found };
                    }
                }
            }
            var fits = new List<DependencyProperty>();
            foreach (var property in Registered())
            {
                if (property.Name == simple && (owner == null ? IsAttached(property) : IsNamed(property.OwnerType, owner)))
                {
                    fits.Add(property);
                }
            }
            if (fits.Count == 0 && owner != null && TypeNamed(owner) is { } declaring
                && All(declaring).TryGetValue(simple, out found))
            {
                fits.Add(found);
            }
            if (fits.Count == 1)
            {
                return new PropertySearch { Found = fits[0] };
            }
            return fits.Count > 1 ? Several(fits) : new PropertySearch { Candidates = Nearest(own.Keys, simple) };
        }

        /// <summary>Every property that a type declares or inherits, by its name.</summary>
        internal static IReadOnlyDictionary<string, DependencyProperty> Of(Type type) => All(type);

        /// <summary>The name as it is told: with the owner before it where the element's type does not have it.</summary>
        internal static string NameOn(DependencyObject element, DependencyProperty property) =>
            All(element.GetType()).TryGetValue(property.Name, out var own) && own == property
                ? property.Name
                : property.OwnerType.Name + "." + property.Name;

        /// <summary>Whether a property was registered as attached: its owner has a getter for it.</summary>
        internal static bool IsAttached(DependencyProperty property)
        {
            const BindingFlags Getters = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
            foreach (var method in property.OwnerType.GetMember("Get" + property.Name, MemberTypes.Method, Getters))
            {
                var parameters = ((MethodInfo)method).GetParameters();
                if (parameters.Length == 1 && typeof(DependencyObject).IsAssignableFrom(parameters[0].ParameterType))
                {
                    return true;
                }
            }
            return false;
        }

        /// <summary>The names nearest to one that does not exist.</summary>
        internal static List<string> Nearest(IEnumerable<string> names, string wanted)
        {
            var ranked = new List<(int Distance, string Name)>();
            if (wanted.Length > WantedCap)
            {
                return new List<string>();
            }
            foreach (var name in names)
            {
                var distance = Distance(name, wanted);
                var contains = wanted.Length >= 3 && name.IndexOf(wanted, StringComparison.OrdinalIgnoreCase) >= 0;
                if (contains || distance <= Math.Max(2, wanted.Length / 3))
                {
                    ranked.Add((distance, name));
                }
            }
            ranked.Sort((one, other) => one.Distance != other.Distance
                ? one.Distance.CompareTo(other.Distance)
                : string.CompareOrdinal(one.Name, other.Name));
            var nearest = new List<string>();
            for (var at = 0; at < ranked.Count && at < CandidateCap; at++)
            {
                nearest.Add(ranked[at].Name);
            }
            return nearest;
        }

        /// <summary>
        /// Every property that any type has registered. WPF keeps the list to itself; where it cannot be had, attached
        /// properties must be named with their owner.
        /// </summary>
        private static List<DependencyProperty> Registered()
        {
            var found = new List<DependencyProperty>();
            if (RegisteredList?.GetValue(null) is IEnumerable all)
            {
                // A thread of the application may register one meanwhile, so that the list is read again from its start.
                for (var tries = 0; tries < 3; tries++)
                {
                    try
                    {
                        found.Clear();
                        foreach (var one in all)
                        {
                            if (one is DependencyProperty property)
                            {
                                found.Add(property);
                            }
                        }
                        return found;
                    }
                    catch (InvalidOperationException)
                    {
                        found.Clear();
                    }
                }
            }
            return found;
        }

        private static readonly PropertyInfo? RegisteredList = typeof(DependencyProperty).GetProperty(
            "RegisteredProperties", BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public);

        private static PropertySearch Several(List<DependencyProperty> fits)
        {
            var search = new PropertySearch { IsAmbiguous = true };
            foreach (var property in fits)
            {
                var name = TypeNumbers.Full(property.OwnerType) + "." + property.Name;
                if (search.Candidates.Count < CandidateCap && !search.Candidates.Contains(name))
                {
                    search.Candidates.Add(name);
                }
            }
            search.Candidates.Sort(StringComparer.Ordinal);
            return search;
        }

        private static bool IsNamed(Type type, string name) => type.Name == name || type.FullName == name;

        /// <summary>A type that is loaded, by its full name, or by its own among those of WPF.</summary>
        private static Type? TypeNamed(string name)
        {
            foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
            {
                var found = assembly.IsDynamic ? null : assembly.GetType(name, false);
                if (found != null)
                {
                    return found;
                }
            }
            foreach (var space in new[] { "System.Windows.Controls.", "System.Windows.Controls.Primitives.", "System.Windows." })
            {
                var found = typeof(FrameworkElement).Assembly.GetType(space + name, false);
                if (found != null)
                {
                    return found;
                }
            }
            return null;
        }

        private static Dictionary<string, DependencyProperty> All(Type type)
        {
            if (OfType.TryGetValue(type, out var known))
            {
                return known;
            }
            var found = new Dictionary<string, DependencyProperty>(StringComparer.Ordinal);
            for (Type? at = type; at != null && at != typeof(object); at = at.BaseType)
            {
                if (at.ContainsGenericParameters)
                {
                    continue;
                }
                foreach (var field in at.GetFields(Declared))
                {
                    if (field.FieldType != typeof(DependencyProperty) || !field.Name.EndsWith(Suffix, StringComparison.Ordinal))
                    {
                        continue;
                    }
                    if (Value(field) is { } property && !found.ContainsKey(property.Name)
                        && field.Name.Length == property.Name.Length + Suffix.Length)
                    {
                        found.Add(property.Name, property);
                    }
                }
            }
            OfType.TryAdd(type, found);
            return found;
        }

        private static DependencyProperty? Value(FieldInfo field)
        {
            try
            {
                return field.GetValue(null) as DependencyProperty;
            }
            catch (Exception)
            {
                // The type's initializer throws, so that it has no properties.
                return null;
            }
        }

        /// <summary>How many letters differ, without regard to case.</summary>
        private static int Distance(string one, string other)
        {
            var before = new int[other.Length + 1];
            var now = new int[other.Length + 1];
            for (var at = 0; at <= other.Length; at++)
            {
                before[at] = at;
            }
            for (var row = 1; row <= one.Length; row++)
            {
                now[0] = row;
                for (var at = 1; at <= other.Length; at++)
                {
                    var same = char.ToLowerInvariant(one[row - 1]) == char.ToLowerInvariant(other[at - 1]);
                    var changed = before[at - 1] + (same ? 0 : 1);
                    now[at] = Math.Min(changed, Math.Min(before[at], now[at - 1]) + 1);
                }
                (before, now) = (now, before);
            }
            return before[other.Length];
        }
    }
}
