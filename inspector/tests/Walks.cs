// Requests that several tests make.
using System.Collections.Generic;
using System.Linq;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class Walks
    {
        /// <summary>Everything below some elements, with all that a node can tell.</summary>
        internal static WalkParams All(params ulong[] from) => new WalkParams
        {
            From = from.ToList(),
            Axis = Axis.Visual,
            Depth = Limits.DepthCap,
            Max = Limits.NodeCap,
            MaxChildren = Limits.ChildCap,
            Fields = new List<NodeField> { NodeField.Names, NodeField.Flags, NodeField.Bounds, NodeField.Text },
            Visit = Limits.VisitCap,
            Ms = Limits.WalkTimeCapMs,
            Text = 200,
        };

        internal static WalkResult Walk(this Client client, WalkParams asked) =>
            WalkResult.Read(client.Call(Method.Walk, asked.Write));

        internal static PropsResult Props(this Client client, PropsParams asked) =>
            PropsResult.Read(client.Call(Method.Props, asked.Write));

        /// <summary>The handle of the element of this name.</summary>
        internal static ulong Named(this Client client, string name)
        {
            var asked = All();
            asked.Find = new Find { Name = name };
            return client.Walk(asked).Nodes.Single().H!.Value;
        }

        internal static string TypeName(this IEnumerable<TypeRow> types, uint id) => types.Single(row => row.Id == id).Name;
    }
}
