// Hostile bytes from the pipe, the same ones each time: frames, JSON, messages and blocks by themselves. The kept inputs of the
// server's fuzz target come first, as they are and spoilt. Sessions under such input are in another file.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Primitives;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class FuzzTests
    {
        private const ulong Seed = 0x706F_7274;
        private const int FrameRounds = 6_000;
        private const int JsonRounds = 4_000;
        private const int MessageRounds = 2_000;
        private const int BlockRounds = 6_000;
        private const int ProofRounds = 1_000;
        /// <summary>How long one test goes on, whatever its rounds; fewer than a tenth of them is a failure.</summary>
        private const int LimitMs = 3_000;
        /// <summary>What a refusal costs besides the bytes that were announced: the exception, and its words.</summary>
        private const long Slack = 64 * 1024;

        /// <summary>However they are cut, the frames are those that another reader finds, and no more memory is taken than one may have.</summary>
        [Test]
        internal static void Frames_come_out_alike_however_they_come() => Rounds(FrameRounds, (dice, round) =>
        {
            var bytes = round < Corpus.Kept.Count ? Corpus.Kept[round] : Several(dice);
            var (frames, isBroken) = Cut(bytes);
            var stream = new Pieces(bytes, dice);
            for (var at = 0; ; at++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    var frame = Frames.Read(stream);
                    Check.True(at < frames.Count, "a frame where there is none");
                    Check.Equal(frames[at].Kind, (byte)frame.Kind, "the kind of frame " + at);
                    Check.True(frames[at].Body.SequenceEqual(frame.Body), "the body of frame " + at);
                }
                catch (InvalidDataException)
                {
                    Check.True(isBroken && at == frames.Count, "frame " + at + " is one");
                    Check.True(GC.GetAllocatedBytesForCurrentThread() - before < Slack, "memory for a frame that is refused");
                    return;
                }
                catch (EndOfStreamException)
                {
                    Check.True(!isBroken && at == frames.Count, "frame " + at + " is whole, or none");
                    Check.True(GC.GetAllocatedBytesForCurrentThread() - before < Limits.FrameCap + Slack, "memory past the cap");
                    return;
                }
            }
        });

        /// <summary>What is taken is what the runtime's own reader finds there, and what is refused that one refuses too.</summary>
        [Test]
        internal static void Json_is_what_another_reader_finds_or_refused() => Rounds(JsonRounds, (dice, round) =>
        {
            var bytes = Body(dice);
            bytes = dice.OneIn(20) ? bytes : Spoil.Bytes(bytes, dice);
            Json? ours = null;
            try
            {
                ours = Json.Parse(bytes, 0, bytes.Length);
            }
            catch (WireException e)
            {
                Check.Equal(ErrorCode.BadRequest, e.Code);
            }
            JsonDocument? theirs = null;
            try
            {
                theirs = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = Limits.JsonDepthCap });
                theirs = IsSound(theirs.RootElement) ? theirs : null;
            }
            catch (JsonException)
            {
            }
            Check.Equal(theirs != null, ours != null, Encoding.UTF8.GetString(bytes));
            Check.True(ours == null || IsSame(theirs!.RootElement, ours), "another value: " + Encoding.UTF8.GetString(bytes));
        });

        /// <summary>Parameters of every method are read or refused, and are the same when they are written and read again.</summary>
        [Test]
        internal static void Messages_are_read_or_refused() => Rounds(MessageRounds, (dice, round) =>
        {
            var methods = Table.Methods.OrderBy(name => name, StringComparer.Ordinal).ToList();
            var type = Made.TypeOf(methods[round % methods.Count]);
            var json = new Made(dice, Array.Empty<ulong>()).Parameters(type);
            var bytes = Spoil.Message(json, dice);
            bytes = dice.OneIn(3) ? Spoil.Bytes(bytes, dice) : bytes;
            try
            {
                var read = Made.Again(type, Json.Parse(bytes, 0, bytes.Length));
                Check.Equal(Text(read), Text(Made.Again(type, read)), "it is read in two ways");
            }
            catch (WireException e)
            {
                Check.Equal(ErrorCode.BadRequest, e.Code, Encoding.UTF8.GetString(bytes));
            }
        });

        [Test]
        internal static void A_block_has_one_writing_whatever_comes() => Rounds(BlockRounds, (dice, round) =>
        {
            var kept = Corpus.Kept.Where(one => Encoding.UTF8.GetString(one).StartsWith(Limits.BlockHead, StringComparison.Ordinal)).ToList();
            var text = Encoding.UTF8.GetString(round == 0 ? kept[0] : Spoil.Bytes(dice.Of(kept), dice));
            var block = ParameterBlock.Read(text);
            Check.True(round > 0 || block != null, "the kept block is none");
            string Hex(byte[] bytes) => BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant();
            Check.True(
                block == null || text == FormattableString.Invariant(
                    $"{Limits.BlockHead};pipe={block.Pipe};server={block.ServerProcess};started={block.ServerStarted};certificate={Hex(block.Certificate)};secret={Hex(block.Secret)}"),
                text);
        });

        /// <summary>Who does not know the secret has no session, whatever it sends in the place of proofs.</summary>
        [Test]
        internal static void No_bytes_are_a_proof() => Rounds(ProofRounds, (dice, round) =>
        {
            var block = ParameterBlock.Read(Encoding.UTF8.GetString(Corpus.Kept.First(one => one[0] == (byte)'p')))!;
            var first = dice.Bytes(Limits.NonceBytes + 4);
            BitConverter.GetBytes(dice.Below(16)).CopyTo(first, Limits.NonceBytes);
            var said = Frames.Write(FrameKind.Proof, first).Concat(Frames.Write(FrameKind.Proof, dice.Bytes(Limits.ProofBytes))).ToArray();
            try
            {
                Check.Equal(null, Proof.Exchange(new Pieces(dice.OneIn(4) ? said : Spoil.Bytes(said, dice), dice), block));
            }
            catch (IOException)
            {
            }
            catch (InvalidDataException)
            {
            }
        });

        /// <summary>Does something with numbers of its own, so often or so long.</summary>
        private static void Rounds(int rounds, Action<Dice, int> act)
        {
            var clock = Stopwatch.StartNew();
            var round = 0;
            for (; round < rounds && clock.ElapsedMilliseconds < LimitMs; round++)
            {
                try
                {
                    act(new Dice(Seed + (ulong)round), round);
                }
                catch (Exception e)
                {
                    throw new Exception("round " + round + " of seed " + Seed, e);
                }
            }
            Console.WriteLine("        {0} of {1} rounds", round, rounds);
            Check.True(round >= rounds / 10, "only " + round + " rounds in " + LimitMs + " ms");
        }

        private static string Text(Json json) => Spoil.Text(writer => writer.Raw(json));

        /// <summary>Frames of every kind, whole and not.</summary>
        private static byte[] Several(Dice dice)
        {
            var bytes = new List<byte>();
            for (var left = 1 + dice.Below(4); left > 0; left--)
            {
                switch (dice.Below(4))
                {
                    case 0:
                        bytes.AddRange(dice.Of(Corpus.Kept));
                        break;
                    case 1:
                        // A length at the edge of what its kind, or any, may have.
                        var kind = dice.Below(10);
                        var edge = dice.Of(new long[] { 0, Cap(kind), Limits.FrameCap, int.MaxValue, uint.MaxValue });
                        bytes.AddRange(BitConverter.GetBytes((uint)Math.Max(0, Math.Min(uint.MaxValue, edge - 1 + dice.Below(3)))));
                        bytes.Add((byte)kind);
                        bytes.AddRange(dice.Bytes(dice.Below(40)));
                        break;
                    default:
                        var any = dice.Below(8);
                        var body = dice.Bytes((int)Math.Min(Cap(any), dice.Below(60)));
                        bytes.AddRange(BitConverter.GetBytes((uint)body.Length));
                        bytes.Add((byte)any);
                        bytes.AddRange(body);
                        break;
                }
            }
            return dice.OneIn(3) ? Spoil.Bytes(bytes.ToArray(), dice) : bytes.ToArray();
        }

        /// <summary>What the protocol lets a kind of frame have; less than nothing for one that does not exist.</summary>
        private static long Cap(int kind) =>
            kind < 0 || kind > 7 ? -1 : new long[] { 10_485_760, 10_485_760, 10_485_760, 8, 262_157, 12, 0, 128 }[kind];

        /// <summary>A reader of frames that has all bytes before it: the frames, and whether what follows is none.</summary>
        private static (List<(byte Kind, byte[] Body)> Frames, bool IsBroken) Cut(byte[] bytes)
        {
            var found = new List<(byte, byte[])>();
            var at = 0;
            while (bytes.Length - at >= 5)
            {
                var length = (long)bytes[at] | (long)bytes[at + 1] << 8 | (long)bytes[at + 2] << 16 | (long)bytes[at + 3] << 24;
                if (length > Cap(bytes[at + 4]))
                {
                    return (found, true);
                }
                if (bytes.Length - at - 5 < length)
                {
                    break;
                }
                found.Add((bytes[at + 4], bytes.Skip(at + 5).Take((int)length).ToArray()));
                at += 5 + (int)length;
            }
            return (found, false);
        }

        /// <summary>A body of JSON: of a kept frame, of a method, or a few signs.</summary>
        internal static byte[] Body(Dice dice)
        {
            switch (dice.Below(4))
            {
                case 0:
                    var (frames, _) = Cut(dice.Of(Corpus.Kept));
                    return frames.Count == 0 ? dice.Bytes(dice.Below(20)) : frames[0].Body;
                case 1:
                    const string Signs = "{}[]\",:\\0123456789-+.eEtrufalsn \n\u00e9";
                    return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, dice.Below(12)).Select(_ => Signs[dice.Below(Signs.Length)])));
                case 2:
                    var depth = dice.Of(new[] { 1, 63, 64, 65, 66, 5_000 });
                    var open = dice.OneIn(2);
                    return Encoding.UTF8.GetBytes(
                        string.Concat(Enumerable.Repeat(open ? "[" : "{\"a\":", depth)) + (open ? "" : "1")
                        + string.Concat(Enumerable.Repeat(open ? "]" : "}", depth)));
                default:
                    var methods = Table.Methods.OrderBy(name => name, StringComparer.Ordinal).ToList();
                    return Encoding.UTF8.GetBytes(Text(new Made(dice, Array.Empty<ulong>()).Parameters(Made.TypeOf(dice.Of(methods)))));
            }
        }

        /// <summary>Whether every text is one and no name stands twice, of which the runtime's reader says nothing by itself.</summary>
        private static bool IsSound(JsonElement element)
        {
            try
            {
                switch (element.ValueKind)
                {
                    case JsonValueKind.String:
                        return element.GetString() != null;
                    case JsonValueKind.Array:
                        return element.EnumerateArray().All(IsSound);
                    case JsonValueKind.Object:
                        var names = element.EnumerateObject().Select(member => member.Name).ToList();
                        return names.Distinct().Count() == names.Count && element.EnumerateObject().All(member => IsSound(member.Value));
                    default:
                        return true;
                }
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        }

        private static bool IsSame(JsonElement theirs, Json ours) => theirs.ValueKind switch
        {
            JsonValueKind.Null => ours.IsNull,
            JsonValueKind.True => ours.Kind == JsonKind.Boolean && ours.Boolean(),
            JsonValueKind.False => ours.Kind == JsonKind.Boolean && !ours.Boolean(),
            JsonValueKind.Number => ours.Kind == JsonKind.Number && ours.Digits == theirs.GetRawText(),
            JsonValueKind.String => ours.Kind == JsonKind.String && ours.String() == theirs.GetString(),
            JsonValueKind.Array => ours.Kind == JsonKind.Array && ours.Items.Count == theirs.GetArrayLength()
                && theirs.EnumerateArray().Zip(ours.Items, IsSame).All(same => same),
            _ => ours.Kind == JsonKind.Object && ours.Members.Count == theirs.EnumerateObject().Count()
                && theirs.EnumerateObject().All(member => ours.Members.TryGetValue(member.Name, out var value) && IsSame(member.Value, value)),
        };

        /// <summary>Bytes that come in pieces, of which nobody knows how large they are; what is written goes nowhere.</summary>
        private sealed class Pieces : Stream
        {
            private readonly byte[] bytes;
            private readonly Dice dice;
            private int at;

            internal Pieces(byte[] bytes, Dice dice)
            {
                this.bytes = bytes;
                this.dice = dice;
            }

            public override bool CanRead => true;

            public override bool CanSeek => false;

            public override bool CanWrite => true;

            public override long Length => throw new NotSupportedException();

            public override long Position
            {
                get => throw new NotSupportedException();
                set => throw new NotSupportedException();
            }

            public override int Read(byte[] buffer, int offset, int count)
            {
                var piece = Math.Min(Math.Min(count, bytes.Length - at), 1 + dice.Below(dice.OneIn(2) ? 3 : 5_000));
                Buffer.BlockCopy(bytes, at, buffer, offset, piece);
                at += piece;
                return piece;
            }

            public override void Write(byte[] buffer, int offset, int count)
            {
            }

            public override void Flush()
            {
            }

            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();
        }
    }
}
