// The table of methods: for each its messages, its gates and what does it. A method that is not here does not exist. What a
// primitive does is in its own file.
using System;
using System.Collections.Generic;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Answers a request: reads its parameters, asks the gates, does it, and gives what writes the result.</summary>
    internal delegate Action<JsonWriter> Primitive(Context context, Turn turn, Json parameters);

    /// <summary>Every method.</summary>
    internal static class Table
    {
        private static readonly Dictionary<string, Primitive> Rows = new Dictionary<string, Primitive>(StringComparer.Ordinal)
        {
            [Method.Hello] = Row(HelloParams.Read, Gates.Of, HelloPrimitive.Run, r => r.Write),
            [Method.Health] = Row(HealthParams.Read, Gates.Of, HealthPrimitive.Run, r => r.Write),
            [Method.Roots] = Row(RootsParams.Read, Gates.Of, RootsPrimitive.Run, r => r.Write),
            [Method.Walk] = Row(WalkParams.Read, Gates.Of, WalkPrimitive.Run, r => r.Write),
            [Method.Props] = Row(PropsParams.Read, Gates.Of, PropsPrimitive.Run, r => r.Write),
            [Method.Describe] = Row(DescribeParams.Read, Gates.Of, DescribePrimitive.Run, r => r.Write),
            [Method.Layout] = Row(LayoutParams.Read, Gates.Of, LayoutPrimitive.Run, r => r.Write),
            [Method.Render] = Row(RenderParams.Read, Gates.Of, RenderPrimitive.Run, r => r.Write),
            [Method.Adorn] = Row(AdornParams.Read, Gates.Of, AdornPrimitive.Run, r => r.Write),
            [Method.Bye] = Row(ByeParams.Read, Gates.Of, ByePrimitive.Run, r => r.Write),
            [Method.Facets] = Row(FacetsParams.Read, Gates.Of, FacetsPrimitive.Run, r => r.Write),
            [Method.Bindings] = Row(BindingsParams.Read, Gates.Of, BindingsPrimitive.Run, r => r.Write),
            [Method.Resource] = Row(ResourceParams.Read, Gates.Of, ResourcePrimitive.Run, r => r.Write),
            [Method.Object] = Row(ObjectParams.Read, Gates.Of, ObjectPrimitive.Run, r => r.Write),
            [Method.Capture] = Row(CaptureParams.Read, Gates.Of, CapturePrimitive.Run, r => r.Write),
            [Method.Write] = Row(WriteParams.Read, Gates.Of, WritePrimitive.Run, r => r.Write),
            [Method.Act] = Row(ActParams.Read, Gates.Of, ActPrimitive.Run, r => r.Write),
            [Method.Subscribe] = Row(SubscribeParams.Read, Gates.Of, SubscribePrimitive.Run, r => r.Write),
            [Method.Unsubscribe] = Row(UnsubscribeParams.Read, Gates.Of, SubscribePrimitive.End, r => r.Write),
            [Method.Events] = Row(EventsParams.Read, Gates.Of, EventsPrimitive.Run, r => r.Write),
            [Method.Diag] = Row(DiagParams.Read, Gates.Of, DiagPrimitive.Run, r => r.Write),
        };

        internal static IEnumerable<string> Methods => Rows.Keys;

        internal static Primitive Find(string method) =>
            Rows.TryGetValue(method, out var found)
                ? found
                : throw new WireException(ErrorCode.UnknownMethod, "there is no such method");

        /// <summary>`run` is called on a thread of the inspector, never on one of the application.</summary>
        private static Primitive Row<TParams, TResult>(
            Func<Json, TParams> read,
            Func<TParams, uint> needs,
            Func<Context, Turn, TParams, TResult> run,
            Func<TResult, Action<JsonWriter>> write) =>
            (context, turn, parameters) =>
            {
                var asked = read(parameters);
                var needed = needs(asked);
                if (!context.Holds(needed))
                {
                    var shut = needed & ~context.Mask;
                    throw new WireException(
                        ErrorCode.Denied, "the session's gates do not allow it: " + Gates.Names(shut));
                }
                return write(run(context, turn, asked));
            };
    }
}
