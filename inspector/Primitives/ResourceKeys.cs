// Keys of resources and the text that stands for them, and the dictionary that an element has of its own. Nothing is looked up here.
using System;
using System.Reflection;
using System.Windows;
using Portcullis.Inspector.Infrastructure;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Keys of resources.</summary>
    internal static class ResourceKeys
    {
        private const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance;
        private const BindingFlags Shared = BindingFlags.Public | BindingFlags.Static | BindingFlags.FlattenHierarchy;
        private static readonly string[] Spaces =
        {
            "", "System.Windows.", "System.Windows.Controls.", "System.Windows.Controls.Primitives.", "System.Windows.Documents.",
        };
        private const string TypePrefix = "{x:Type ";
        private const string StaticPrefix = "{x:Static ";

        // Microsoft's published source of PresentationFramework: FrameworkElement.cs, FrameworkContentElement.cs. Asking for
        // `Resources` makes a dictionary where there is none, and looking must change nothing.
        private static readonly PropertyInfo? ElementHas = typeof(FrameworkElement).GetProperty("HasResources", Hidden);
        private static readonly PropertyInfo? ContentHas = typeof(FrameworkContentElement).GetProperty("HasResources", Hidden);

        /// <summary>The dictionary of an element; none where it has nothing in it.</summary>
        internal static ResourceDictionary? OwnResources(DependencyObject element)
        {
            switch (element)
            {
                case FrameworkElement framework:
                    return (bool?)ElementHas?.GetValue(element) == false ? null : framework.Resources;
                case FrameworkContentElement content:
                    return (bool?)ContentHas?.GetValue(element) == false ? null : content.Resources;
                default:
                    return null;
            }
        }

        /// <summary>A key as XAML writes it.</summary>
        internal static string Text(object? key)
        {
            switch (key)
            {
                case null: return "";
                case string text: return text;
                case Type type: return TypePrefix + TypeNumbers.Short(type) + "}";
                case DataTemplateKey template: return "{DataTemplate " + (template.DataType as Type)?.Name + "}";
                case ComponentResourceKey component:
                    return "{ComponentResourceKey " + component.TypeInTargetAssembly?.Name + ", " + component.ResourceId + "}";
                default: return key.ToString() ?? key.GetType().Name;
            }
        }

        /// <summary>
        /// The key that a text stands for: a type's, the value of a static property or field that is a key, or the text itself.
        /// </summary>
        internal static object Parse(string text)
        {
            var trimmed = text.Trim();
            var isType = trimmed.StartsWith(TypePrefix, StringComparison.Ordinal);
            var isStatic = trimmed.StartsWith(StaticPrefix, StringComparison.Ordinal);
            if (isType && trimmed.EndsWith("}", StringComparison.Ordinal))
            {
                return FindType(Inner(trimmed, TypePrefix), true) ?? (object)text;
            }
            if (isStatic && trimmed.EndsWith("}", StringComparison.Ordinal))
            {
                return FindStatic(Inner(trimmed, StaticPrefix), true) ?? text;
            }
            // A plain key may well have a point in it, so that only types of WPF are thought of.
            return FindStatic(trimmed, false) ?? text;
        }

        private static string Inner(string text, string prefix)
        {
            var inner = text.Substring(prefix.Length, text.Length - prefix.Length - 1).Trim();
            return inner.Substring(inner.IndexOf(':') + 1);
        }

        /// <summary>The value of a static member that is declared as a key. No other static member is ever asked.</summary>
        private static object? FindStatic(string name, bool everywhere)
        {
            var dot = name.LastIndexOf('.');
            var type = dot <= 0 ? null : FindType(name.Substring(0, dot), everywhere);
            if (type == null)
            {
                return null;
            }
            var member = name.Substring(dot + 1);
            var property = type.GetProperty(member, Shared);
            if (property != null && typeof(ResourceKey).IsAssignableFrom(property.PropertyType))
            {
                return property.GetValue(null);
            }
            var field = type.GetField(member, Shared);
            return field != null && typeof(ResourceKey).IsAssignableFrom(field.FieldType) ? field.GetValue(null) : null;
        }

        /// <summary>A loaded type by its own or full name; WPF's where several have it.</summary>
        private static Type? FindType(string name, bool everywhere)
        {
            foreach (var space in Spaces)
            {
                var ofWpf = typeof(FrameworkElement).Assembly.GetType(space + name, false);
                if (ofWpf != null)
                {
                    return ofWpf;
                }
            }
            foreach (var assembly in everywhere ? AppDomain.CurrentDomain.GetAssemblies() : Array.Empty<Assembly>())
            {
                foreach (var type in assembly.IsDynamic ? Type.EmptyTypes : Exported(assembly))
                {
                    if (type.Name == name || type.FullName == name)
                    {
                        return type;
                    }
                }
            }
            return null;
        }

        private static Type[] Exported(Assembly assembly)
        {
            try
            {
                return assembly.GetTypes();
            }
            catch (ReflectionTypeLoadException partly)
            {
                return Array.FindAll(partly.Types!, type => type != null);
            }
        }
    }
}
