// What is kept of properties and members so that it can be put back: the very object, and not a text of it. A token holds what it
// keeps and knows its element weakly, so that it never keeps an element of the application alive.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Windows;
using System.Windows.Data;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Something that is kept.</summary>
    internal abstract class Token
    {
        private readonly WeakReference<object> target;

        protected Token(object target, ulong handle)
        {
            this.target = new WeakReference<object>(target);
            Handle = handle;
        }

        /// <summary>The element or object that it was kept of.</summary>
        internal ulong Handle { get; }

        /// <summary>Milliseconds of the store's clock when it was last used.</summary>
        internal long UsedAt { get; set; }

        protected T Target<T>()
            where T : class
        {
            return target.TryGetTarget(out var found) && found is T alive
                ? alive : throw new WireException(ErrorCode.StaleHandle, "the object that the token was made of is gone");
        }

        /// <summary>Puts back what it keeps, and says whether the very object is there again. Called on the object's thread.</summary>
        internal abstract bool Restore();
    }

    /// <summary>The local value of a dependency property.</summary>
    internal sealed class PropertyToken : Token
    {
        private readonly object local;
        private readonly object? current;
        private readonly bool isCurrent;

        internal PropertyToken(DependencyObject element, ulong handle, DependencyProperty property)
            : base(element, handle)
        {
            Property = property;
            local = Kept(element.ReadLocalValue(property));
            isCurrent = DependencyPropertyHelper.GetValueSource(element, property).IsCurrent;
            current = isCurrent ? element.GetValue(property) : null;
        }

        internal DependencyProperty Property { get; }

        internal DependencyObject Element => Target<DependencyObject>();

        /// <summary>Whether it can be put back: what this runtime does not tell the key of cannot.</summary>
        internal bool IsRestorable => !Property.ReadOnly && !(local is Expression);

        /// <summary>
        /// What a local value is put back by: of a binding the binding itself, since its expression is bound for good to where
        /// it was; of a reference to a dynamic resource its key.
        /// </summary>
        private static object Kept(object local)
        {
            if (local is BindingExpressionBase expression)
            {
                return expression.ParentBindingBase;
            }
            var key = Expressions.KeyOf(local);
            return key == null ? local : new ResourceReference(key);
        }

        internal override bool Restore()
        {
            var element = Element;
            switch (local)
            {
                case BindingBase binding:
                    if (BindingOperations.GetBindingBase(element, Property) != binding)
                    {
                        BindingOperations.SetBinding(element, Property, binding);
                    }
                    break;
                case ResourceReference reference when element is FrameworkElement framework:
                    framework.SetResourceReference(Property, reference.Key);
                    break;
                case ResourceReference reference when element is FrameworkContentElement content:
                    content.SetResourceReference(Property, reference.Key);
                    break;
                default:
                    if (local == DependencyProperty.UnsetValue)
                    {
                        element.ClearValue(Property);
                    }
                    else
                    {
                        // A binding both ways would take the value for its source, and stay.
                        element.ClearValue(Property);
                        if (isCurrent)
                        {
                            // What was typed is no value that somebody set, although it is read as one.
                            element.SetCurrentValue(Property, local);
                        }
                        else
                        {
                            element.SetValue(Property, local);
                        }
                    }
                    break;
            }
            if (isCurrent && !Equals(element.GetValue(Property), current))
            {
                element.SetCurrentValue(Property, current);
            }
            return IsThere;
        }

        /// <summary>Whether what was kept is what is there now.</summary>
        internal bool IsThere
        {
            get
            {
                var now = Kept(Element.ReadLocalValue(Property));
                return ReferenceEquals(now, local) || (local is ValueType && Equals(now, local))
                    || (now is ResourceReference one && local is ResourceReference other && Equals(one.Key, other.Key));
            }
        }

        private sealed class ResourceReference
        {
            internal ResourceReference(object key)
            {
                Key = key;
            }

            internal object Key { get; }
        }
    }

    /// <summary>The value of a member.</summary>
    internal sealed class MemberToken : Token
    {
        private readonly Member member;
        private readonly object? kept;

        internal MemberToken(object owner, ulong handle, Member member, object? kept, bool isSecret)
            : base(owner, handle)
        {
            this.member = member;
            this.kept = kept;
            IsSecret = isSecret;
        }

        /// <summary>Whether the way to the object says that it is a secret.</summary>
        internal bool IsSecret { get; }

        internal Member Member => member;

        internal object Owner => Target<object>();

        internal override bool Restore()
        {
            var owner = Owner;
            try
            {
                member.Set(owner, kept);
                var now = member.CanRead ? member.Get(owner) : kept;
                return ReferenceEquals(now, kept) || (kept is ValueType && Equals(now, kept));
            }
            catch (MemberThrewException threw)
            {
                throw threw.ToWire("restoring");
            }
        }
    }

    /// <summary>Where the keyboard was.</summary>
    internal sealed class FocusToken : Token
    {
        internal FocusToken(DependencyObject focused, ulong handle)
            : base(focused, handle)
        {
        }

        internal override bool Restore()
        {
            var focused = Target<IInputElement>();
            return focused.Focus() || focused.IsKeyboardFocused;
        }
    }

    /// <summary>The tokens of a session.</summary>
    internal sealed class Tokens : IPart
    {
        private readonly object guard = new object();
        private readonly Context context;
        private readonly Dictionary<ulong, Token> all = new Dictionary<ulong, Token>();
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly int cap;
        private readonly long ageCapMs;

        internal Tokens(Context context, int cap = Limits.SessionTokenCap, long ageCapMs = Limits.TokenAgeCapMs)
        {
            this.context = context;
            this.cap = cap;
            this.ageCapMs = ageCapMs;
            context.TokenCount = () => Count;
        }

        internal static Tokens Of(Context context) => context.Part(made => new Tokens(made));

        internal uint Count
        {
            get
            {
                lock (guard)
                {
                    return (uint)all.Count;
                }
            }
        }

        /// <exception cref="WireException">The table is full of tokens that were used not long ago.</exception>
        internal ulong Add(Token token)
        {
            lock (guard)
            {
                if (all.Count >= cap)
                {
                    Age();
                }
                if (all.Count >= cap)
                {
                    throw new WireException(ErrorCode.Full, "the session keeps " + cap + " tokens, which are the most");
                }
                token.UsedAt = clock.ElapsedMilliseconds;
                var number = context.NextNumber();
                all.Add(number, token);
                return number;
            }
        }

        /// <exception cref="WireException">There is no such token, or it is too old.</exception>
        internal Token Find(ulong number)
        {
            lock (guard)
            {
                Age();
                if (!all.TryGetValue(number, out var token))
                {
                    throw new WireException(ErrorCode.StaleHandle, "the token was forgotten, or was never given out");
                }
                token.UsedAt = clock.ElapsedMilliseconds;
                return token;
            }
        }

        internal void Forget(IEnumerable<ulong> numbers)
        {
            lock (guard)
            {
                foreach (var number in numbers)
                {
                    all.Remove(number);
                }
            }
        }

        public void End()
        {
            lock (guard)
            {
                all.Clear();
            }
        }

        private void Age()
        {
            var old = new List<ulong>();
            foreach (var pair in all)
            {
                if (clock.ElapsedMilliseconds - pair.Value.UsedAt >= ageCapMs)
                {
                    old.Add(pair.Key);
                }
            }
            foreach (var number in old)
            {
                all.Remove(number);
            }
        }
    }
}
