// One binding as a row: what it says, where it takes its source from, and how it stands. Values behind the path are read only
// when they were asked for; without that no code of the application runs.
using System.Collections.Generic;
using System.Windows;
using System.Windows.Data;
using System.Windows.Media;
using System.Windows.Media.Media3D;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Makes rows of bindings.</summary>
    internal sealed class BindingRows
    {
        /// <summary>Bindings that one binding is made of, and how deep they may lie in each other.</summary>
        private const int PartCap = 64;
        private const int PartDepthCap = 4;

        private readonly Reading reading;
        private readonly bool resolve;

        internal BindingRows(Reading reading, bool resolve)
        {
            this.reading = reading;
            this.resolve = resolve;
        }

        internal BindingRow Of(DependencyObject element, DependencyProperty property, BindingExpressionBase expression)
        {
            return Of(element, property, expression, 0);
        }

        private BindingRow Of(DependencyObject element, DependencyProperty property, BindingExpressionBase expression, int depth)
        {
            var row = new BindingRow
            {
                Handle = reading.Of(element),
                Ty = reading.Type(element.GetType()),
                Name = Elements.Name(element),
                IsTemplatePart = Elements.TemplatedParent(element) != null,
                Property = PropertyFinder.NameOn(element, property),
                PropertyTy = reading.Type(property.PropertyType),
                Status = expression.Status.ToString(),
                HasError = expression.HasValidationError,
            };
            var shared = expression.ParentBindingBase;
            row.Format = shared?.StringFormat;
            var path = (expression as BindingExpression)?.ParentBinding?.Path;
            var last = LastName(path);
            if (shared != null && shared.FallbackValue != DependencyProperty.UnsetValue)
            {
                row.Fallback = reading.Named(shared.FallbackValue, null, property.Name, last);
            }
            if (shared != null && shared.TargetNullValue != DependencyProperty.UnsetValue)
            {
                row.NullValue = reading.Named(shared.TargetNullValue, null, property.Name, last);
            }
            switch (expression)
            {
                case BindingExpression single:
                    Single(row, element, property, single);
                    break;
                case MultiBindingExpression multi:
                    row.Kind = "MultiBinding";
                    Several(row, element, property, multi.BindingExpressions, depth);
                    var binding = multi.ParentMultiBinding;
                    row.Mode = ModeOf(binding.Mode, element, property).ToString();
                    row.Trigger = TriggerOf(binding.UpdateSourceTrigger, element, property).ToString();
                    row.Converter = binding.Converter?.GetType().FullName;
                    break;
                case PriorityBindingExpression priority:
                    row.Kind = "PriorityBinding";
                    Several(row, element, property, priority.BindingExpressions, depth);
                    row.Mode = ModeOf(BindingMode.Default, element, property).ToString();
                    row.Trigger = TriggerOf(UpdateSourceTrigger.Default, element, property).ToString();
                    break;
                default:
                    row.Kind = expression.GetType().Name;
                    row.Mode = row.Trigger = "Default";
                    break;
            }
            var value = element.GetValue(property);
            row.Value = value != null && ComesFromSecret(row) ? reading.Redacted(value) : reading.Property(element, property, value);
            return row;
        }

        private void Single(BindingRow row, DependencyObject element, DependencyProperty property, BindingExpression expression)
        {
            var binding = expression.ParentBinding;
            row.Kind = "Binding";
            row.Path = binding.Path?.Path ?? (binding.XPath == null ? "" : "XPath=" + binding.XPath);
            row.Mode = ModeOf(binding.Mode, element, property).ToString();
            row.Trigger = TriggerOf(binding.UpdateSourceTrigger, element, property).ToString();
            row.Converter = binding.Converter?.GetType().FullName;
            (row.Source, row.SourceText) = SourceOf(binding);
            var item = expression.DataItem;
            row.SourceTy = reading.TypeOrNone(item);
            if (item is Visual || item is ContentElement || item is Visual3D)
            {
                row.SourceHandle = reading.Of(item);
            }
            row.Steps = Steps(item, binding.Path, expression.Status == BindingStatus.Active);
        }

        private void Several(
            BindingRow row, DependencyObject element, DependencyProperty property,
            IEnumerable<BindingExpressionBase> parts, int depth)
        {
            row.Source = BindingSource.Several;
            foreach (var part in parts)
            {
                if (depth >= PartDepthCap || row.Parts.Count >= PartCap)
                {
                    break;
                }
                row.Parts.Add(Of(element, property, part, depth + 1));
            }
            row.Path = row.Parts.Count == 0 ? null : row.Parts[0].Path;
        }

        /// <summary>The steps of a path from its source on.</summary>
        internal List<PathStep> Steps(object? source, PropertyPath? path, bool isActive)
        {
            var steps = Paths.Cut(path);
            var followed = resolve ? Paths.Read(source, steps) : Paths.Declared(source, steps, isActive);
            var rows = new List<PathStep>();
            foreach (var step in followed)
            {
                var row = new PathStep { Name = step.Name, Ok = step.Ok };
                if (step.Declared != null)
                {
                    row.Ty = reading.Type(step.Declared);
                }
                if (step.HasValue)
                {
                    row.Value = step.IsSecret && step.Value != null ? reading.Redacted(step.Value) : reading.Named(step.Value, null);
                }
                if (step.Threw != null)
                {
                    row.Value = reading.Error(step.Threw);
                }
                rows.Add(row);
            }
            return rows;
        }

        /// <summary>Whether any name on the way to the target's value says that it is a secret.</summary>
        private static bool ComesFromSecret(BindingRow row)
        {
            foreach (var step in row.Steps)
            {
                if (Redaction.IsSecretPath(step.Name))
                {
                    return true;
                }
            }
            foreach (var part in row.Parts)
            {
                if (ComesFromSecret(part))
                {
                    return true;
                }
            }
            return false;
        }

        private static string? LastName(PropertyPath? path)
        {
            var steps = Paths.Cut(path);
            return steps.Count == 0 ? null : steps[steps.Count - 1].Name;
        }

        private static (BindingSource, string?) SourceOf(Binding binding)
        {
            if (binding.Source != null)
            {
                return (BindingSource.Source, null);
            }
            if (!string.IsNullOrEmpty(binding.ElementName))
            {
                return (BindingSource.ElementName, binding.ElementName);
            }
            var relative = binding.RelativeSource;
            if (relative == null)
            {
                return (BindingSource.DataContext, null);
            }
            var source = relative.Mode == RelativeSourceMode.TemplatedParent
                ? BindingSource.TemplatedParent : BindingSource.RelativeSource;
            return (source, TextOf(relative));
        }

        /// <summary>A relative source as XAML writes it.</summary>
        internal static string TextOf(RelativeSource relative)
        {
            if (relative.Mode != RelativeSourceMode.FindAncestor)
            {
                return "{RelativeSource " + relative.Mode + "}";
            }
            var level = relative.AncestorLevel > 1 ? ", AncestorLevel=" + relative.AncestorLevel : "";
            return "{RelativeSource AncestorType={x:Type " + relative.AncestorType?.Name + "}" + level + "}";
        }

        private static BindingMode ModeOf(BindingMode mode, DependencyObject element, DependencyProperty property)
        {
            if (mode != BindingMode.Default)
            {
                return mode;
            }
            var metadata = property.GetMetadata(element) as FrameworkPropertyMetadata;
            return metadata != null && metadata.BindsTwoWayByDefault ? BindingMode.TwoWay : BindingMode.OneWay;
        }

        private static UpdateSourceTrigger TriggerOf(
            UpdateSourceTrigger trigger, DependencyObject element, DependencyProperty property)
        {
            if (trigger != UpdateSourceTrigger.Default)
            {
                return trigger;
            }
            var metadata = property.GetMetadata(element) as FrameworkPropertyMetadata;
            return metadata?.DefaultUpdateSourceTrigger ?? UpdateSourceTrigger.PropertyChanged;
        }
    }
}
