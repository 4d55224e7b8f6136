// Properties by whose value WPF reads what lies behind the elements: paths, as SelectedValuePath and DisplayMemberPath are, and
// data contexts. Whoever writes one reads by it, so a write is judged here as a reading is. Nothing is written here.
using System;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>Judges paths that are written, and values that a path has brought.</summary>
    internal static class PathProperties
    {
        private static readonly char[] Steps = { '.', '/', '[', '(' };

        /// <summary>Whether the value of the property is taken for a path. By its name, since its type is that of any text.</summary>
        internal static bool IsOne(DependencyProperty property) =>
            property.PropertyType == typeof(PropertyPath)
            || (property.PropertyType == typeof(string)
                && (property.Name.EndsWith("Path", StringComparison.Ordinal)
                    || property.Name.EndsWith("Member", StringComparison.Ordinal)));

        /// <summary>Asks whether this value may be written.</summary>
        /// <exception cref="WireException">The gate of what lies behind the elements is shut, or the path leads to a secret.</exception>
        internal static void Ask(Context context, DependencyObject element, DependencyProperty property, object? value)
        {
            var isPath = IsOne(property);
            // The bindings below an element read its data context by the paths that they have; without one they read that above.
            if (!isPath && property != FrameworkElement.DataContextProperty)
            {
                return;
            }
            if (!context.Holds(Limits.ViewModel))
            {
                throw new WireException(
                    ErrorCode.Denied,
                    PropertyFinder.NameOn(element, property) + " leads to what lies behind the elements, and the session's gates do "
                        + "not allow it: " + Gates.Names(Limits.ViewModel));
            }
            if (isPath && Redaction.IsSecretPath(TextOf(element.GetValue(property))))
            {
                throw WireException.Secret(
                    "the path that is there leads to what is a secret by its name; what it has brought stays when the path goes");
            }
            if (!isPath || !(TextOf(value) is { } path))
            {
                return;
            }
            if (Redaction.IsSecretPath(path))
            {
                throw WireException.Secret("value is a path to what is a secret by its name, which nothing here reads");
            }
            if (path.IndexOfAny(Steps) >= 0 && element is ItemsControl items && HoldsElements(items))
            {
                throw WireException.Bad(
                    "value is a path of several steps, and the items are elements: name one property of theirs, or read the "
                        + "elements that the path would lead to");
            }
        }

        private static string? TextOf(object? path) => path is PropertyPath made ? made.Path : path as string;

        /// <summary>Whether a path has brought this value out of a secret, or out of an element beyond what is known of it.</summary>
        internal static bool BroughtSecret(DependencyObject element, DependencyProperty property)
        {
            if (property.Name != Selector.SelectedValueProperty.Name)
            {
                return false;
            }
            var (path, item) = element switch
            {
                Selector selector => (selector.SelectedValuePath, selector.SelectedItem),
                TreeView tree => (tree.SelectedValuePath, tree.SelectedItem),
                _ => ("", null),
            };
            if (string.IsNullOrEmpty(path))
            {
                return false;
            }
            if (Redaction.IsSecretPath(path))
            {
                return true;
            }
            if (!(item is DependencyObject from))
            {
                return false;
            }
            if (path.IndexOfAny(Steps) >= 0)
            {
                return true;
            }
            var read = System.ComponentModel.DependencyPropertyDescriptor.FromName(path, from.GetType(), from.GetType());
            return read != null && Redaction.IsSecret(from, read.DependencyProperty);
        }

        /// <summary>Whether the text that an element shows of its items is a secret by the path to it.</summary>
        internal static bool ShowsSecret(DependencyObject element) =>
            element is ComboBox combo
            && (Redaction.IsSecretPath(combo.DisplayMemberPath) || Redaction.IsSecretPath(TextSearch.GetTextPath(combo)));

        private static bool HoldsElements(ItemsControl items)
        {
            foreach (var item in items.Items)
            {
                if (item is DependencyObject)
                {
                    return true;
                }
            }
            return false;
        }
    }
}
