// What rows of one message are made with: numbers of objects and types, and values without what is secret.
using System;
using System.Collections.Generic;
using System.Windows;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Writes what was read, for one message.</summary>
    internal sealed class Reading
    {
        private readonly Handles handles;
        private readonly TypeTable types;
        private readonly Values plain;
        private readonly Values withHandles;

        internal Reading(Context context, uint text)
        {
            Caps.Ask("text", text, Limits.TextCap);
            handles = context.Handles;
            types = context.Table();
            plain = new Values(context, types, text, false);
            withHandles = new Values(context, types, text, true);
        }

        internal List<TypeRow> TypeRows => types.Rows;

        internal ulong Of(object target) => handles.Of(target);

        internal ulong? OfOrNone(object? target) => handles.OfOrNone(target);

        internal uint Type(Type type) => types.Of(type);

        /// <summary>The type of an object; none for null.</summary>
        internal uint? TypeOrNone(object? target) => target == null ? (uint?)null : types.Of(target.GetType());

        internal string Cut(string text) => plain.Cut(text);

        /// <summary>The value of an element's property.</summary>
        internal Val Property(DependencyObject element, DependencyProperty property, object? value) =>
            plain.Of(element, property, value);

        /// <summary>The value of an element's property now.</summary>
        internal Val Property(DependencyObject element, DependencyProperty property) =>
            plain.Of(element, property, element.GetValue(property));

        /// <summary>
        /// A value under names or paths any of which may say that it is a secret, and what an element shows where one is given.
        /// </summary>
        internal Val Named(object? value, DependencyObject? element, params string?[] names) => Named(plain, value, element, names);

        /// <summary>As `Named`, with the number of the object.</summary>
        internal Val NamedWithHandle(object? value, params string?[] names) => Named(withHandles, value, null, names);

        private static Val Named(Values values, object? value, DependencyObject? element, string?[] names)
        {
            if (value == null || value == DependencyProperty.UnsetValue)
            {
                return values.Of(value);
            }
            var isSecret = element != null && Redaction.IsSecretElement(element);
            foreach (var name in names)
            {
                isSecret |= Redaction.IsSecretPath(name);
            }
            return isSecret ? values.Redacted(value.GetType()) : values.Of(value);
        }

        /// <summary>What stands for a secret.</summary>
        internal Val Redacted(object value) => plain.Redacted(value.GetType());

        /// <summary>What stands for a secret that a member of this type holds, or could hold.</summary>
        internal Val Redacted(object? value, Type type) => plain.Redacted(value?.GetType() ?? type);

        internal Val Error(Exception thrown) => plain.Error(thrown);

        internal Val Text(string text) => plain.Text(text);

        /// <summary>An object with a text that markup has for it.</summary>
        internal Val Markup(object value, string text)
        {
            var told = plain.Text(text);
            told.K = ValKind.Object;
            told.Ty = types.Of(value.GetType());
            return told;
        }
    }
}
