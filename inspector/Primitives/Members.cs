// The public properties of objects, however an object tells of them: by its type, by a type descriptor of its own, or as a
// dictionary with names. No method of an object is called from here but a property's getter and setter.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.ComponentModel;
using System.Dynamic;
using System.Reflection;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>One public property.</summary>
    internal sealed class Member
    {
        private readonly Func<object, object?> get;
        private readonly Action<object, object?> set;

        internal Member(string name, Type type, bool canRead, bool canWrite, Func<object, object?> get, Action<object, object?> set)
        {
            Name = name;
            Type = type;
            CanRead = canRead;
            CanWrite = canWrite;
            this.get = get;
            this.set = set;
        }

        internal string Name { get; }

        /// <summary>The declared type.</summary>
        internal Type Type { get; }

        internal bool CanRead { get; }

        internal bool CanWrite { get; }

        /// <summary>Its value.</summary>
        /// <exception cref="MemberThrewException">The getter threw.</exception>
        internal object? Get(object owner)
        {
            try
            {
                return get(owner);
            }
            catch (TargetInvocationException wrapped) when (wrapped.InnerException != null)
            {
                throw new MemberThrewException(wrapped.InnerException);
            }
            catch (Exception thrown)
            {
                throw new MemberThrewException(thrown);
            }
        }

        /// <summary>Its value, for who asked for nothing else.</summary>
        /// <exception cref="WireException">The getter threw.</exception>
        internal object? Read(object owner)
        {
            try
            {
                return Get(owner);
            }
            catch (MemberThrewException threw)
            {
                throw threw.ToWire("reading");
            }
        }

        /// <summary>Sets it.</summary>
        /// <exception cref="MemberThrewException">The setter threw.</exception>
        internal void Set(object owner, object? value)
        {
            try
            {
                set(owner, value);
            }
            catch (TargetInvocationException wrapped) when (wrapped.InnerException != null)
            {
                throw new MemberThrewException(wrapped.InnerException);
            }
            catch (Exception thrown)
            {
                throw new MemberThrewException(thrown);
            }
        }
    }

    /// <summary>Code of the application threw, and this is what.</summary>
    internal sealed class MemberThrewException : Exception
    {
        internal MemberThrewException(Exception thrown) : base("code of the application threw", thrown)
        {
            Thrown = thrown;
        }

        internal Exception Thrown { get; }

        /// <summary>The same as an answer, without what the application says of it: that may hold values.</summary>
        internal WireException ToWire(string doing)
        {
            return new WireException(
                ErrorCode.AppException,
                "code of the application threw " + Thrown.GetType().Name + " on " + doing,
                ("type", Json.Of(Thrown.GetType().FullName ?? Thrown.GetType().Name)));
        }
    }

    /// <summary>Finds properties.</summary>
    internal static class Members
    {
        private const BindingFlags Public = BindingFlags.Public | BindingFlags.Instance;
        /// <summary>Answers that are remembered.</summary>
        private const int KnownCap = 20_000;

        private static readonly ConcurrentDictionary<(Type, string), Member?> Known =
            new ConcurrentDictionary<(Type, string), Member?>();

        /// <summary>The property of that name; none where the object has no such.</summary>
        internal static Member? Find(object owner, string name)
        {
            if (owner is ExpandoObject expando)
            {
                var values = (IDictionary<string, object?>)expando;
                return values.TryGetValue(name, out var value) ? OfDictionary(name, value) : null;
            }
            if (owner is ICustomTypeDescriptor)
            {
                var found = TypeDescriptor.GetProperties(owner)[name];
                return found == null ? null : OfDescriptor(found);
            }
            return Find(owner.GetType(), name);
        }

        /// <summary>The property of that name that a type declares or inherits, the most derived one of several.</summary>
        internal static Member? Find(Type type, string name)
        {
            if (!Known.TryGetValue((type, name), out var found))
            {
                found = Search(type, name);
                if (Known.Count < KnownCap)
                {
                    Known.TryAdd((type, name), found);
                }
            }
            return found;
        }

        private static Member? Search(Type type, string name)
        {
            for (Type? at = type; at != null; at = at.BaseType)
            {
                foreach (var property in at.GetProperties(Public | BindingFlags.DeclaredOnly))
                {
                    if (property.Name == name && property.GetIndexParameters().Length == 0)
                    {
                        return OfProperty(property);
                    }
                }
            }
            if (!type.IsInterface)
            {
                return null;
            }
            foreach (var other in type.GetInterfaces())
            {
                var found = Find(other, name);
                if (found != null)
                {
                    return found;
                }
            }
            return null;
        }

        /// <summary>Every public property, each name once, in the order in which they are declared, derived ones first.</summary>
        internal static List<Member> Of(object owner)
        {
            var found = new List<Member>();
            if (owner is ExpandoObject expando)
            {
                foreach (var pair in (IDictionary<string, object?>)expando)
                {
                    found.Add(OfDictionary(pair.Key, pair.Value));
                }
                return found;
            }
            if (owner is ICustomTypeDescriptor)
            {
                foreach (PropertyDescriptor? property in TypeDescriptor.GetProperties(owner))
                {
                    found.Add(OfDescriptor(property!));
                }
                return found;
            }
            var names = new HashSet<string>();
            for (Type? at = owner.GetType(); at != null && at != typeof(object); at = at.BaseType)
            {
                foreach (var property in at.GetProperties(Public | BindingFlags.DeclaredOnly))
                {
                    if (property.GetIndexParameters().Length == 0 && names.Add(property.Name))
                    {
                        found.Add(OfProperty(property));
                    }
                }
            }
            return found;
        }

        /// <summary>The names of all public properties.</summary>
        internal static List<string> Names(object owner)
        {
            return Of(owner).ConvertAll(member => member.Name);
        }

        internal static Member OfProperty(PropertyInfo property)
        {
            // A private setter is no setter for a binding, nor is it one here.
            return new Member(
                property.Name, property.PropertyType, property.GetGetMethod(false) != null,
                property.GetSetMethod(false) != null, owner => property.GetValue(owner, null),
                (owner, value) => property.SetValue(owner, value, null));
        }

        private static Member OfDescriptor(PropertyDescriptor property)
        {
            return new Member(
                property.Name, property.PropertyType, true, !property.IsReadOnly, property.GetValue, property.SetValue);
        }

        private static Member OfDictionary(string name, object? value)
        {
            return new Member(
                name, value?.GetType() ?? typeof(object), true, true,
                owner => ((IDictionary<string, object?>)owner)[name],
                (owner, changed) => ((IDictionary<string, object?>)owner)[name] = changed);
        }
    }
}
