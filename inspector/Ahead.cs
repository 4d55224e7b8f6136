// Compiling ahead: what a session runs before its first tree is told is compiled on a thread of its own, while the channel is
// still being secured. Only what is known before anybody has proved anything may be done here: nothing looks at the application.
using System;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Primitives;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector
{
    /// <summary>Compiles what is used first. What is left out, or cannot be had, is compiled when it is used.</summary>
    internal static class Ahead
    {
        private const BindingFlags Own = BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static
            | BindingFlags.Public | BindingFlags.NonPublic;

        private static int begun;

        /// <summary>Begins, once in a process.</summary>
        internal static void Begin()
        {
            if (Interlocked.Exchange(ref begun, 1) == 0)
            {
                new Thread(Compile) { IsBackground = true, Name = "Portcullis inspector ahead" }.Start();
            }
        }

        /// <summary>Compiles it all.</summary>
        private static void Compile()
        {
            try
            {
                Speak();
                var asked = new WalkParams { Fields = { NodeField.Names } };
                var context = new Session(Stream.Null, 0).Context;
                _ = new NodeReader(context, asked, context.Table());
                foreach (var type in Filled())
                {
                    RuntimeHelpers.RunClassConstructor(type.TypeHandle);
                }
                foreach (var type in Used())
                {
                    Compile(type);
                }
            }
            catch (Exception)
            {
                // Nobody waits for this, and an exception that nobody catches ends the application.
            }
        }

        /// <summary>The types whose methods are compiled, in the order of their use; with each those that lie in it.</summary>
        private static Type[] Used() => new[]
        {
            typeof(Session), typeof(Outbox), typeof(Workers), typeof(HelloPrimitive), typeof(WalkPrimitive), typeof(Turns),
            typeof(Operation<bool>), typeof(Slice), typeof(TypeTable), typeof(Trees), typeof(NodeReader),
        };

        /// <summary>The types whose fields are filled: all of it is what the runtime and WPF have, and what the inspector can.</summary>
        private static Type[] Filled() => new[]
        {
            typeof(HelloPrimitive), typeof(Table),
        };

        /// <summary>Writes and reads the messages of a first question, and writes those of the answers.</summary>
        private static void Speak()
        {
            var writer = new JsonWriter();
            new WalkParams { Fields = { NodeField.Names }, From = { 1 } }.Write(writer);
            var asked = writer.ToArray();
            writer = new JsonWriter();
            new Request { Params = Json.Parse(asked, 0, asked.Length, Session.ValueCap) }.Write(writer);
            var request = writer.ToArray();
            WalkParams.Read(Request.Read(Json.Parse(request, 0, request.Length, Session.ValueCap)).Params!);
            new HelloResult { Dispatchers = { new DispatcherRow() } }.Write(new JsonWriter());
            new WalkResult { Cut = { CutReason.Nodes }, Nodes = { new Node { N = "", H = 1 } }, Types = { new TypeRow() }, Within = new Within() }
                .Write(new JsonWriter());
        }

        private static void Compile(Type type)
        {
            var arguments = type.GetGenericArguments();
            var instance = new RuntimeTypeHandle[arguments.Length];
            for (var at = 0; at < arguments.Length; at++)
            {
                instance[at] = arguments[at].TypeHandle;
            }
            foreach (var member in type.GetMembers(Own))
            {
                if (member is MethodBase { IsAbstract: false, ContainsGenericParameters: false } method)
                {
                    RuntimeHelpers.PrepareMethod(method.MethodHandle, instance);
                }
                else if (member is Type { ContainsGenericParameters: false } inner)
                {
                    Compile(inner);
                }
            }
        }
    }
}
