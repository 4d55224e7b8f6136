// Reading and writing JSON: what is refused, what comes back as it went, and that the caps are asked.
using System;
using System.Linq;
using System.Text;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class JsonTests
    {
        [Test]
        internal static void What_is_no_json_is_refused()
        {
            foreach (var text in new[]
            {
                "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "01", "1.", ".5", "+1", "-", "1e", "nul", "True", "'a'",
                "\"\t\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "[1] 2", "{a:1}", "NaN",
                "{\"a\" 1}", "\"a", "[1 2]", "\u00a01",
            })
            {
                Check.Refused(ErrorCode.BadRequest, () => Json.Parse(text));
            }
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse(new byte[] { (byte)'"', 0xFF, (byte)'"' }, 0, 3));
        }

        [Test]
        internal static void Depth_is_taken_up_to_its_cap()
        {
            string Nested(int depth) => string.Concat(Enumerable.Repeat("[", depth)) + string.Concat(Enumerable.Repeat("]", depth));
            Json.Parse(Nested(Limits.JsonDepthCap));
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse(Nested(Limits.JsonDepthCap + 1)));
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse(string.Concat(Enumerable.Repeat("{\"a\":", 100_000))));
        }

        [Test]
        internal static void What_is_written_is_read_again()
        {
            foreach (var text in new[]
            {
                "", "plain", "\"\\/\b\f\n\r\t", "\u0000\u001f\u007f", "ümlaut €", "🙂 and 你好", new string('x', 5000), "\uFFFD",
            })
            {
                Check.Equal(text, Again(writer => writer.String(text)).String());
            }
            Check.Equal("half \uFFFD.", Again(writer => writer.String("half \ud800.")).String());
            foreach (var number in new[] { 0, 1, -1, 0.1, 1.0 / 3, 1e300, -2.5e-300, 4294967295, 4294967296, double.MaxValue, 5e-324 })
            {
                Check.Equal(number, Again(writer => writer.Double(number)).Double(), "a number");
            }
            Check.Equal(ulong.MaxValue, Again(writer => writer.UInt64(ulong.MaxValue)).UInt64());
            Check.Equal("Infinity", Json.Of(double.PositiveInfinity).String());
            var nested = "{\"a\":[1,-2.5,true,false,null,\"x\",{},[]],\"b\":{\"c\":\"\"}}";
            Check.Equal(nested, Encoding.UTF8.GetString(Bytes(writer => writer.Raw(Json.Parse(nested)))));
        }

        [Test]
        internal static void Numbers_are_of_their_kind()
        {
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse("-1").UInt32());
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse("1.5").UInt32());
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse("4294967296").UInt32());
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse("\"1\"").UInt32());
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse("18446744073709551616").UInt64());
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse("1e999").Double());
            Check.Refused(ErrorCode.BadRequest, () => Json.Parse("\"upwards\"").Enum<Axis>());
            Check.Equal(Axis.LogicalAncestors, Json.Parse("\"logicalAncestors\"").Enum<Axis>());
        }

        [Test]
        internal static void Unknown_and_missing_fields_are_named()
        {
            var unknown = Check.Refused(ErrorCode.BadRequest, () => HealthParams.Read(Json.Parse("{\"probeMs\":1,\"more\":2}")));
            Check.True(unknown.Message.Contains("`more`"), unknown.Message);
            var missing = Check.Refused(ErrorCode.BadRequest, () => HealthParams.Read(Json.Parse("{}")));
            Check.True(missing.Message.Contains("probeMs"), missing.Message);
        }

        [Test]
        internal static void An_answer_never_grows_past_a_frame()
        {
            var writer = new JsonWriter();
            writer.BeginArray();
            writer.String(new string('x', Limits.FrameCap - 100));
            Check.Refused(ErrorCode.TooLarge, () => writer.String(new string('y', 200)));
        }

        private static byte[] Bytes(Action<JsonWriter> write)
        {
            var writer = new JsonWriter();
            write(writer);
            return writer.ToArray();
        }

        private static Json Again(Action<JsonWriter> write)
        {
            var bytes = Bytes(write);
            return Json.Parse(bytes, 0, bytes.Length);
        }
    }
}
