// Values that came, made into objects of a target's type: by what JSON says, by the type's own converter, by a resource or by
// an object that is known. No markup is loaded, no file or address is opened, and no type is made that the target does not
// name itself.
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Windows;
using System.Windows.Input;
using System.Windows.Media;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>Makes objects out of values.</summary>
    internal static class Conversion
    {
        /// <summary>The members that stand for the parts of a value, in the order in which markup writes them.</summary>
        private static readonly Dictionary<Type, string[]> Parts = new Dictionary<Type, string[]>
        {
            [typeof(Thickness)] = new[] { "left", "top", "right", "bottom" },
            [typeof(CornerRadius)] = new[] { "topLeft", "topRight", "bottomRight", "bottomLeft" },
            [typeof(Point)] = new[] { "x", "y" },
            [typeof(Vector)] = new[] { "x", "y" },
            [typeof(Size)] = new[] { "width", "height" },
            [typeof(Rect)] = new[] { "x", "y", "width", "height" },
        };

        /// <summary>The object for a dependency property of an element.</summary>
        internal static object? To(NewValue value, DependencyObject element, DependencyProperty property, Handles handles)
        {
            var converter = DependencyPropertyDescriptor.FromProperty(property, element.GetType())?.Converter;
            var made = To(value, property.PropertyType, converter, element, handles);
            if (!property.IsValidValue(made))
            {
                throw Failed(property.PropertyType, "the property does not take this value");
            }
            return made;
        }

        /// <summary>The object for a target of this type; resources are looked up from `from`.</summary>
        /// <exception cref="WireException">It cannot be made, and why.</exception>
        internal static object? To(
            NewValue value, Type target, TypeConverter? converter, DependencyObject? from, Handles handles)
        {
            var said = (value.Json != null ? 1 : 0) + (value.Null != null ? 1 : 0) + (value.Resource != null ? 1 : 0)
                + (value.Handle != null ? 1 : 0);
            if (said != 1 || value.Null == false)
            {
                throw WireException.Bad("a value is exactly one of json, null, resource and handle");
            }
            if (value.Json != null)
            {
                return OfJson(value.Json, target, converter);
            }
            if (value.Null != null)
            {
                return !target.IsValueType || Nullable.GetUnderlyingType(target) != null
                    ? (object?)null
                    : throw Failed(target, "it cannot be null");
            }
            var found = value.Resource != null ? Resource(value.Resource, from) : handles.Resolve<object>(value.Handle!.Value);
            return target.IsInstanceOfType(found)
                ? found
                : throw Failed(target, "the object is of type " + TypeNumbers.Short(found.GetType()));
        }

        private static object Resource(string key, DependencyObject? from)
        {
            var found = from is FrameworkElement element ? element.TryFindResource(key)
                : from is FrameworkContentElement content ? content.TryFindResource(key)
                : Application.Current?.TryFindResource(key);
            return found ?? throw WireException.NotFound("no resource has this key, from this element", Array.Empty<string>());
        }

        private static object? OfJson(Json json, Type declared, TypeConverter? converter)
        {
            var target = Nullable.GetUnderlyingType(declared) ?? declared;
            switch (json.Kind)
            {
                case JsonKind.Null:
                    return declared.IsValueType && target == declared
                        ? throw Failed(target, "it cannot be null")
                        : (object?)null;
                case JsonKind.Boolean:
                    return OfBoolean(json.Boolean(), target);
                case JsonKind.Number:
                    return OfNumber(json, target, converter);
                case JsonKind.String:
                    return OfText(json.String(), target, converter);
                case JsonKind.Array:
                    return OfText(Joined(json.Items, target), target, converter);
                default:
                    return OfMembers(json, target, converter);
            }
        }

        private static object OfBoolean(bool value, Type target)
        {
            if (target.IsAssignableFrom(typeof(bool)))
            {
                return value;
            }
            return target == typeof(string)
                ? (object)(value ? "True" : "False")
                : throw Failed(target, "true and false are no values of it");
        }

        private static object? OfNumber(Json json, Type target, TypeConverter? converter)
        {
            var digits = json.Digits;
            if (target == typeof(string))
            {
                return digits;
            }
            if (target == typeof(object))
            {
                return int.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var small) ? small
                    : long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
                    : (object)json.Double();
            }
            if (target.IsEnum)
            {
                return OfEnum(digits, target);
            }
            return IsNumber(target) ? Number(digits, target) : OfText(digits, target, converter);
        }

        private static object? OfText(string text, Type target, TypeConverter? converter)
        {
            if (target.IsAssignableFrom(typeof(string)))
            {
                return text;
            }
            if (target.IsEnum)
            {
                return OfEnum(text, target);
            }
            if (target == typeof(char))
            {
                return text.Length == 1 ? (object)text[0] : throw Failed(target, "one character is needed");
            }
            RefuseWhatIsLoaded(text, target);
            var own = converter ?? TypeDescriptor.GetConverter(target);
            if (!own.CanConvertFrom(typeof(string)))
            {
                throw Failed(target, "no text stands for it; give a resource or a handle");
            }
            object? made;
            try
            {
                made = own.ConvertFromInvariantString(text);
            }
            catch (Exception)
            {
                throw Failed(target, Hint(target));
            }
            return made == null || target.IsInstanceOfType(made) ? made : throw Failed(target, Hint(target));
        }

        /// <summary>Some converters open the file or address that a text names; that is not ours to do.</summary>
        internal static void RefuseWhatIsLoaded(string text, Type target)
        {
            if (typeof(Uri).IsAssignableFrom(target))
            {
                throw Failed(target, "an address is opened by what takes it; none is written");
            }
            if (typeof(ICommand).IsAssignableFrom(target))
            {
                throw Failed(target, "a command acts for whoever triggers it; none is made of text");
            }
            if ((target == typeof(Color) || typeof(Brush).IsAssignableFrom(target))
                && text.TrimStart().StartsWith("ContextColor", StringComparison.OrdinalIgnoreCase))
            {
                throw Failed(target, "profiles are not loaded; a colour is written as `Red` or `#80FF0000`");
            }
            if (typeof(ImageSource).IsAssignableFrom(target))
            {
                throw Failed(target, "pictures are not loaded; give a resource or a handle");
            }
            if (target == typeof(Cursor) && typeof(Cursors).GetProperty(text) == null)
            {
                throw Failed(target, "a cursor is named as in Cursors; files are not loaded");
            }
            if (target == typeof(FontFamily) && (text.IndexOf(':') >= 0 || text.IndexOf('/') >= 0 || text.IndexOf('\\') >= 0))
            {
                throw Failed(target, "a font is named by its family; files are not loaded");
            }
        }

        private static object OfEnum(string text, Type target)
        {
            object made;
            try
            {
                made = Enum.Parse(target, text, true);
            }
            catch (Exception e) when (e is ArgumentException || e is OverflowException)
            {
                throw NoSuchName(target);
            }
            // A number that no name stands for is written as that number.
            var isFlags = target.IsDefined(typeof(FlagsAttribute), false);
            return isFlags || Enum.IsDefined(target, made) ? made : throw NoSuchName(target);
        }

        private static WireException NoSuchName(Type target)
        {
            const int Shown = 40;
            var names = new List<string>(Enum.GetNames(target));
            return Failed(target, "its values are " + string.Join(", ", names.GetRange(0, Math.Min(Shown, names.Count))));
        }

        private static bool IsNumber(Type type)
        {
            var code = Type.GetTypeCode(type);
            return code >= TypeCode.SByte && code <= TypeCode.Decimal;
        }

        private static object Number(string digits, Type target)
        {
            var invariant = CultureInfo.InvariantCulture;
            try
            {
                if (target == typeof(double) || target == typeof(float))
                {
                    var number = double.Parse(digits, NumberStyles.Float, invariant);
                    if (double.IsInfinity(number) || (target == typeof(float) && float.IsInfinity((float)number)))
                    {
                        throw Failed(target, "the number is too large");
                    }
                    return target == typeof(double) ? number : (object)(float)number;
                }
                var whole = decimal.Parse(digits, NumberStyles.Float, invariant);
                if (target != typeof(decimal) && whole != decimal.Truncate(whole))
                {
                    throw Failed(target, "a whole number is needed");
                }
                return Convert.ChangeType(whole, target, invariant);
            }
            catch (Exception e) when (e is OverflowException || e is FormatException)
            {
                throw Failed(target, "the number does not fit");
            }
        }

        private static object? OfMembers(Json json, Type target, TypeConverter? converter)
        {
            if (!Parts.TryGetValue(target, out var names) || json.Members.Count != names.Length)
            {
                var wanted = names == null ? "no object stands for it" : "its members are " + string.Join(", ", names);
                throw Failed(target, wanted);
            }
            var values = new List<Json>();
            foreach (var name in names)
            {
                values.Add(json.Members.TryGetValue(name, out var value)
                    ? value
                    : throw Failed(target, "its members are " + string.Join(", ", names)));
            }
            return OfText(Joined(values, target), target, converter);
        }

        private static string Joined(IReadOnlyList<Json> items, Type target)
        {
            var texts = new List<string>(items.Count);
            foreach (var item in items)
            {
                texts.Add(item.Kind == JsonKind.Number ? item.Digits
                    : item.Kind == JsonKind.String ? item.String()
                    : throw Failed(target, "a list of numbers is needed"));
            }
            return string.Join(",", texts);
        }

        private static string Hint(Type target) =>
            target == typeof(Thickness) ? "as in `4` or `4,2,4,2`"
            : typeof(Brush).IsAssignableFrom(target) || target == typeof(Color) ? "as in `Red` or `#FF336699`"
            : target == typeof(GridLength) ? "as in `Auto`, `2*` or `120`"
            : target == typeof(double) ? "a number is needed"
            : "the text does not stand for a value of it";

        private static WireException Failed(Type target, string hint) => new WireException(
            ErrorCode.ConvertFailed,
            "the value cannot be made a " + TypeNumbers.Short(target) + ": " + hint,
            ("targetType", Json.Of(TypeNumbers.Full(target))),
            ("hint", Json.Of(hint)));
    }
}
