// `write`: sets, clears and puts back properties and members, in order. What was there can be kept in the same operation, so
// that nothing comes between.
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Windows;
using System.Windows.Data;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Changes what is.</summary>
    internal sealed class WritePrimitive
    {
        private readonly Context context;
        private readonly WriteParams asked;
        private readonly Reading reading;
        private readonly Tokens tokens;

        private WritePrimitive(Context context, WriteParams asked)
        {
            this.context = context;
            this.asked = asked;
            reading = new Reading(context, asked.Text);
            tokens = Tokens.Of(context);
        }

        internal static WriteResult Run(Context context, Turn turn, WriteParams asked)
        {
            Caps.Ask("ops", asked.Ops.Count, Limits.WriteOpCap);
            return new WritePrimitive(context, asked).All(turn);
        }

        private WriteResult All(Turn turn)
        {
            var result = new WriteResult();
            var next = 0;
            var stopped = false;
            // What follows on the same thread is one operation of it; the order is that of the request all the same.
            while (next < asked.Ops.Count && !stopped)
            {
                var thread = ThreadOf(asked.Ops[next]);
                var end = next + 1;
                while (end < asked.Ops.Count && ThreadOf(asked.Ops[end]) == thread)
                {
                    end++;
                }
                var (from, to) = (next, end);
                context.Turns.Run(thread, turn, () =>
                {
                    for (var at = from; at < to && !stopped; at++)
                    {
                        var row = Do(asked.Ops[at]);
                        result.Rows.Add(row);
                        stopped = asked.StopOnError && !row.Done;
                    }
                });
                next = end;
            }
            result.Types = reading.TypeRows;
            return result;
        }

        private Dispatcher ThreadOf(WriteOp op)
        {
            if (op.Kind == WriteKind.Restore)
            {
                try
                {
                    return Targets.ThreadOf(context, tokens.Find(op.Token ?? 0).Handle);
                }
                catch (WireException)
                {
                    // The operation will say so in its own row.
                    return context.ThreadOf(null);
                }
            }
            return Targets.ThreadOf(context, op.Kind == WriteKind.SetMember ? op.Object?.Handle : op.Handle);
        }

        private WriteRow Do(WriteOp op)
        {
            var row = new WriteRow();
            try
            {
                if (Turns.IsNested)
                {
                    throw new WireException(ErrorCode.Busy, "the thread is in the middle of other work of the inspector");
                }
                switch (op.Kind)
                {
                    case WriteKind.Restore:
                        Restore(op, row);
                        break;
                    case WriteKind.SetMember:
                        SetMember(op, row);
                        break;
                    default:
                        Property(op, row);
                        break;
                }
                row.Done = true;
            }
            catch (Exception e)
            {
                row.Error = Turns.Translate(e).ToError();
            }
            return row;
        }

        private void Property(WriteOp op, WriteRow row)
        {
            var element = context.Element<DependencyObject>(op.Handle);
            var property = PropertyFinder.Find(element, op.Name ?? throw WireException.Bad("name is missing, which names the property"));
            row.Ty = reading.Type(property.PropertyType);
            Before(row, element, property);
            var writes = op.Kind == WriteKind.Set || op.Kind == WriteKind.SetCurrent || op.Kind == WriteKind.Clear;
            if (writes && property.ReadOnly)
            {
                throw new WireException(ErrorCode.ReadOnly, PropertyFinder.NameOn(element, property) + " is read-only");
            }
            if (writes && element is Freezable { IsFrozen: true })
            {
                throw new WireException(ErrorCode.ReadOnly, "the object is frozen; write the property that holds it");
            }
            if (!writes)
            {
                Update(op, element, property);
                After(row, element, property);
                return;
            }
            if (property == FrameworkElement.NameProperty)
            {
                throw NameIsLeft();
            }
            // Made before anything is kept or changed, so that a bad value leaves no trace.
            var value = op.Kind == WriteKind.Clear ? null
                : Conversion.To(op.Value ?? throw WireException.Bad("value is missing"), element, property, context.Handles);
            PathProperties.Ask(context, element, property, value);
            var before = new PropertyToken(element, context.Handles.Of(element), property);
            if (asked.Keep)
            {
                row.Token = tokens.Add(before);
            }
            try
            {
                Write(op.Kind, element, property, value);
            }
            catch (Exception e) when (!(e is WireException))
            {
                // The value is there before those who listen to the property hear of it.
                throw Turns.Translate(e, PutBack(before)
                    ? " when the value was written; the property is as it was before, which undoes nothing else that the application did"
                    : " when the value was written, and the value is there all the same");
            }
            After(row, element, property);
        }

        /// <summary>What is a secret is told by the names of elements, among other things.</summary>
        private static WireException NameIsLeft() =>
            new WireException(ErrorCode.ReadOnly, "the name of an element is left as it is: what is a secret is told by it");

        private static void Write(WriteKind kind, DependencyObject element, DependencyProperty property, object? value)
        {
            switch (kind)
            {
                case WriteKind.Set:
                    // A binding both ways would take the value for its source, and stay.
                    if (element.ReadLocalValue(property) is Expression)
                    {
                        element.ClearValue(property);
                    }
                    element.SetValue(property, value);
                    break;
                case WriteKind.SetCurrent:
                    element.SetCurrentValue(property, value);
                    break;
                default:
                    element.ClearValue(property);
                    break;
            }
        }

        /// <summary>Puts back what was there; whether it is.</summary>
        private static bool PutBack(PropertyToken before)
        {
            if (!before.IsRestorable)
            {
                return false;
            }
            try
            {
                before.Restore();
            }
            catch (Exception)
            {
                // Who listens to the property throws again; what is there tells.
            }
            return before.IsThere;
        }

        private static void Update(WriteOp op, DependencyObject element, DependencyProperty property)
        {
            var binding = Expressions.Binding(element, property)
                ?? throw WireException.NotFound(
                    PropertyFinder.NameOn(element, property) + " is not bound", Bound(element));
            if (op.Kind == WriteKind.UpdateSource)
            {
                binding.UpdateSource();
            }
            else
            {
                binding.UpdateTarget();
            }
        }

        private static List<string> Bound(DependencyObject element)
        {
            var names = new List<string>();
            foreach (var (property, expression) in Expressions.Of(element))
            {
                if (expression is BindingExpressionBase && names.Count < PropertyFinder.CandidateCap)
                {
                    names.Add(PropertyFinder.NameOn(element, property));
                }
            }
            return names;
        }

        private void SetMember(WriteOp op, WriteRow row)
        {
            var name = op.Name ?? throw WireException.Bad("name is missing, which names the member");
            var (named, owner, member) = Targets.Member(
                context, op.Object ?? throw WireException.Bad("object is missing, whose member is set"), name);
            row.Ty = reading.Type(member.Type);
            row.ObjectTy = reading.Type(owner.GetType());
            row.Notifies = owner is INotifyPropertyChanged;
            if (named.IsSecret)
            {
                throw WireException.Secret("`" + name + "` is a secret, which is neither read nor written through the inspector");
            }
            if (!member.CanWrite)
            {
                throw new WireException(ErrorCode.ReadOnly, "`" + name + "` has no public setter");
            }
            if (owner.GetType().IsValueType)
            {
                throw new WireException(ErrorCode.ReadOnly, "the object is a copy of a value; write the property that holds it");
            }
            if (owner is DependencyObject && name == FrameworkElement.NameProperty.Name)
            {
                throw NameIsLeft();
            }
            var old = member.CanRead ? member.Read(owner) : null;
            row.Before = member.CanRead ? reading.Named(old, null, name) : null;
            var value = Conversion.To(
                op.Value ?? throw WireException.Bad("value is missing"), member.Type, null, named.Via, context.Handles);
            if (asked.Keep && member.CanRead)
            {
                row.Token = tokens.Add(new MemberToken(owner, context.Handles.Of(owner), member, old, isSecret: false));
            }
            try
            {
                member.Set(owner, value);
            }
            catch (MemberThrewException threw)
            {
                throw threw.ToWire("writing");
            }
            row.After = member.CanRead ? reading.Named(member.Read(owner), null, name) : null;
        }

        private Val Show(bool isSecret, object? value, string name) =>
            isSecret && value != null ? reading.Redacted(value) : reading.Named(value, null, name);

        private void Restore(WriteOp op, WriteRow row)
        {
            var token = tokens.Find(op.Token ?? throw WireException.Bad("token is missing"));
            switch (token)
            {
                case PropertyToken property:
                    var element = property.Element;
                    row.Ty = reading.Type(property.Property.PropertyType);
                    Before(row, element, property.Property);
                    if (!property.IsRestorable)
                    {
                        throw new WireException(ErrorCode.ReadOnly, "the token keeps what cannot be put back");
                    }
                    if (asked.Keep)
                    {
                        row.Token = tokens.Add(new PropertyToken(element, property.Handle, property.Property));
                    }
                    row.SameObject = property.Restore();
                    After(row, element, property.Property);
                    break;
                case MemberToken member:
                    if (!context.Holds(Limits.ViewModel))
                    {
                        throw new WireException(ErrorCode.Denied, "the session's gates do not allow it: " + Gates.Names(Limits.ViewModel));
                    }
                    row.Ty = reading.Type(member.Member.Type);
                    row.ObjectTy = reading.Type(member.Owner.GetType());
                    row.Notifies = member.Owner is INotifyPropertyChanged;
                    if (!member.Member.CanWrite)
                    {
                        throw new WireException(ErrorCode.ReadOnly, "`" + member.Member.Name + "` has no public setter");
                    }
                    row.Before = Show(member.IsSecret, member.Member.Read(member.Owner), member.Member.Name);
                    row.SameObject = member.Restore();
                    row.After = Show(member.IsSecret, member.Member.Read(member.Owner), member.Member.Name);
                    break;
                default:
                    row.SameObject = token.Restore();
                    break;
            }
        }

        private void Before(WriteRow row, DependencyObject element, DependencyProperty property)
        {
            if (!context.Holds(Limits.SensitiveReads))
            {
                return;
            }
            var local = element.ReadLocalValue(property);
            row.Before = reading.Property(element, property);
            row.BeforeSource = SourceOf(element, property);
            row.BeforeKind = Values.KindOf(local);
            row.BeforeLocal = row.BeforeKind == LocalKind.Value ? reading.Property(element, property, local) : null;
        }

        private void After(WriteRow row, DependencyObject element, DependencyProperty property)
        {
            if (!context.Holds(Limits.SensitiveReads))
            {
                return;
            }
            row.After = reading.Property(element, property);
            row.AfterSource = SourceOf(element, property);
            row.AfterKind = Values.KindOf(element.ReadLocalValue(property));
        }

        private static string SourceOf(DependencyObject element, DependencyProperty property) =>
            DependencyPropertyHelper.GetValueSource(element, property).BaseValueSource.ToString();
    }
}
