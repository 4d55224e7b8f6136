// What is compiled ahead, seen in a process in which nothing was used before: the runtime says itself which methods it compiles.
using System;
using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Linq;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Primitives;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class AheadTests
    {
        internal const string CompiledAhead = "--compiled-ahead";

        /// <summary>What a first tree takes, in the order of its use.</summary>
        private static readonly string[] FirstUsed =
        {
            Method(typeof(Json), "Parse"), Method(typeof(Request), "Read"), Method(typeof(Session), "Begin"),
            Method(typeof(Workers), "Do"), Method(typeof(HelloPrimitive), "Run"), Method(typeof(HelloResult), "Write"),
            Method(typeof(Outbox), "Send"), Method(typeof(WalkParams), "Read"), Method(typeof(WalkPrimitive), "Visit"),
            Method(typeof(Turns), "Steps"), Method(typeof(Trees), "Children"), Method(typeof(NodeReader), "Tell"),
            Method(typeof(WalkResult), "Write"),
        };

        [Test]
        internal static void A_load_has_what_a_first_tree_takes_compiled_meanwhile() => Alone.Run(CompiledAhead);

        /// <summary>What the other process does: nobody is at the pipe, so that nothing comes of the load itself.</summary>
        internal static void BeginAndLook()
        {
            using var compiled = new Compiled();
            var nobody = ParameterBlock.Of(new[] { (byte)'x' }, 4, 1, new byte[32], new byte[32])!;
            Check.Equal(StartCode.NoPipe, Bootstrap.Start(nobody, 1, 1));
            Check.Soon(
                () => FirstUsed.All(compiled.Methods.ContainsKey),
                "not compiled: " + string.Join(", ", FirstUsed.Where(method => !compiled.Methods.ContainsKey(method))));
        }

        private static string Method(Type type, string name) => type.FullName + "." + name;

        /// <summary>The methods that were compiled so far.</summary>
        private sealed class Compiled : EventListener
        {
            /// <summary>The keyword JitKeyword of the runtime's own events.</summary>
            private const EventKeywords Jit = (EventKeywords)0x10;

            internal ConcurrentDictionary<string, bool> Methods { get; } = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);

            protected override void OnEventSourceCreated(EventSource source)
            {
                if (source.Name == "Microsoft-Windows-DotNETRuntime")
                {
                    EnableEvents(source, EventLevel.Verbose, Jit);
                }
            }

            protected override void OnEventWritten(EventWrittenEventArgs told)
            {
                if (told.EventName?.StartsWith("MethodLoadVerbose", StringComparison.Ordinal) == true)
                {
                    Methods.TryAdd($"{told.Payload![6]}.{told.Payload[7]}", true);
                }
            }
        }
    }
}
