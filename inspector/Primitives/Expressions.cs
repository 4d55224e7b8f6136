// The expressions that stand behind an element's properties: bindings of its own, of its style and of its template, and references
// to dynamic resources. WPF lists the local ones alone; the others are found in the element's table of values, by reflection,
// where this runtime has it as known.
using System;
using System.Collections.Generic;
using System.Reflection;
using System.Windows;
using System.Windows.Data;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Finds expressions.</summary>
    internal static class Expressions
    {
        private const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance;
        private const BindingFlags HiddenStatic = BindingFlags.NonPublic | BindingFlags.Static;

        // Microsoft's published source of WindowsBase: DependencyObject.cs, EffectiveValueEntry.cs, DependencyProperty.cs.
        private static readonly FieldInfo? Entries = typeof(DependencyObject).GetField("_effectiveValues", Hidden);
        private static readonly Type? Entry = Entries?.FieldType.GetElementType();
        private static readonly FieldInfo? EntryValue = Entry?.GetField("_value", Hidden);
        private static readonly FieldInfo? EntryIndex = Entry?.GetField("_propertyIndex", Hidden);
        private static readonly FieldInfo? Registered =
            typeof(DependencyProperty).GetField("RegisteredPropertyList", HiddenStatic);
        private static readonly FieldInfo? RegisteredItems =
            Registered?.FieldType.GetField("List", BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance);
        private static readonly Type? Modified = typeof(DependencyObject).Assembly.GetType("System.Windows.ModifiedValue");
        private static readonly PropertyInfo? ModifiedBase = Modified?.GetProperty("BaseValue", Hidden | BindingFlags.Public);
        private static readonly object? Elsewhere =
            typeof(DependencyObject).GetField("ExpressionInAlternativeStore", HiddenStatic)?.GetValue(null);
        private static readonly Type? Reference =
            typeof(FrameworkElement).Assembly.GetType("System.Windows.ResourceReferenceExpression");
        private static readonly FieldInfo? ReferenceKey = Reference?.GetField("_resourceKey", Hidden);

        /// <summary>Whether expressions of styles and templates can be found.</summary>
        internal static bool FindsAll { get; } =
            EntryValue != null && EntryIndex?.FieldType == typeof(short) && ModifiedBase != null
            && RegisteredItems?.FieldType == typeof(DependencyProperty[]);

        /// <summary>Whether references to dynamic resources can be told.</summary>
        internal static bool FindsReferences { get; } = FindsAll && ReferenceKey != null;

        /// <summary>The properties of an element that an expression stands behind.</summary>
        internal static List<(DependencyProperty Property, Expression Expression)> Of(DependencyObject element)
        {
            var found = new List<(DependencyProperty, Expression)>();
            if (!FindsAll)
            {
                var local = element.GetLocalValueEnumerator();
                while (local.MoveNext())
                {
                    if (local.Current.Value is Expression expression)
                    {
                        found.Add((local.Current.Property, expression));
                    }
                }
                return found;
            }
            if (!(Entries!.GetValue(element) is Array entries))
            {
                return found;
            }
            var registered = (DependencyProperty?[]?)RegisteredItems!.GetValue(Registered!.GetValue(null));
            if (registered == null)
            {
                return found;
            }
            for (var i = 0; i < entries.Length; i++)
            {
                var entry = entries.GetValue(i)!;
                var value = EntryValue!.GetValue(entry);
                if (value == null)
                {
                    continue;
                }
                if (value.GetType() == Modified)
                {
                    value = ModifiedBase!.GetValue(value);
                }
                var index = (short)EntryIndex!.GetValue(entry)!;
                var property = index >= 0 && index < registered.Length ? registered[index] : null;
                // The array has room to spare, whose entries are of property 0.
                if (property == null || property.GlobalIndex != index)
                {
                    continue;
                }
                // An expression of a style or template is kept there, and asked for by the property.
                var expression = value == Elsewhere ? Binding(element, property) : value as Expression;
                if (expression != null)
                {
                    found.Add((property, expression));
                }
            }
            return found;
        }

        /// <summary>The binding behind a property; none where it is another expression or no expression at all.</summary>
        internal static BindingExpressionBase? Binding(DependencyObject element, DependencyProperty property)
        {
            return BindingOperations.GetBindingExpressionBase(element, property);
        }

        /// <summary>Whether an expression is a reference to a dynamic resource.</summary>
        internal static bool IsReference(object? expression)
        {
            return expression != null && expression.GetType() == Reference;
        }

        /// <summary>The key that a reference to a dynamic resource asks for; none where that cannot be told.</summary>
        internal static object? KeyOf(object expression)
        {
            return IsReference(expression) ? ReferenceKey?.GetValue(expression) : null;
        }
    }
}
