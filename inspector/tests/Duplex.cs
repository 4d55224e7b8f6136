// Two streams in memory, each of which reads what is written to the other. They stand for the channel once TLS and proofs are
// done; TLS and proofs have tests of their own over a real pipe.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;

namespace Portcullis.Inspector.Tests
{
    internal sealed class Duplex : Stream
    {
        private readonly Lane reads;
        private readonly Lane writes;

        private Duplex(Lane reads, Lane writes)
        {
            this.reads = reads;
            this.writes = writes;
        }

        internal static (Duplex One, Duplex Other) Pair()
        {
            var (there, back) = (new Lane(), new Lane());
            return (new Duplex(there, back), new Duplex(back, there));
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

        public override int Read(byte[] buffer, int offset, int count) => reads.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => writes.Write(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            reads.End();
            writes.End();
        }

        private sealed class Lane
        {
            private readonly Queue<byte[]> pieces = new Queue<byte[]>();
            private int at;
            private bool ended;

            internal int Read(byte[] buffer, int offset, int count)
            {
                lock (pieces)
                {
                    while (pieces.Count == 0)
                    {
                        if (ended)
                        {
                            return 0;
                        }
                        Monitor.Wait(pieces);
                    }
                    var piece = pieces.Peek();
                    var taken = Math.Min(count, piece.Length - at);
                    Buffer.BlockCopy(piece, at, buffer, offset, taken);
                    at += taken;
                    if (at == piece.Length)
                    {
                        pieces.Dequeue();
                        at = 0;
                    }
                    return taken;
                }
            }

            internal void Write(byte[] buffer, int offset, int count)
            {
                lock (pieces)
                {
                    if (ended)
                    {
                        throw new IOException("the other side is gone");
                    }
                    if (count > 0)
                    {
                        pieces.Enqueue(buffer.AsSpan(offset, count).ToArray());
                        Monitor.PulseAll(pieces);
                    }
                }
            }

            internal void End()
            {
                lock (pieces)
                {
                    ended = true;
                    Monitor.PulseAll(pieces);
                }
            }
        }
    }
}
