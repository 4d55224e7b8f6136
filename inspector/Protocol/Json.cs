// JSON as it is read: strict, of bounded depth, without doubled names. The runtime of .NET Framework has no reader without
// other assemblies, and none may be loaded into an application. What a message says is not decided here.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Portcullis.Inspector.Protocol
{
    /// <summary>What a JSON value is.</summary>
    internal enum JsonKind
    {
        Null,
        Boolean,
        Number,
        String,
        Array,
        Object,
    }

    /// <summary>One JSON value.</summary>
    internal sealed class Json
    {
        internal static readonly Json Null = new Json(JsonKind.Null);
        private static readonly Json True = new Json(JsonKind.Boolean) { text = "true" };
        private static readonly Json False = new Json(JsonKind.Boolean) { text = "false" };

        /// <summary>The text of a string, or the digits of a number.</summary>
        private string text = "";
        private List<Json>? items;
        private Dictionary<string, Json>? members;

        private Json(JsonKind kind)
        {
            Kind = kind;
        }

        internal JsonKind Kind { get; }

        internal bool IsNull => Kind == JsonKind.Null;

        /// <summary>The items of an array; none of anything else.</summary>
        internal IReadOnlyList<Json> Items => items ?? (IReadOnlyList<Json>)Array.Empty<Json>();

        /// <summary>The members of an object; none of anything else.</summary>
        internal IReadOnlyDictionary<string, Json> Members => members ?? NoMembers;

        /// <summary>The digits of a number as they were written.</summary>
        internal string Digits => Kind == JsonKind.Number ? text : throw Wrong("a number");

        private static readonly Dictionary<string, Json> NoMembers = new Dictionary<string, Json>();

        internal static Json Of(bool value) => value ? True : False;

        internal static Json Of(string value) => new Json(JsonKind.String) { text = value };

        internal static Json Of(long value) =>
            new Json(JsonKind.Number) { text = value.ToString(CultureInfo.InvariantCulture) };

        internal static Json Of(ulong value) =>
            new Json(JsonKind.Number) { text = value.ToString(CultureInfo.InvariantCulture) };

        internal static Json Of(decimal value) =>
            new Json(JsonKind.Number) { text = value.ToString(CultureInfo.InvariantCulture) };

        /// <summary>A number, or its name where JSON has no number for it.</summary>
        internal static Json Of(double value)
        {
            if (double.IsNaN(value))
            {
                return Of("NaN");
            }
            if (double.IsInfinity(value))
            {
                return Of(value > 0 ? "Infinity" : "-Infinity");
            }
            return new Json(JsonKind.Number) { text = JsonWriter.Digits(value) };
        }

        internal static Json Of(params double[] values)
        {
            var list = new List<Json>(values.Length);
            foreach (var value in values)
            {
                list.Add(Of(value));
            }
            return Of(list);
        }

        internal static Json Of(List<Json> items) => new Json(JsonKind.Array) { items = items };

        internal static Json Of(Dictionary<string, Json> members) => new Json(JsonKind.Object) { members = members };

        internal static Json Of(IEnumerable<string> texts)
        {
            var list = new List<Json>();
            foreach (var one in texts)
            {
                list.Add(Of(one));
            }
            return Of(list);
        }

        /// <summary>Reads one value that fills the bytes.</summary>
        /// <exception cref="WireException">The bytes are no JSON, or JSON that no message may be.</exception>
        internal static Json Parse(byte[] utf8, int offset, int count, int valueCap = int.MaxValue)
        {
            string text;
            try
            {
                text = Strict.GetString(utf8, offset, count);
            }
            catch (ArgumentException)
            {
                throw WireException.Bad("the message is not UTF-8");
            }
            return Parse(text, valueCap);
        }

        /// <summary>Reads one value that fills the text, with at most so many values in it.</summary>
        internal static Json Parse(string text, int valueCap = int.MaxValue)
        {
            var reader = new Reader(text, valueCap);
            var value = reader.Value(0);
            reader.End();
            return value;
        }

        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        private static WireException Wrong(string wanted) => WireException.Bad(wanted + " is needed");

        internal bool Boolean() => Kind == JsonKind.Boolean ? ReferenceEquals(this, True) : throw Wrong("true or false");

        internal string String() => Kind == JsonKind.String ? text : throw Wrong("a string");

        internal double Double()
        {
            var value = double.Parse(Digits, NumberStyles.Float, CultureInfo.InvariantCulture);
            return double.IsInfinity(value) ? throw Wrong("a number that can be held") : value;
        }

        internal ulong UInt64() =>
            ulong.TryParse(Digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? value
                : throw Wrong("a whole number from 0");

        internal uint UInt32() =>
            uint.TryParse(Digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? value
                : throw Wrong("a whole number from 0 to " + uint.MaxValue);

        internal List<T> List<T>(Func<Json, T> read)
        {
            if (items == null)
            {
                throw Wrong("a list");
            }
            var list = new List<T>(items.Count);
            foreach (var item in items)
            {
                list.Add(read(item));
            }
            return list;
        }

        internal T Enum<T>()
            where T : struct, Enum
        {
            var all = EnumNames.Of(typeof(T));
            return (T)(all.Read(String()) ?? throw Wrong("one of " + all.All));
        }

        /// <summary>The members of an object, each to be asked for once.</summary>
        internal Fields Fields(string message) =>
            members == null ? throw WireException.Bad(message + " must be an object") : new Fields(message, members);

        /// <summary>Reads a text from left to right.</summary>
        private struct Reader
        {
            private readonly string text;
            private readonly int valueCap;
            private int values;
            private int at;

            internal Reader(string text, int valueCap)
            {
                this.text = text;
                this.valueCap = valueCap;
                values = 0;
                at = 0;
            }

            internal void End()
            {
                Space();
                if (at != text.Length)
                {
                    throw Broken("something follows its end");
                }
            }

            internal Json Value(int depth)
            {
                values = values < valueCap ? values + 1 : throw Broken("it has more than " + valueCap + " values");
                Space();
                switch (Peek())
                {
                    case '{':
                        return Object(Deeper(depth));
                    case '[':
                        return Array(Deeper(depth));
                    case '"':
                        return Of(Text());
                    case 't':
                        return Word("true", True);
                    case 'f':
                        return Word("false", False);
                    case 'n':
                        return Word("null", Null);
                    default:
                        return Number();
                }
            }

            private int Deeper(int depth) =>
                depth < Limits.JsonDepthCap ? depth + 1 : throw Broken("it is deeper than " + Limits.JsonDepthCap);

            private WireException Broken(string why) => WireException.Bad("the message is no JSON: " + why);

            private char Peek() => at < text.Length ? text[at] : throw Broken("it ends early");

            private void Space()
            {
                while (at < text.Length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r'))
                {
                    at++;
                }
            }

            private void Take(char wanted)
            {
                if (Peek() != wanted)
                {
                    throw Broken("`" + wanted + "` is missing at " + at);
                }
                at++;
            }

            private Json Word(string word, Json value)
            {
                if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0)
                {
                    throw Broken("an unknown word at " + at);
                }
                at += word.Length;
                return value;
            }

            private Json Array(int depth)
            {
                Take('[');
                var items = new List<Json>();
                Space();
                if (Peek() == ']')
                {
                    at++;
                    return Of(items);
                }
                while (true)
                {
                    items.Add(Value(depth));
                    Space();
                    if (Peek() == ']')
                    {
                        at++;
                        return Of(items);
                    }
                    Take(',');
                }
            }

            private Json Object(int depth)
            {
                Take('{');
                var members = new Dictionary<string, Json>(StringComparer.Ordinal);
                Space();
                if (Peek() == '}')
                {
                    at++;
                    return Of(members);
                }
                while (true)
                {
                    Space();
                    var name = Text();
                    Space();
                    Take(':');
                    if (members.ContainsKey(name))
                    {
                        throw Broken("a name is there twice");
                    }
                    members.Add(name, Value(depth));
                    Space();
                    if (Peek() == '}')
                    {
                        at++;
                        return Of(members);
                    }
                    Take(',');
                }
            }

            private Json Number()
            {
                var start = at;
                if (Peek() == '-')
                {
                    at++;
                }
                var whole = Run();
                if (whole == 0 || (whole > 1 && text[at - whole] == '0'))
                {
                    throw Broken("an unknown sign at " + start);
                }
                if (at < text.Length && text[at] == '.')
                {
                    at++;
                    if (Run() == 0)
                    {
                        throw Broken("a number without digits at " + start);
                    }
                }
                if (at < text.Length && (text[at] == 'e' || text[at] == 'E'))
                {
                    at++;
                    if (at < text.Length && (text[at] == '+' || text[at] == '-'))
                    {
                        at++;
                    }
                    if (Run() == 0)
                    {
                        throw Broken("a number without digits at " + start);
                    }
                }
                return new Json(JsonKind.Number) { text = text.Substring(start, at - start) };
            }

            private int Run()
            {
                var start = at;
                while (at < text.Length && text[at] >= '0' && text[at] <= '9')
                {
                    at++;
                }
                return at - start;
            }

            private string Text()
            {
                Take('"');
                var start = at;
                while (Peek() != '"' && text[at] != '\\' && text[at] >= ' ')
                {
                    at++;
                }
                if (text[at] == '"')
                {
                    return text.Substring(start, at++ - start);
                }
                var built = new StringBuilder(text, start, at - start, at - start + 16);
                while (true)
                {
                    var sign = Peek();
                    at++;
                    if (sign == '"')
                    {
                        return built.ToString();
                    }
                    if (sign < ' ')
                    {
                        throw Broken("a control sign in a string at " + (at - 1));
                    }
                    if (sign == '\\')
                    {
                        Escape(built);
                    }
                    else
                    {
                        built.Append(sign);
                    }
                }
            }

            private void Escape(StringBuilder built)
            {
                var sign = Peek();
                at++;
                switch (sign)
                {
                    case '"':
                    case '\\':
                    case '/':
                        built.Append(sign);
                        return;
                    case 'b':
                        built.Append('\b');
                        return;
                    case 'f':
                        built.Append('\f');
                        return;
                    case 'n':
                        built.Append('\n');
                        return;
                    case 'r':
                        built.Append('\r');
                        return;
                    case 't':
                        built.Append('\t');
                        return;
                    case 'u':
                        Unicode(built);
                        return;
                    default:
                        throw Broken("an unknown escape at " + (at - 1));
                }
            }

            private void Unicode(StringBuilder built)
            {
                var high = Hex();
                if (char.IsLowSurrogate(high))
                {
                    throw Broken("half a character at " + at);
                }
                built.Append(high);
                if (!char.IsHighSurrogate(high))
                {
                    return;
                }
                Take('\\');
                Take('u');
                var low = Hex();
                if (!char.IsLowSurrogate(low))
                {
                    throw Broken("half a character at " + at);
                }
                built.Append(low);
            }

            private char Hex()
            {
                var value = 0;
                for (var digit = 0; digit < 4; digit++)
                {
                    var sign = Peek();
                    var worth = sign >= '0' && sign <= '9' ? sign - '0'
                        : sign >= 'a' && sign <= 'f' ? sign - 'a' + 10
                        : sign >= 'A' && sign <= 'F' ? sign - 'A' + 10
                        : throw Broken("an unknown escape at " + at);
                    value = (value << 4) | worth;
                    at++;
                }
                return (char)value;
            }
        }
    }

    /// <summary>The members of one object while a message is read out of it.</summary>
    internal sealed class Fields
    {
        private readonly string message;
        private readonly Dictionary<string, Json> members;
        private readonly HashSet<string> asked = new HashSet<string>(StringComparer.Ordinal);

        internal Fields(string message, Dictionary<string, Json> members)
        {
            this.message = message;
            this.members = members;
        }

        /// <summary>A member that must be there.</summary>
        internal Json Required(string name)
        {
            asked.Add(name);
            return members.TryGetValue(name, out var value)
                ? value
                : throw WireException.Bad(message + "." + name + " is missing");
        }

        /// <summary>A member that may be absent, or null, which says the same.</summary>
        internal Json? Optional(string name)
        {
            asked.Add(name);
            return members.TryGetValue(name, out var value) && !value.IsNull ? value : null;
        }

        /// <summary>Every member must have been asked for.</summary>
        internal void End()
        {
            foreach (var name in members.Keys)
            {
                if (!asked.Contains(name))
                {
                    throw WireException.Bad(message + " has no field `" + name + "`");
                }
            }
        }
    }

    /// <summary>
    /// How the members of an enumeration are written. They are held as objects: a dictionary of each enumeration's own values is
    /// code that the runtime compiles for each of them, while the first answer is waited for.
    /// </summary>
    internal sealed class EnumNames
    {
        private static readonly Dictionary<Type, EnumNames> Known = new Dictionary<Type, EnumNames>();

        private readonly object[] values;
        private readonly string[] names;

        private EnumNames(Type type)
        {
            var all = System.Enum.GetValues(type);
            values = new object[all.Length];
            names = new string[all.Length];
            for (var at = 0; at < names.Length; at++)
            {
                var value = all.GetValue(at)!;
                var name = value.ToString()!;
                values[at] = value;
                names[at] = char.ToLowerInvariant(name[0]) + name.Substring(1);
            }
        }

        internal static EnumNames Of(Type type)
        {
            lock (Known)
            {
                if (!Known.TryGetValue(type, out var found))
                {
                    found = new EnumNames(type);
                    Known[type] = found;
                }
                return found;
            }
        }

        internal string All => string.Join(", ", names);

        /// <summary>The member of this name; none when there is none.</summary>
        internal object? Read(string name)
        {
            var at = Array.IndexOf(names, name);
            return at < 0 ? null : values[at];
        }

        internal string Write(object value) => names[Array.IndexOf(values, value)];
    }
}
