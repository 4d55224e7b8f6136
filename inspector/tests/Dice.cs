// What hostile input is made of: numbers that a seed decides, the kept inputs of the server's fuzz target, and ways to spoil bytes
// and messages. What must hold of what comes of it is for the tests to say.
using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    /// <summary>Numbers that look random and are the same for the same seed.</summary>
    internal sealed class Dice
    {
        private ulong state;

        internal Dice(ulong seed)
        {
            state = seed * 0x9E37_79B9_7F4A_7C15 | 1;
        }

        internal ulong Next()
        {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            return state * 0x2545_F491_4F6C_DD1D;
        }

        /// <summary>A number from 0, below `end`.</summary>
        internal int Below(int end) => (int)((Next() >> 16) % (ulong)Math.Max(1, end));

        internal bool OneIn(int times) => Below(times) == 0;

        internal T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

        internal byte[] Bytes(int count) => Enumerable.Range(0, count).Select(_ => (byte)(Next() >> 32)).ToArray();
    }

    /// <summary>The inputs that the server's fuzz target of this channel keeps.</summary>
    internal static class Corpus
    {
        private const string Prefix = "corpus/";

        /// <summary>Every kept input, in the order of their names.</summary>
        internal static readonly IReadOnlyList<byte[]> Kept = Read();

        private static IReadOnlyList<byte[]> Read()
        {
            var assembly = typeof(Corpus).Assembly;
            return assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
                .OrderBy(name => name, StringComparer.Ordinal)
                .Select(name =>
                {
                    using var bytes = new MemoryStream();
                    assembly.GetManifestResourceStream(name)!.CopyTo(bytes);
                    return bytes.ToArray();
                }).ToList();
        }
    }

    /// <summary>Spoils bytes.</summary>
    internal static class Spoil
    {
        /// <summary>Pieces that readers of frames, of UTF-8 and of JSON are known to stumble over.</summary>
        private static readonly IReadOnlyList<byte[]> Pieces = new[]
        {
            "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "true", "-0", "01", "1.", "1e999", "-1e-999", "0.1e+1", "9007199254740993",
            "18446744073709551616", "4294967296", "-1", "\"id\":1,", "\"id\":{},", "{\"a\":1,\"a\":2}", "\\u0000", "\\ud800", "\\udc00",
            "\\ud83d\\ude42", "\\uD800\\u0041", "\\x", "\\u12", "\u0000", "\t", "\u00a0", "\ufeff", "\u2028", "\ud83d\ude42", "[[[[[[[[", "{\"a\":{\"a\":",
            "//", "/**/", "NaN", "Infinity", "'",
        }.Select(Encoding.UTF8.GetBytes).Concat(new[]
        {
            new byte[] { 0xFF }, new byte[] { 0xC0, 0x80 }, new byte[] { 0xED, 0xA0, 0x80 }, new byte[] { 0xF4, 0x90, 0x80, 0x80 },
            new byte[] { 0xE2, 0x82 }, new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, new byte[] { 0, 0, 0, 0x80 }, new byte[] { 0, 0, 0xA0, 0, 0 },
            new byte[] { 1, 0, 0xA0, 0, 0 }, new byte[] { 0, 0, 0, 0, 6 }, new byte[] { 1, 0, 0, 0, 6 },
        }).ToList();

        /// <summary>The bytes with a few things wrong.</summary>
        internal static byte[] Bytes(byte[] whole, Dice dice)
        {
            var bytes = whole.ToList();
            for (var left = 1 + dice.Below(3); left > 0; left--)
            {
                var at = dice.Below(bytes.Count + 1);
                var rest = bytes.Count - at;
                switch (dice.Below(7))
                {
                    case 0 when rest > 0:
                        bytes[at] ^= (byte)(1 << dice.Below(8));
                        break;
                    case 1 when rest > 0:
                        bytes[at] = (byte)dice.Next();
                        break;
                    case 2:
                        bytes.RemoveRange(at, dice.Below(Math.Min(rest, 40) + 1));
                        break;
                    case 3:
                        bytes.InsertRange(at, bytes.GetRange(at, dice.Below(Math.Min(rest, 40) + 1)));
                        break;
                    case 4:
                        bytes.RemoveRange(at, rest);
                        break;
                    case 5:
                        bytes.InsertRange(at, dice.Bytes(1 + dice.Below(8)));
                        break;
                    default:
                        bytes.InsertRange(at, dice.Of(Pieces));
                        break;
                }
            }
            return bytes.ToArray();
        }

        private static readonly IReadOnlyList<string> Wrong = new[]
        {
            "null", "true", "0", "-1", "1.5", "4294967295", "4294967296", "18446744073709551615", "18446744073709551616", "1e308", "\"\"",
            "\"x\"", "\"\\ud83d\\ude42\"", "[]", "[[]]", "[null]", "{}", "{\"k\":\"int\"}", "\"\\u0000\"", "\"NaN\"",
        };

        /// <summary>A message with one value of another type, one member missing, doubled, or of no message.</summary>
        internal static byte[] Message(Json message, Dice dice)
        {
            var count = 0;
            Put(message, new StringBuilder(), -1, ref count, dice);
            var text = new StringBuilder();
            var at = 0;
            Put(message, text, dice.Below(count), ref at, dice);
            return Encoding.UTF8.GetBytes(text.ToString());
        }

        private static void Put(Json value, StringBuilder text, int wrong, ref int at, Dice dice)
        {
            if (at++ == wrong)
            {
                text.Append(dice.Of(Wrong));
                return;
            }
            switch (value.Kind)
            {
                case JsonKind.Object:
                    text.Append('{');
                    var first = true;
                    foreach (var member in value.Members)
                    {
                        // A doubled name costs the whole message and the session with it, so that it comes up more seldom.
                        var spoilt = at++ == wrong ? dice.OneIn(8) ? 1 : 2 * dice.Below(2) : -1;
                        var times = spoilt == 0 ? 0 : spoilt == 1 ? 2 : 1;
                        for (; times > 0; times--)
                        {
                            text.Append(first ? "" : ",");
                            first = false;
                            text.Append(Quoted(member.Key + (spoilt == 2 ? "x" : ""))).Append(':');
                            Put(member.Value, text, wrong, ref at, dice);
                        }
                    }
                    text.Append('}');
                    break;
                case JsonKind.Array:
                    text.Append('[');
                    for (var item = 0; item < value.Items.Count; item++)
                    {
                        text.Append(item == 0 ? "" : ",");
                        Put(value.Items[item], text, wrong, ref at, dice);
                    }
                    text.Append(']');
                    break;
                default:
                    text.Append(Text(writer => writer.Raw(value)));
                    break;
            }
        }

        private static string Quoted(string text) => Text(writer => writer.String(text));

        internal static string Text(Action<JsonWriter> write)
        {
            var writer = new JsonWriter();
            write(writer);
            return Encoding.UTF8.GetString(writer.ToArray());
        }
    }

    /// <summary>Makes messages of the protocol, of values from its edges.</summary>
    internal sealed class Made
    {
        private const int Deepest = 4;
        private static readonly IReadOnlyList<uint> Numbers = new uint[]
        {
            0, 1, 2, 3, 10, 100, 101, 256, 1_000, 10_000, 50_001, int.MaxValue, (uint)int.MaxValue + 1, uint.MaxValue,
        };
        private static readonly IReadOnlyList<string> Texts = new[]
        {
            "", "Text", "Name", "Width", "Password", "Background", "DataContext", "Items", "Tags", "Age", "Save", "Click", "KeyDown", "Button",
            "TextBox", "System.Windows.Controls.Button", "Grid.Row", "(Grid.Row)", "Address.City", "Items[0]", "[0]", "a.b.c.d", "*", "..",
            "Visible", "#80FF0000", "Red", "NaN", "Enter", "\u0000", "\u202e", "\ud83d\ude42", new string('x', 300), new string('\u0001', 1_000),
            "{Binding Name}", "{x:Null}", "C:\\nowhere", "Escape", "Control",
        };

        private readonly Dice dice;
        private readonly IReadOnlyList<ulong> handles;

        internal Made(Dice dice, IReadOnlyList<ulong> handles)
        {
            this.dice = dice;
            this.handles = handles;
        }

        /// <summary>The type of a method's parameters.</summary>
        internal static Type TypeOf(string method) => typeof(Json).Assembly.GetType(
            "Portcullis.Inspector.Protocol." + char.ToUpperInvariant(method[0]) + method.Substring(1) + "Params", true)!;

        /// <summary>What is read of JSON as a message of this type, as JSON again.</summary>
        internal static Json Again(Type type, Json json)
        {
            try
            {
                return Written(type.GetMethod("Read", BindingFlags.Static | BindingFlags.NonPublic)!.Invoke(null, new object[] { json })!);
            }
            catch (TargetInvocationException e)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e.InnerException!).Throw();
                throw;
            }
        }

        /// <summary>Parameters of this type.</summary>
        internal Json Parameters(Type type) => Written(Value(type, null, 0)!);

        private static Json Written(object message)
        {
            var write = message.GetType().GetMethod("Write", BindingFlags.Instance | BindingFlags.NonPublic)!;
            return Json.Parse(Spoil.Text((Action<JsonWriter>)write.CreateDelegate(typeof(Action<JsonWriter>), message)));
        }

        private object? Value(Type type, object? given, int depth)
        {
            var inner = Nullable.GetUnderlyingType(type);
            if (inner != null)
            {
                return dice.OneIn(2) ? null : Value(inner, null, depth);
            }
            if (!type.IsValueType && given == null && depth > 0 && (depth > Deepest || dice.OneIn(2)))
            {
                return null;
            }
            if (type.IsEnum)
            {
                return dice.Of((IReadOnlyList<object>)Enum.GetValues(type).Cast<object>().ToList());
            }
            if (type == typeof(string))
            {
                return dice.Of(Texts);
            }
            if (type == typeof(bool))
            {
                return dice.OneIn(2);
            }
            if (type == typeof(uint))
            {
                return dice.OneIn(3) ? dice.Of(Numbers) : (uint)dice.Below(200);
            }
            if (type == typeof(ulong))
            {
                return handles.Count > 0 && !dice.OneIn(4) ? dice.Of(handles) : dice.OneIn(2) ? dice.Next() : dice.Of(Numbers);
            }
            if (type == typeof(double))
            {
                return dice.Of(new[] { 0.0, -0.0, 1, 0.5, 4, 1e-300, 1e300, -1, double.Epsilon });
            }
            if (type == typeof(Json))
            {
                return Any(0);
            }
            if (type.IsGenericType)
            {
                var list = (IList)Activator.CreateInstance(type)!;
                for (var left = depth < 2 && dice.OneIn(20) ? 300 : dice.Below(3); left > 0; left--)
                {
                    // An item that is none cannot be written.
                    var item = type.GetGenericArguments()[0];
                    list.Add(Value(item, item.IsValueType || item == typeof(string) ? null : Activator.CreateInstance(item, true), depth + 1) ?? "");
                }
                return list;
            }
            var message = Activator.CreateInstance(type, true)!;
            if (depth <= Deepest)
            {
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public))
                {
                    field.SetValue(message, Value(field.FieldType, field.GetValue(message), depth + 1));
                }
            }
            return message;
        }

        private Json Any(int depth) => dice.Below(depth > Deepest ? 5 : 7) switch
        {
            0 => Json.Null,
            1 => Json.Of(dice.OneIn(2)),
            2 => Json.Of((ulong)dice.Of(Numbers)),
            3 => Json.Of(dice.Of(new[] { -1.5, 1e300, 0.1 })),
            4 => Json.Of(dice.Of(Texts)),
            5 => Json.Of(Enumerable.Range(0, dice.Below(4)).Select(_ => Any(depth + 1)).ToList()),
            _ => Json.Of(Enumerable.Range(0, dice.Below(4)).ToDictionary(key => "k" + key, _ => Any(depth + 1))),
        };
    }
}
