// Objects of the application as values that travel: what they are, their text in the invariant culture, cut at a cap, and
// nothing of a secret. How a value that came is made into an object is in another file.
using System;
using System.Collections;
using System.Globalization;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Media;
using System.Windows.Media.Animation;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>Writes values for one message. Used on the thread that the values belong to.</summary>
    internal sealed class Values
    {
        private readonly Handles handles;
        private readonly TypeTable types;
        private readonly int cap;
        private readonly bool withHandles;
        private readonly bool withContexts;

        /// <summary>`cap` is the characters of a text; `withHandles` whether objects come with their numbers.</summary>
        internal Values(Context context, TypeTable types, uint cap, bool withHandles)
        {
            handles = context.Handles;
            withContexts = context.Holds(Limits.ViewModel);
            this.types = types;
            this.cap = (int)Math.Min(cap, Limits.TextCap);
            this.withHandles = withHandles;
        }

        /// <summary>Characters of each text before those that are told.</summary>
        internal uint From { private get; set; }

        /// <summary>The value of a dependency property, which may be a secret by its name, its element or its binding.</summary>
        internal Val Of(DependencyObject element, DependencyProperty property, object? value)
        {
            if (value == null || value == DependencyProperty.UnsetValue)
            {
                return Of(value);
            }
            if (Redaction.IsSecret(element, property))
            {
                return Redacted(value.GetType());
            }
            // What lies behind the elements has a gate of its own; without it a data context tells its type alone.
            var isContext = property == FrameworkElement.DataContextProperty;
            return isContext && !withContexts && ExpressionName(value) == null
                ? new Val { K = ValKind.Object, Ty = types.Of(value.GetType()) }
                : Of(value);
        }

        /// <summary>The value of a member, which may be a secret by its name.</summary>
        internal Val OfMember(string name, object? value) =>
            value != null && Redaction.IsSecretName(name) ? Redacted(value.GetType()) : Of(value);

        /// <summary>A value that has no name.</summary>
        internal Val Of(object? value)
        {
            if (value == null)
            {
                return new Val { K = ValKind.Null };
            }
            if (value == DependencyProperty.UnsetValue)
            {
                return new Val { K = ValKind.Unset };
            }
            var type = value.GetType();
            if (Redaction.IsSecretValue(value))
            {
                return Redacted(type);
            }
            try
            {
                var told = Told(value, type);
                told.Ty = types.Of(type);
                if (withHandles && !type.IsValueType && !(value is string))
                {
                    told.H = handles.Of(value);
                }
                return told;
            }
            catch (Exception e) when (!(e is WireException))
            {
                return Error(e);
            }
        }

        /// <summary>What stands for a secret: its type alone.</summary>
        internal Val Redacted(Type type) => new Val { K = ValKind.Redacted, Ty = types.Of(type) };

        /// <summary>What stands for a value that could not be read.</summary>
        internal Val Error(Exception e)
        {
            var inner = e is System.Reflection.TargetInvocationException && e.InnerException != null ? e.InnerException : e;
            return new Val { K = ValKind.Error, S = TypeNumbers.Full(inner.GetType()) };
        }

        /// <summary>A text, cut.</summary>
        internal Val Text(string text) => Cut(new Val { K = ValKind.String }, text);

        /// <summary>The text within the cap: never half a character.</summary>
        internal string Cut(string text) => Cut(text, cap);

        internal static string Cut(string text, int cap)
        {
            if (text.Length <= cap)
            {
                return text;
            }
            var length = cap > 0 && char.IsHighSurrogate(text[cap - 1]) ? cap - 1 : cap;
            return text.Substring(0, length);
        }

        private Val Cut(Val value, string text)
        {
            value.S = Cut(Rest(text));
            if (value.S.Length < text.Length)
            {
                value.N = (uint)text.Length;
            }
            return value;
        }

        /// <summary>The text after what is not told: never half a character.</summary>
        private string Rest(string text)
        {
            if (From == 0)
            {
                return text;
            }
            var from = (int)Math.Min(From, (uint)text.Length);
            return text.Substring(from < text.Length && char.IsLowSurrogate(text[from]) ? from + 1 : from);
        }

        private Val Told(object value, Type type)
        {
            switch (value)
            {
                case string text:
                    return Text(text);
                case bool truth:
                    return new Val { K = ValKind.Bool, V = Json.Of(truth) };
                case Enum _:
                    return Cut(new Val { K = ValKind.Enum, V = EnumNumber(value, type) }, value.ToString() ?? "");
                case char sign:
                    return Text(sign.ToString());
                case double number:
                    return new Val { K = ValKind.Float, V = Json.Of(number) };
                case float number:
                    return new Val { K = ValKind.Float, V = Json.Of(Widened(number)) };
                case decimal number:
                    return new Val { K = ValKind.Float, V = Json.Of(number) };
                case sbyte _:
                case short _:
                case int _:
                case long _:
                    return new Val { K = ValKind.Int, V = Json.Of(Convert.ToInt64(value, CultureInfo.InvariantCulture)) };
                case byte _:
                case ushort _:
                case uint _:
                case ulong _:
                    return new Val { K = ValKind.Int, V = Json.Of(Convert.ToUInt64(value, CultureInfo.InvariantCulture)) };
                case Type described:
                    return Cut(new Val { K = ValKind.Type }, TypeNumbers.Full(described));
                case Uri uri:
                    return Cut(new Val { K = ValKind.Uri }, uri.OriginalString);
                default:
                    return Shape(value) ?? Moment(value) ?? Thing(value, type);
            }
        }

        /// <summary>What WPF draws with: numbers in their order.</summary>
        private Val? Shape(object value)
        {
            switch (value)
            {
                case Color color:
                    return new Val { K = ValKind.Color, S = Written(color) };
                case SolidColorBrush brush:
                    return new Val { K = ValKind.Brush, S = Written(brush.Color) };
                case Brush brush:
                    return new Val { K = ValKind.Brush, S = brush.GetType().Name };
                case Thickness edges:
                    return Numbers(ValKind.Thickness, edges.Left, edges.Top, edges.Right, edges.Bottom);
                case CornerRadius corners:
                    return Numbers(
                        ValKind.CornerRadius, corners.TopLeft, corners.TopRight, corners.BottomRight, corners.BottomLeft);
                case Size size:
                    return Numbers(ValKind.Size, size.Width, size.Height);
                case Point point:
                    return Numbers(ValKind.Point, point.X, point.Y);
                case Vector vector:
                    return Numbers(ValKind.Point, vector.X, vector.Y);
                case Rect rect:
                    return Numbers(ValKind.Rect, rect.X, rect.Y, rect.Width, rect.Height);
                case Int32Rect rect:
                    return Numbers(ValKind.Rect, rect.X, rect.Y, rect.Width, rect.Height);
                case Matrix matrix:
                    return Six(matrix);
                case Transform transform:
                    return Six(transform.Value);
                case GridLength length:
                    return new Val { K = ValKind.GridLength, S = Written(length) };
                default:
                    return null;
            }
        }

        private static Val Six(Matrix matrix) => Numbers(
            ValKind.Matrix, matrix.M11, matrix.M12, matrix.M21, matrix.M22, matrix.OffsetX, matrix.OffsetY);

        private static Val Numbers(ValKind kind, params double[] values) => new Val { K = kind, V = Json.Of(values) };

        private static Val? Moment(object value)
        {
            var invariant = CultureInfo.InvariantCulture;
            switch (value)
            {
                case DateTime time:
                    return new Val { K = ValKind.Time, S = time.ToString("o", invariant) };
                case DateTimeOffset time:
                    return new Val { K = ValKind.Time, S = time.ToString("o", invariant) };
                case TimeSpan span:
                    return new Val { K = ValKind.Time, S = span.ToString("c", invariant) };
                case Duration duration:
                    return new Val { K = ValKind.Time, S = duration.ToString() };
                case KeyTime time:
                    return new Val { K = ValKind.Time, S = time.ToString() };
                default:
                    return null;
            }
        }

        private Val Thing(object value, Type type)
        {
            if (ExpressionName(value) is { } kind)
            {
                return Cut(new Val { K = ValKind.Object }, kind);
            }
            // A panel or an items control is no collection, although some of them can be enumerated.
            if (value is IEnumerable && !(value is DependencyObject))
            {
                var count = value is ICollection collection ? Json.Of((long)collection.Count) : null;
                return new Val { K = ValKind.Collection, V = count };
            }
            var told = new Val { K = ValKind.Object };
            // An element's own text repeats its content, which is asked for by name or not at all.
            if (value is Visual || value is ContentElement || value is Delegate || Redaction.MayTellSecrets(type))
            {
                return told;
            }
            var text = value is IFormattable formattable
                ? formattable.ToString(null, CultureInfo.InvariantCulture)
                : value.ToString();
            return string.IsNullOrEmpty(text) || text == type.FullName || text == type.ToString() ? told : Cut(told, text!);
        }

        /// <summary>The kind of an expression, by the name of its type in markup; none for what is no expression.</summary>
        internal static string? ExpressionName(object? value)
        {
            switch (value)
            {
                case BindingExpression _:
                    return "Binding";
                case MultiBindingExpression _:
                    return "MultiBinding";
                case PriorityBindingExpression _:
                    return "PriorityBinding";
                case Expression other:
                    return other.GetType().Name == "ResourceReferenceExpression" ? "DynamicResource"
                        : other.GetType().Name == "TemplateBindingExpression" ? "TemplateBinding"
                        : other.GetType().Name;
                default:
                    return null;
            }
        }

        /// <summary>What a local value is.</summary>
        internal static LocalKind KindOf(object? local)
        {
            if (local == DependencyProperty.UnsetValue)
            {
                return LocalKind.Unset;
            }
            switch (ExpressionName(local))
            {
                case null:
                    return LocalKind.Value;
                case "Binding":
                    return LocalKind.Binding;
                case "MultiBinding":
                    return LocalKind.MultiBinding;
                case "PriorityBinding":
                    return LocalKind.PriorityBinding;
                case "DynamicResource":
                    return LocalKind.DynamicResource;
                default:
                    return LocalKind.Expression;
            }
        }

        private static Json EnumNumber(object value, Type type) =>
            Enum.GetUnderlyingType(type) == typeof(ulong)
                ? Json.Of(Convert.ToUInt64(value, CultureInfo.InvariantCulture))
                : Json.Of(Convert.ToInt64(value, CultureInfo.InvariantCulture));

        /// <summary>The number that a person would have written, and not its neighbour of twice the bits.</summary>
        private static double Widened(float number) =>
            float.IsNaN(number) || float.IsInfinity(number)
                ? number
                : double.Parse(number.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

        private static string Written(Color color) =>
            "#" + color.A.ToString("X2", CultureInfo.InvariantCulture) + color.R.ToString("X2", CultureInfo.InvariantCulture)
            + color.G.ToString("X2", CultureInfo.InvariantCulture) + color.B.ToString("X2", CultureInfo.InvariantCulture);

        private static string Written(GridLength length)
        {
            var number = length.Value.ToString("R", CultureInfo.InvariantCulture);
            return length.IsAuto ? "Auto" : !length.IsStar ? number : length.Value.Equals(1.0) ? "*" : number + "*";
        }
    }
}
