// Types as a message names them: by a number, explained once in the message. What a type has is described elsewhere.
using System;
using System.Collections.Generic;
using System.Text;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>The numbers of types in a session.</summary>
    internal sealed class TypeNumbers
    {
        private readonly object guard = new object();
        private readonly Dictionary<Type, TypeRow> rows = new Dictionary<Type, TypeRow>();

        internal TypeRow Of(Type type)
        {
            lock (guard)
            {
                if (!rows.TryGetValue(type, out var row))
                {
                    row = new TypeRow { Id = (uint)rows.Count + 1, Name = Short(type), Full = Full(type) };
                    rows.Add(type, row);
                }
                return row;
            }
        }

        /// <summary>`Button`, `List&lt;String&gt;`.</summary>
        internal static string Short(Type type) => Cut(Written(type, type.Name));

        /// <summary>With the namespace, and the types that it is nested in.</summary>
        internal static string Full(Type type)
        {
            var outer = type.IsNested && !type.IsGenericParameter && type.DeclaringType != null
                ? Bare(Full(type.DeclaringType)) + "+"
                : string.IsNullOrEmpty(type.Namespace) ? "" : type.Namespace + ".";
            return Cut(outer + Written(type, type.Name));
        }

        /// <summary>Characters of a type's name; compilers and proxies make longer ones.</summary>
        private const int NameCap = 512;

        private static string Cut(string name) => name.Length <= NameCap ? name : name.Substring(0, NameCap);

        private static string Bare(string name)
        {
            var mark = name.IndexOf('<');
            return mark < 0 ? name : name.Substring(0, mark);
        }

        private static string Written(Type type, string name)
        {
            if (type.IsArray)
            {
                return Short(type.GetElementType()!) + "[]";
            }
            var mark = name.IndexOf('`');
            if (!type.IsGenericType || mark < 0)
            {
                return name;
            }
            var written = new StringBuilder(name, 0, mark, mark + 16);
            var separator = '<';
            foreach (var argument in type.GetGenericArguments())
            {
                written.Append(separator).Append(Short(argument));
                separator = ',';
            }
            return written.Append('>').ToString();
        }
    }

    /// <summary>The types that one message speaks of.</summary>
    internal sealed class TypeTable
    {
        private readonly TypeNumbers numbers;
        private readonly Dictionary<Type, uint> seen = new Dictionary<Type, uint>();

        internal TypeTable(TypeNumbers numbers)
        {
            this.numbers = numbers;
        }

        /// <summary>What explains the numbers, each once.</summary>
        internal List<TypeRow> Rows { get; } = new List<TypeRow>();

        internal uint Of(Type type)
        {
            if (!seen.TryGetValue(type, out var id))
            {
                var row = numbers.Of(type);
                id = row.Id;
                seen.Add(type, id);
                Rows.Add(row);
            }
            return id;
        }
    }
}
