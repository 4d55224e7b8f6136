// `act`: does something to an element. An act may open a modal window and so not come back for long, so that it is posted and
// waited for only a while; its end is then told by an event. How each kind is done is in other files.
using System;
using System.Collections.Generic;
using System.Threading;
using System.Windows;
using System.Windows.Input;
using System.Windows.Media;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>One act, from its checks to what came of it.</summary>
    internal sealed class ActPrimitive
    {
        /// <summary>How long the thread has to tell what came of an act.</summary>
        private const int AftermathMs = 500;

        private readonly Context context;
        private readonly ActParams asked;
        private readonly ActDone done = new ActDone();
        private readonly ManualResetEventSlim began = new ManualResetEventSlim(false);
        private readonly HashSet<Visual> rootsBefore = new HashSet<Visual>();
        private Type? type;
        private ulong? focusBefore;

        private ActPrimitive(Context context, ActParams asked)
        {
            this.context = context;
            this.asked = asked;
        }

        internal static ActResult Run(Context context, Turn turn, ActParams asked)
        {
            Caps.Ask("graceMs", asked.GraceMs, Limits.GraceCapMs);
            Caps.Ask("text", asked.Text?.Length ?? 0, Limits.TextCap);
            Caps.Ask("modifiers", asked.Modifiers.Count, ActInput.ModifierCap);
            return new ActPrimitive(context, asked).Do(turn);
        }

        private ActResult Do(Turn turn)
        {
            var thread = context.ThreadOf(asked.Handle);
            var operation = context.Turns.Begin(thread, turn, Act, isAct: true);
            if (!Began(turn))
            {
                if (operation.TakeBack())
                {
                    throw turn.Cancelled.IsCancellationRequested
                        ? new WireException(ErrorCode.Cancelled, "the request was taken back before it began")
                        : context.Turns.Busy(thread, "does not answer");
                }
            }
            var ended = operation.Wait((int)Math.Min(asked.GraceMs, turn.LeftMs), CancellationToken.None);
            if (ended)
            {
                operation.Result();
            }
            var result = new ActResult { State = ended ? ActState.Done : ActState.Running };
            if (!ended)
            {
                var number = context.NextNumber();
                result.Op = number;
                var subscriptions = Subscriptions.Of(context);
                operation.WhenDone(() => subscriptions.TellDone(number, Failure(operation)));
            }
            var types = context.Table();
            Aftermath(turn, thread, result, types, ended);
            result.Used = done.Used;
            result.FocusBefore = focusBefore;
            result.Ty = types.Of(type ?? typeof(DependencyObject));
            result.TargetTy = done.Target == null ? (uint?)null : types.Of(done.Target.GetType());
            result.Types = types.Rows;
            return result;
        }

        private bool Began(Turn turn)
        {
            try
            {
                return began.Wait(turn.LeftMs, turn.Cancelled);
            }
            catch (OperationCanceledException)
            {
                return began.IsSet;
            }
        }

        private static WireException? Failure(Operation<bool> operation)
        {
            try
            {
                operation.Result();
                return null;
            }
            catch (WireException e)
            {
                return e;
            }
        }

        /// <summary>The act itself, on the element's thread.</summary>
        private bool Act()
        {
            try
            {
                var element = context.Element<DependencyObject>(asked.Handle);
                type = element.GetType();
                focusBefore = context.Handles.OfOrNone(Keyboard.FocusedElement as DependencyObject);
                rootsBefore.UnionWith(Targets.Roots());
                if (Turns.IsNested)
                {
                    throw new WireException(ErrorCode.Busy, "the thread is in the middle of other work of the inspector");
                }
                began.Set();
                Means(element);
                return true;
            }
            finally
            {
                began.Set();
            }
        }

        private void Means(DependencyObject element)
        {
            switch (asked.Kind)
            {
                case ActKind.Click:
                    ActMeans.Click(element, done);
                    break;
                case ActKind.Focus:
                    ActMeans.Focus(element, done);
                    break;
                case ActKind.ScrollIntoView:
                    ActMeans.ScrollIntoView(element, done);
                    break;
                case ActKind.RealizeItem:
                    ActMeans.RealizeItem(element, Needed(asked.Index, "index"), done);
                    break;
                case ActKind.Expand:
                    ActMeans.Expand(element, true, done);
                    break;
                case ActKind.Collapse:
                    ActMeans.Expand(element, false, done);
                    break;
                case ActKind.Select:
                    ActMeans.Select(element, asked.Index, done);
                    break;
                case ActKind.SetText:
                    ActMeans.SetText(element, Needed(asked.Text, "text"), done);
                    break;
                case ActKind.Close:
                    ActMeans.Close(element, done);
                    break;
                case ActKind.Key:
                    ActInput.Press(element, Needed(asked.Name, "name"), asked.Modifiers, asked.KeyUp, done);
                    break;
                case ActKind.Text:
                    ActInput.Type(element, Needed(asked.Text, "text"), done);
                    break;
                case ActKind.Drag:
                    var target = context.Handles.Resolve<UIElement>(
                        asked.Target ?? throw WireException.Bad("target is missing, which is dragged onto"));
                    ActInput.Drag(element, target, asked.Format, asked.Text, done);
                    break;
                case ActKind.Raise:
                    ActInput.Raise(element, Needed(asked.Name, "name"), done);
                    break;
                case ActKind.Command:
                    Command(element);
                    break;
            }
        }

        private static string Needed(string? field, string name) =>
            field ?? throw WireException.Bad(name + " is missing, which this kind of act needs");

        private static uint Needed(uint? field, string name) =>
            field ?? throw WireException.Bad(name + " is missing, which this kind of act needs");

        private void Command(DependencyObject element)
        {
            var name = Needed(asked.Name, "name");
            var owner = Targets.Object(context, new ObjectRef { Handle = asked.Handle, DataContext = true }).Value
                ?? throw WireException.NotFound("the element has no data context", Array.Empty<string>());
            var command = Members.Find(owner, name)?.Read(owner) as ICommand ?? throw WireException.NotFound(
                TypeNumbers.Short(owner.GetType()) + " has no command `" + name + "`", CommandsOf(owner));
            var parameter = asked.Parameter == null ? null
                : Conversion.To(asked.Parameter, typeof(object), null, element, context.Handles);
            var target = element as IInputElement;
            var may = FacetState.CanExecute(command, parameter, target);
            if (may != true)
            {
                throw Readiness.Refused("commandCannotExecute");
            }
            done.Used = "Execute";
            if (command is RoutedCommand routed)
            {
                routed.Execute(parameter, target);
            }
            else
            {
                command.Execute(parameter);
            }
            done.Tell("canExecute", may, FacetState.CanExecute(command, parameter, target));
        }

        private static List<string> CommandsOf(object owner)
        {
            var names = new List<string>();
            foreach (var member in Members.Of(owner))
            {
                if (typeof(ICommand).IsAssignableFrom(member.Type) && names.Count < Limits.FacetRowCap)
                {
                    names.Add(member.Name);
                }
            }
            return names;
        }

        /// <summary>
        /// What came of it, once what the act itself has put off is done too. A thread that is still busy with it tells nothing.
        /// </summary>
        private void Aftermath(Turn turn, Dispatcher thread, ActResult result, TypeTable types, bool ended)
        {
            var look = context.Turns.Begin(thread, turn, () => Look(types), DispatcherPriority.Background, false);
            if (!look.Wait(Math.Min(AftermathMs, turn.LeftMs), CancellationToken.None))
            {
                look.TakeBack();
                if (ended)
                {
                    result.Effects.AddRange(done.Effects);
                }
                return;
            }
            ActResult seen;
            try
            {
                seen = look.Result();
            }
            catch (WireException)
            {
                // The act was done; that its effects cannot be told is no failure of it.
                return;
            }
            result.FocusAfter = seen.FocusAfter;
            result.FocusTy = seen.FocusTy;
            result.Item = seen.Item;
            result.RootsNew = seen.RootsNew;
            result.RootsGone = seen.RootsGone;
            result.Effects = seen.Effects;
        }

        private ActResult Look(TypeTable types)
        {
            var seen = new ActResult();
            done.Finish();
            seen.Effects.AddRange(done.Effects);
            seen.Item = context.Handles.OfOrNone(done.Item);
            if (Keyboard.FocusedElement is DependencyObject focused)
            {
                seen.FocusAfter = context.Handles.Of(focused);
                seen.FocusTy = types.Of(focused.GetType());
            }
            var now = new HashSet<Visual>(Targets.Roots());
            foreach (var root in now)
            {
                if (!rootsBefore.Contains(root) && seen.RootsNew.Count < Limits.RootCap)
                {
                    seen.RootsNew.Add(context.Handles.Of(root));
                }
            }
            foreach (var root in rootsBefore)
            {
                seen.RootsGone += now.Contains(root) ? 0u : 1u;
            }
            return seen;
        }
    }
}
