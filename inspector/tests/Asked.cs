// Requests that the tests of facets, bindings, objects, writes, acts and events make.
using System;
using System.Collections.Generic;
using System.Linq;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class Asked
    {
        internal static FacetsRow Facets(this Client client, ulong handle, params Facet[] facets) =>
            client.Facets(null, handle, facets);

        internal static FacetsRow Facets(this Client client, string? routed, ulong handle, params Facet[] facets)
        {
            var asked = new FacetsParams
            {
                Handles = new List<ulong> { handle }, Facets = facets.ToList(), Event = routed, Text = 200,
                Resolve = (client.Session.Context.Mask & Limits.ViewModel) != 0 && facets.Contains(Facet.Triggers),
            };
            var row = FacetsResult.Read(client.Call(Method.Facets, asked.Write)).Items.Single();
            return row.Error == null ? row : throw new Refusal(row.Error);
        }

        internal static BindingsResult Bindings(this Client client, ulong from, bool resolve = false, bool recursive = false, params string[] names)
        {
            var asked = new BindingsParams
            {
                From = new List<ulong> { from }, Resolve = resolve, Recursive = recursive, Names = names.ToList(),
                Max = 100, Visit = 1_000, Text = 200,
            };
            return BindingsResult.Read(client.Call(Method.Bindings, asked.Write));
        }

        internal static ResourceResult Resource(this Client client, ulong from, string key) =>
            ResourceResult.Read(client.Call(Method.Resource, new ResourceParams { From = from, Key = key, Text = 200 }.Write));

        internal static ObjectRef Context(ulong handle, params string[] path) =>
            new ObjectRef { Handle = handle, DataContext = true, Path = path.ToList() };

        internal static ObjectResult Object(this Client client, ObjectRef reference, uint items = 0, bool commands = false, params string[] members)
        {
            var asked = new ObjectParams
            {
                Object = reference, Members = members.ToList(), Max = 100, Items = items, Commands = commands, Text = 200,
            };
            return ObjectResult.Read(client.Call(Method.Object, asked.Write));
        }

        internal static List<TokenRow> Capture(this Client client, ulong handle, params string[] names)
        {
            var asked = new CaptureParams { Items = { new CaptureItem { Handle = handle, Names = names.ToList() } }, Text = 200 };
            return CaptureResult.Read(client.Call(Method.Capture, asked.Write)).Tokens;
        }

        internal static WriteOp Op(WriteKind kind, ulong? handle, string? name = null, Json? json = null, NewValue? value = null) =>
            new WriteOp { Kind = kind, Handle = handle, Name = name, Value = json == null ? value : new NewValue { Json = json } };

        internal static WriteOp Restore(ulong? token) => new WriteOp { Kind = WriteKind.Restore, Token = token };

        internal static List<WriteRow> Write(this Client client, bool keep, params WriteOp[] ops)
        {
            var asked = new WriteParams { Ops = ops.ToList(), Keep = keep, StopOnError = true, Text = 200 };
            return WriteResult.Read(client.Call(Method.Write, asked.Write)).Rows;
        }

        /// <summary>One write, which must be done.</summary>
        internal static WriteRow Written(this Client client, WriteOp op, bool keep = false)
        {
            var row = client.Write(keep, op).Single();
            return row.Error == null && row.Done ? row : throw new Refusal(row.Error ?? new WireError());
        }

        internal static ActResult Act(this Client client, ActParams asked)
        {
            asked.GraceMs = asked.GraceMs == 0 ? 3_000 : asked.GraceMs;
            return ActResult.Read(client.Call(Method.Act, asked.Write));
        }

        internal static ActResult Act(this Client client, ActKind kind, ulong handle) =>
            client.Act(new ActParams { Kind = kind, Handle = handle });

        internal static string Effects(this ActResult result) =>
            string.Join(" ", result.Effects.Select(one => $"{one.Name}:{one.Before}>{one.After}"));

        internal static SubscribeResult Subscribe(this Client client, EventKind kind, ulong? handle, params string[] names) =>
            client.Subscribe(new SubscribeParams { Kind = kind, Handle = handle, Names = names.ToList() });

        internal static SubscribeResult Subscribe(this Client client, SubscribeParams asked)
        {
            asked.Ring = asked.Ring == 0 ? 100 : asked.Ring;
            asked.TtlMs = asked.TtlMs == 0 ? 60_000 : asked.TtlMs;
            return SubscribeResult.Read(client.Call(Method.Subscribe, asked.Write));
        }

        internal static UnsubscribeResult Unsubscribe(this Client client, params ulong[] numbers) =>
            UnsubscribeResult.Read(client.Call(Method.Unsubscribe, new UnsubscribeParams { Subscriptions = numbers.ToList() }.Write));

        internal static EventsResult Events(this Client client, ulong after, uint max, params ulong[] numbers) =>
            EventsResult.Read(client.Call(Method.Events, new EventsParams { After = after, Max = max, Subscriptions = numbers.ToList() }.Write));

        internal static uint Hooks(this Client client) =>
            HealthResult.Read(client.Call(Method.Health, new HealthParams { ProbeMs = 500 }.Write)).Hooks;

        internal static DiagResult Diag(this Client client, bool collect, params Protocol.Check[] checks)
        {
            var asked = new DiagParams { Checks = checks.ToList(), Collect = collect, Visit = Limits.VisitCap, Max = 100 };
            return DiagResult.Read(client.Call(Method.Diag, asked.Write));
        }
    }
}
