// JSON as it is written: into one growing array of UTF-8 bytes, since ten thousand nodes may come at once. A text is never
// wrong because the application holds half a character, and an answer never grows past what a frame may carry.
using System;
using System.Globalization;

namespace Portcullis.Inspector.Protocol
{
    /// <summary>Writes one JSON value.</summary>
    internal sealed class JsonWriter
    {
        private const int FirstSize = 1024;
        private byte[] bytes = new byte[FirstSize];
        private int length;
        private bool comma;

        /// <summary>Bytes so far.</summary>
        internal int Length => length;

        internal byte[] ToArray()
        {
            var whole = new byte[length];
            Buffer.BlockCopy(bytes, 0, whole, 0, length);
            return whole;
        }

        /// <summary>The bytes that a text takes when it is written, its quotes apart.</summary>
        internal static int CostOf(string? text)
        {
            var cost = 0;
            foreach (var sign in text ?? "")
            {
                cost += sign < ' ' ? 6 : sign == '"' || sign == '\\' ? 2 : sign < 0x80 ? 1 : sign < 0x800 ? 2 : 3;
            }
            return cost;
        }

        internal void BeginObject() => Open((byte)'{');

        internal void EndObject() => Close((byte)'}');

        internal void BeginArray() => Open((byte)'[');

        internal void EndArray() => Close((byte)']');

        internal void Name(string name)
        {
            Before();
            Quoted(name);
            Add((byte)':');
            comma = false;
        }

        internal void Null() => Word("null");

        internal void Boolean(bool value) => Word(value ? "true" : "false");

        internal void String(string value)
        {
            Before();
            Quoted(value);
            comma = true;
        }

        internal void UInt32(uint value) => UInt64(value);

        internal void UInt64(ulong value)
        {
            Before();
            Whole(value);
            comma = true;
        }

        /// <summary>A number. One that JSON cannot write never gets here: where it may come up, `Json.Of` names it.</summary>
        internal void Double(double value)
        {
            if (double.IsNaN(value) || double.IsInfinity(value))
            {
                throw new ArgumentOutOfRangeException(nameof(value));
            }
            if (value >= 0 && value <= uint.MaxValue && value == Math.Floor(value))
            {
                UInt64((ulong)value);
                return;
            }
            Word(Digits(value));
        }

        internal void Enum<T>(T value)
            where T : struct, Enum => String(EnumNames.Of(typeof(T)).Write(value));

        internal void Raw(Json value)
        {
            switch (value.Kind)
            {
                case JsonKind.Null:
                    Null();
                    break;
                case JsonKind.Boolean:
                    Boolean(value.Boolean());
                    break;
                case JsonKind.Number:
                    Word(value.Digits);
                    break;
                case JsonKind.String:
                    String(value.String());
                    break;
                case JsonKind.Array:
                    BeginArray();
                    foreach (var item in value.Items)
                    {
                        Raw(item);
                    }
                    EndArray();
                    break;
                default:
                    BeginObject();
                    foreach (var member in value.Members)
                    {
                        Name(member.Key);
                        Raw(member.Value);
                    }
                    EndObject();
                    break;
            }
        }

        /// <summary>The shortest digits that are read as this number again.</summary>
        internal static string Digits(double value)
        {
            var digits = value.ToString("R", CultureInfo.InvariantCulture);
            // The "R" of .NET Framework does not always come back as the same number.
            var back = double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture);
            return back.Equals(value) ? digits : value.ToString("G17", CultureInfo.InvariantCulture);
        }

        private void Open(byte sign)
        {
            Before();
            Add(sign);
            comma = false;
        }

        private void Close(byte sign)
        {
            Add(sign);
            comma = true;
        }

        private void Before()
        {
            if (comma)
            {
                Add((byte)',');
            }
        }

        private void Word(string ascii)
        {
            Before();
            Reserve(ascii.Length);
            foreach (var sign in ascii)
            {
                bytes[length++] = (byte)sign;
            }
            comma = true;
        }

        private void Whole(ulong value)
        {
            Reserve(20);
            var start = length;
            do
            {
                bytes[length++] = (byte)('0' + (value % 10));
                value /= 10;
            }
            while (value != 0);
            Array.Reverse(bytes, start, length - start);
        }

        private void Quoted(string text)
        {
            Add((byte)'"');
            // The most that a sign takes is `\u00XX`.
            for (var at = 0; at < text.Length; at++)
            {
                Reserve(6);
                var sign = text[at];
                if (sign < 0x80)
                {
                    Ascii(sign);
                }
                else if (sign < 0x800)
                {
                    bytes[length++] = (byte)(0xC0 | (sign >> 6));
                    bytes[length++] = (byte)(0x80 | (sign & 0x3F));
                }
                else if (char.IsHighSurrogate(sign) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
                {
                    var point = char.ConvertToUtf32(sign, text[++at]);
                    bytes[length++] = (byte)(0xF0 | (point >> 18));
                    bytes[length++] = (byte)(0x80 | ((point >> 12) & 0x3F));
                    bytes[length++] = (byte)(0x80 | ((point >> 6) & 0x3F));
                    bytes[length++] = (byte)(0x80 | (point & 0x3F));
                }
                else
                {
                    var whole = char.IsSurrogate(sign) ? '\uFFFD' : sign;
                    bytes[length++] = (byte)(0xE0 | (whole >> 12));
                    bytes[length++] = (byte)(0x80 | ((whole >> 6) & 0x3F));
                    bytes[length++] = (byte)(0x80 | (whole & 0x3F));
                }
            }
            Add((byte)'"');
        }

        private void Ascii(char sign)
        {
            if (sign == '"' || sign == '\\')
            {
                bytes[length++] = (byte)'\\';
                bytes[length++] = (byte)sign;
            }
            else if (sign >= ' ')
            {
                bytes[length++] = (byte)sign;
            }
            else
            {
                const string Hex = "0123456789abcdef";
                bytes[length++] = (byte)'\\';
                bytes[length++] = (byte)'u';
                bytes[length++] = (byte)'0';
                bytes[length++] = (byte)'0';
                bytes[length++] = (byte)Hex[sign >> 4];
                bytes[length++] = (byte)Hex[sign & 15];
            }
        }

        private void Add(byte sign)
        {
            Reserve(1);
            bytes[length++] = sign;
        }

        private void Reserve(int more)
        {
            if (length + more <= bytes.Length)
            {
                return;
            }
            if (length + more > Limits.FrameCap)
            {
                throw new WireException(ErrorCode.TooLarge, "the answer is larger than " + Limits.FrameCap + " bytes");
            }
            var size = Math.Min(Limits.FrameCap, Math.Max(bytes.Length * 2, length + more));
            Array.Resize(ref bytes, size);
        }
    }
}
