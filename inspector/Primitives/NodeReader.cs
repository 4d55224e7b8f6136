// What a walk tells of one element, and whether that is what is looked for. Which elements are met is decided by the walk.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Automation;
using System.Windows.Controls;
using System.Windows.Documents;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Reads nodes for one walk, on the threads of the elements.</summary>
    internal sealed class NodeReader
    {
        /// <summary>The bytes that a node takes besides its texts.</summary>
        private const int NodeBytes = 160;

        private readonly Context context;
        private readonly WalkParams asked;
        private readonly TypeTable types;
        private readonly Values values;
        private readonly Places places = new Places();
        private readonly Dictionary<(Type, string), DependencyProperty?> properties =
            new Dictionary<(Type, string), DependencyProperty?>();
        private readonly Dictionary<Type, bool> fits = new Dictionary<Type, bool>();
        /// <summary>Elements that were looked at since the application last had its turn, and whether they show a secret.</summary>
        private readonly Dictionary<DependencyObject, bool> secrets = new Dictionary<DependencyObject, bool>();
        private readonly bool withNames;
        private readonly bool withFlags;
        private readonly bool withBounds;
        private readonly bool withText;

        internal NodeReader(Context context, WalkParams asked, TypeTable types)
        {
            this.context = context;
            this.asked = asked;
            this.types = types;
            values = new Values(context, types, asked.Text, false);
            withNames = asked.Fields.Contains(NodeField.Names);
            withFlags = asked.Fields.Contains(NodeField.Flags);
            withBounds = asked.Fields.Contains(NodeField.Bounds);
            withText = asked.Fields.Contains(NodeField.Text);
        }

        /// <summary>The bytes that all nodes so far take at most.</summary>
        internal long Bytes { get; private set; }

        /// <summary>The application has had its turn, and may have changed what elements show.</summary>
        internal void GoOn() => secrets.Clear();

        /// <summary>The node of an element, or of a plain object in a logical tree, which is a child of `owner`.</summary>
        internal Node Read(object target, DependencyObject? owner)
        {
            var node = new Node { Ty = types.Of(target.GetType()) };
            Bytes += NodeBytes;
            if (!(target is DependencyObject element))
            {
                if (withText && target is string text && !IsSecretOf(owner))
                {
                    node.Tx = values.Cut(text);
                    Bytes += JsonWriter.CostOf(node.Tx);
                }
                return node;
            }
            node.H = context.Handles.Of(element);
            try
            {
                Tell(node, element);
            }
            catch (Exception e) when (!(e is WireException))
            {
                // Code of the application threw at a question; the node tells what came before, and the walk goes on.
            }
            while (node.Pv.Count < asked.Props.Count)
            {
                node.Pv.Add(null);
            }
            return node;
        }

        private void Tell(Node node, DependencyObject element)
        {
            if (withNames)
            {
                node.N = Short(NameOf(element));
                node.Aid = Short(AutomationIdOf(element));
                node.An = Short(AutomationNameOf(element));
                Bytes += JsonWriter.CostOf(node.N) + JsonWriter.CostOf(node.Aid) + JsonWriter.CostOf(node.An);
            }
            var isSecret = (withFlags || withText) && IsSecret(element);
            if (withFlags)
            {
                node.Fl = Flags(element) | (isSecret ? Limits.FlagSecret : 0);
            }
            if (withBounds)
            {
                node.R = places.Of(element);
            }
            if (withText && !isSecret && TextOf(element) is { } shown)
            {
                node.Tx = Short(shown);
                Bytes += JsonWriter.CostOf(node.Tx);
            }
            foreach (var name in asked.Props)
            {
                var value = PropertyOf(element, name) is { } property ? Value(element, property) : null;
                node.Pv.Add(value);
                Bytes += value == null ? 5 : 96 + JsonWriter.CostOf(value.S);
            }
        }

        /// <summary>Whether an element is one of those that are looked for; not when code of the application throws at it.</summary>
        internal bool Fits(object target, DependencyObject? owner, Find find)
        {
            try
            {
                return FitsAll(target, owner, find);
            }
            catch (Exception e) when (!(e is WireException))
            {
                return false;
            }
        }

        private bool FitsAll(object target, DependencyObject? owner, Find find)
        {
            var type = target.GetType();
            if (find.Types.Count > 0)
            {
                if (!fits.TryGetValue(type, out var fit))
                {
                    fits.Add(type, fit = FitsType(type, find));
                }
                if (!fit)
                {
                    return false;
                }
            }
            var element = target as DependencyObject;
            return (find.Name == null || (element != null && Meets(NameOf(element), find.Name, find)))
                && (find.AutomationId == null
                    || (element != null && Meets(AutomationIdOf(element), find.AutomationId, find)))
                && (find.Property == null || (element != null && FitsProperty(element, find)))
                && (find.Query == null || FitsQuery(target, element, owner, find));
        }

        private static bool FitsType(Type type, Find find)
        {
            for (Type? at = type; at != null; at = find.Derived ? at.BaseType : null)
            {
                foreach (var name in find.Types)
                {
                    if (Same(TypeNumbers.Short(at), name) || Same(TypeNumbers.Full(at), name))
                    {
                        return true;
                    }
                }
            }
            return false;
        }

        private bool FitsProperty(DependencyObject element, Find find)
        {
            if (!(PropertyOf(element, find.Property!) is { } property))
            {
                return false;
            }
            if (find.Value == null)
            {
                return true;
            }
            // A secret has neither text nor value here, and fits nothing: who could ask whether it is this or that would know it
            // in the end.
            var value = Value(element, property);
            return Meets(value.S ?? Written(value.V), find.Value, find);
        }

        private static string? Written(Json? value) =>
            value == null ? null
            : value.Kind == JsonKind.Boolean ? (value.Boolean() ? "true" : "false")
            : value.Kind == JsonKind.Number ? value.Digits
            : value.Kind == JsonKind.String ? value.String()
            : value.Kind == JsonKind.Array ? string.Join(",", Parts(value))
            : null;

        private static IEnumerable<string?> Parts(Json value)
        {
            foreach (var item in value.Items)
            {
                yield return Written(item);
            }
        }

        private bool IsSecretOf(DependencyObject? owner) => owner != null && IsSecret(owner);

        private bool IsSecret(DependencyObject element)
        {
            if (!secrets.TryGetValue(element, out var isSecret))
            {
                secrets.Add(element, isSecret = Redaction.IsSecretElement(element, secrets));
            }
            return isSecret;
        }

        private bool FitsQuery(object target, DependencyObject? element, DependencyObject? owner, Find find)
        {
            var query = find.Query!;
            if (Meets(TypeNumbers.Short(target.GetType()), query, find))
            {
                return true;
            }
            if (element == null)
            {
                return Meets(target as string, query, find) && !IsSecretOf(owner);
            }
            return Meets(NameOf(element), query, find)
                || Meets(AutomationIdOf(element), query, find)
                || Meets(AutomationNameOf(element), query, find)
                || (Meets(TextOf(element), query, find) && !IsSecret(element));
        }

        private static string? AutomationIdOf(DependencyObject element) =>
            Redaction.IsBoundToSecret(element, AutomationProperties.AutomationIdProperty)
                ? null : AutomationProperties.GetAutomationId(element);

        private static string? AutomationNameOf(DependencyObject element) =>
            Redaction.IsBoundToSecret(element, AutomationProperties.NameProperty) ? null : AutomationProperties.GetName(element);

        private static bool Meets(string? text, string wanted, Find find) =>
            text != null && (find.Contains ? text.IndexOf(wanted, StringComparison.OrdinalIgnoreCase) >= 0 : Same(text, wanted));

        private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

        private string? Short(string? text) => string.IsNullOrEmpty(text) ? null : values.Cut(text!);

        private static string? NameOf(DependencyObject element) =>
            element is FrameworkElement framed ? framed.Name : (element as FrameworkContentElement)?.Name;

        private DependencyProperty? PropertyOf(DependencyObject element, string name)
        {
            var key = (element.GetType(), name);
            if (!properties.TryGetValue(key, out var found))
            {
                properties.Add(key, found = PropertyFinder.Search(element, name).Found);
            }
            return found;
        }

        private Val Value(DependencyObject element, DependencyProperty property)
        {
            try
            {
                return values.Of(element, property, element.GetValue(property));
            }
            catch (Exception e) when (!(e is WireException))
            {
                return values.Error(e);
            }
        }

        private static uint Flags(DependencyObject element)
        {
            uint flags = 0;
            if (element is UIElement shown)
            {
                flags |= Bit(shown.IsVisible, Limits.FlagVisible) | Bit(shown.IsEnabled, Limits.FlagEnabled)
                    | Bit(shown.Focusable, Limits.FlagFocusable) | Bit(shown.IsHitTestVisible, Limits.FlagHitTest)
                    | Bit(shown.IsKeyboardFocused, Limits.FlagFocused);
            }
            else if (element is ContentElement content)
            {
                flags |= Bit(content.IsEnabled, Limits.FlagEnabled) | Bit(content.Focusable, Limits.FlagFocusable)
                    | Bit(content.IsKeyboardFocused, Limits.FlagFocused);
            }
            if (element is FrameworkElement framed)
            {
                flags |= Bit(framed.IsLoaded, Limits.FlagLoaded) | Bit(framed.TemplatedParent != null, Limits.FlagTemplatePart)
                    | Bit(ItemsControl.ItemsControlFromItemContainer(framed) != null, Limits.FlagItemContainer);
            }
            else if (element is FrameworkContentElement part)
            {
                flags |= Bit(part.IsLoaded, Limits.FlagLoaded) | Bit(part.TemplatedParent != null, Limits.FlagTemplatePart);
            }
            return flags | Bit(NameScope.GetNameScope(element) != null, Limits.FlagNameScope);
        }

        private static uint Bit(bool set, uint bit) => set ? bit : 0;

        /// <summary>The text that an element shows itself, or the content of it that is text.</summary>
        internal static string? TextOf(DependencyObject element)
        {
            switch (element)
            {
                case TextBlock block:
                    return block.Text;
                case TextBox box:
                    return box.Text;
                case RichTextBox rich:
                    return new TextRange(rich.Document.ContentStart, rich.Document.ContentEnd).Text;
                case ComboBox combo:
                    return combo.Text;
                case Run run:
                    return run.Text;
                case AccessText access:
                    return access.Text;
                case HeaderedContentControl { HasHeader: true } headered:
                    return headered.Header as string;
                case HeaderedItemsControl items:
                    return items.Header as string;
                case ContentControl control:
                    return control.Content as string;
                case ContentPresenter presenter:
                    return presenter.Content as string;
                default:
                    return null;
            }
        }
    }
}
