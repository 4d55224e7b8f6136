// Property paths of bindings, cut into steps and followed through objects: what each step is declared as, whether it is there,
// and its value where values were asked for. A path is never written through.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection;
using System.Windows;
using System.Windows.Data;
using Portcullis.Inspector.Infrastructure;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>One step of a path.</summary>
    internal sealed class Step
    {
        internal Step(string name)
        {
            Name = name;
        }

        /// <summary>As the path writes it: `Name`, `(Grid.Row)`, `[0]`, `/`.</summary>
        internal string Name { get; }

        /// <summary>What a step in parentheses stands for, where the path was compiled with it.</summary>
        internal object? Parameter { get; set; }

        internal bool IsIndex => Name.StartsWith("[", StringComparison.Ordinal);

        internal bool IsCurrent => Name == "/";

        internal bool IsAttached => Name.StartsWith("(", StringComparison.Ordinal);
    }

    /// <summary>A step that was followed.</summary>
    internal sealed class Followed
    {
        internal Followed(Step step)
        {
            Step = step;
        }

        internal Step Step { get; }

        /// <summary>The name without what surrounds it.</summary>
        internal string Name { get; set; } = "";

        internal Type? Declared { get; set; }

        internal bool Ok { get; set; }

        /// <summary>The value, where it was read.</summary>
        internal object? Value { get; set; }

        internal bool HasValue { get; set; }

        /// <summary>What reading it threw.</summary>
        internal Exception? Threw { get; set; }

        /// <summary>Whether this step, or one on the way to it, tells a secret.</summary>
        internal bool IsSecret { get; set; }
    }

    /// <summary>Cuts and follows paths.</summary>
    internal static class Paths
    {
        /// <summary>Steps of a path; what follows them is left out.</summary>
        internal const int StepCap = 16;

        internal static List<Step> Cut(PropertyPath? path)
        {
            var steps = new List<Step>();
            var text = path?.Path ?? "";
            var at = 0;
            while (at < text.Length && steps.Count < StepCap)
            {
                var start = at;
                switch (text[at])
                {
                    case '.':
                    case ' ':
                        at++;
                        continue;
                    case '/':
                        at++;
                        break;
                    case '(':
                        at = After(text, at, ')');
                        break;
                    case '[':
                        at = After(text, at, ']');
                        break;
                    default:
                        while (at < text.Length && ".[/(".IndexOf(text[at]) < 0)
                        {
                            at++;
                        }
                        break;
                }
                var step = new Step(text.Substring(start, at - start).Trim());
                step.Parameter = Parameter(path, step);
                steps.Add(step);
            }
            return steps;
        }

        private static int After(string text, int from, char closing)
        {
            var at = text.IndexOf(closing, from);
            return at < 0 ? text.Length : at + 1;
        }

        private static object? Parameter(PropertyPath? path, Step step)
        {
            if (path == null || !step.IsAttached)
            {
                return null;
            }
            var inner = step.Name.Trim('(', ')');
            var isNumber = int.TryParse(inner, NumberStyles.None, CultureInfo.InvariantCulture, out var index);
            return isNumber && index < path.PathParameters.Count ? path.PathParameters[index] : null;
        }

        /// <summary>Follows the steps by reading values, until one is missing, null or throws.</summary>
        internal static List<Followed> Read(object? source, List<Step> steps)
        {
            var found = new List<Followed>();
            var at = source;
            foreach (var step in steps)
            {
                var followed = new Followed(step) { Name = step.Name };
                found.Add(followed);
                if (at == null)
                {
                    continue;
                }
                try
                {
                    followed.Ok = ReadStep(at, followed);
                }
                catch (MemberThrewException threw)
                {
                    followed.Ok = true;
                    followed.Threw = threw.Thrown;
                }
                at = followed.HasValue ? followed.Value : null;
            }
            return Judged(source, found);
        }

        private static List<Followed> Judged(object? source, List<Followed> found)
        {
            var (isSecret, owner) = (false, source);
            foreach (var followed in found)
            {
                isSecret |= Redaction.IsSecretMember(owner, followed.Name);
                followed.IsSecret = isSecret;
                owner = followed.HasValue ? followed.Value : null;
            }
            return found;
        }

        private static bool ReadStep(object owner, Followed followed)
        {
            var step = followed.Step;
            if (step.IsCurrent)
            {
                followed.Value = CollectionViewSource.GetDefaultView(owner)?.CurrentItem;
                followed.Declared = typeof(object);
                return followed.HasValue = true;
            }
            if (step.IsIndex)
            {
                return ReadIndex(owner, followed);
            }
            var (property, member) = Resolve(owner, owner.GetType(), followed);
            if (property != null && owner is DependencyObject element)
            {
                followed.Declared = property.PropertyType;
                followed.Value = element.GetValue(property);
                return followed.HasValue = true;
            }
            if (member == null)
            {
                return false;
            }
            followed.Declared = member.Type;
            if (!member.CanRead)
            {
                return true;
            }
            followed.Value = member.Get(owner);
            return followed.HasValue = true;
        }

        private static (DependencyProperty?, Member?) Resolve(object? owner, Type type, Followed followed)
        {
            var step = followed.Step;
            if (!step.IsAttached)
            {
                return (null, owner == null ? Members.Find(type, step.Name) : Members.Find(owner, step.Name));
            }
            switch (step.Parameter)
            {
                case DependencyProperty known:
                    followed.Name = $"({known.OwnerType.Name}.{known.Name})";
                    return (known, null);
                case PropertyInfo info:
                    followed.Name = info.Name;
                    return (null, Members.OfProperty(info));
            }
            var inner = step.Name.Trim('(', ')');
            inner = inner.Substring(inner.IndexOf(':') + 1);
            var property = owner is DependencyObject element ? PropertyFinder.Search(element, inner).Found : null;
            return (property, null);
        }

        private static bool ReadIndex(object owner, Followed followed)
        {
            var key = followed.Step.Name.Trim('[', ']').Trim();
            if (owner is IDictionary dictionary)
            {
                followed.Declared = typeof(object);
                if (!dictionary.Contains(key))
                {
                    return false;
                }
                followed.Value = dictionary[key];
                return followed.HasValue = true;
            }
            var isNumber = int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index);
            if (isNumber && owner is IList list)
            {
                followed.Declared = Indexer(owner.GetType())?.PropertyType ?? typeof(object);
                if (index >= list.Count)
                {
                    return false;
                }
                followed.Value = list[index];
                return followed.HasValue = true;
            }
            // Any other indexer is code of the application whose arguments would have to be guessed.
            followed.Declared = Indexer(owner.GetType())?.PropertyType;
            return followed.Declared != null;
        }

        private static PropertyInfo? Indexer(Type type)
        {
            foreach (var property in type.GetProperties())
            {
                if (property.GetIndexParameters().Length == 1)
                {
                    return property;
                }
            }
            return null;
        }

        /// <summary>Follows the steps by what is declared alone: nothing is read and no code of the application runs.</summary>
        internal static List<Followed> Declared(object? source, List<Step> steps, bool isActive)
        {
            var found = new List<Followed>();
            var owner = source;
            var at = source?.GetType();
            foreach (var step in steps)
            {
                var followed = new Followed(step) { Name = step.Name };
                found.Add(followed);
                if (at == null)
                {
                    // Beyond what is declared the binding itself knows whether its path leads somewhere.
                    followed.Ok = isActive;
                    continue;
                }
                var known = at;
                if (step.IsIndex || step.IsCurrent)
                {
                    followed.Declared = Indexer(at)?.PropertyType;
                    followed.Ok = step.IsCurrent || followed.Declared != null || isActive;
                }
                else
                {
                    var (property, member) = Resolve(owner, at, followed);
                    followed.Declared = property?.PropertyType ?? member?.Type;
                    followed.Ok = followed.Declared != null || (isActive && !known.IsSealed);
                }
                owner = null;
                at = followed.Declared == null || followed.Declared == typeof(object) ? null : followed.Declared;
            }
            return Judged(source, found);
        }
    }
}
