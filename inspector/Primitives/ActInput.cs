// Input as WPF itself would pass it on: keys through the input manager, text through WPF's text input, drags and other routed
// events raised at the element. The system's own input is the server's to send.
using System;
using System.Collections.Generic;
using System.Reflection;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using System.Windows.Input;
using System.Windows.Media;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Makes input.</summary>
    internal static class ActInput
    {
        /// <summary>Modifiers of a key.</summary>
        internal const int ModifierCap = 4;

        // Microsoft's published source of PresentationCore: DragEventArgs.cs.
        private static readonly ConstructorInfo? NewDrag = typeof(DragEventArgs).GetConstructor(
            BindingFlags.NonPublic | BindingFlags.Instance, null,
            new[] { typeof(IDataObject), typeof(DragDropKeyStates), typeof(DragDropEffects), typeof(DependencyObject), typeof(Point) },
            null);

        /// <summary>Whether this runtime lets the events of a drag be made.</summary>
        internal static bool CanDrag => NewDrag != null;

        /// <summary>The left and the general virtual key of each modifier, as the system's table of keys has them (winuser.h).</summary>
        private static readonly Dictionary<string, byte[]> Modifiers = new Dictionary<string, byte[]>(StringComparer.OrdinalIgnoreCase)
        {
            ["Control"] = new byte[] { 0x11, 0xA2 },
            ["Shift"] = new byte[] { 0x10, 0xA0 },
            ["Alt"] = new byte[] { 0x12, 0xA4 },
            ["Windows"] = new byte[] { 0x5B },
        };

        /// <summary>Raises what a click with the left button raises.</summary>
        internal static void RaiseClick(DependencyObject element, ActDone done)
        {
            done.Used = "RaiseEvent";
            var handled = Raised(element, Button(Mouse.PreviewMouseDownEvent));
            handled |= Raised(element, Button(Mouse.MouseDownEvent));
            handled |= Raised(element, Button(Mouse.PreviewMouseUpEvent));
            handled |= Raised(element, Button(Mouse.MouseUpEvent));
            done.Tell("handled", null, handled);
        }

        private static MouseButtonEventArgs Button(RoutedEvent routed) =>
            new MouseButtonEventArgs(Mouse.PrimaryDevice, Environment.TickCount, MouseButton.Left) { RoutedEvent = routed };

        private static bool Raised(DependencyObject element, RoutedEventArgs args)
        {
            if (!(element is IInputElement input))
            {
                throw new WireException(ErrorCode.WrongKind, "the object raises no routed events");
            }
            input.RaiseEvent(args);
            return args.Handled;
        }

        internal static void Press(DependencyObject element, string name, List<string> modifiers, bool up, ActDone done)
        {
            if (!Enum.TryParse<Key>(name, true, out var key) || !Enum.IsDefined(typeof(Key), key) || key == Key.None)
            {
                throw WireException.NotFound("there is no such key", PropertyFinder.Nearest(Enum.GetNames(typeof(Key)), name));
            }
            var held = new List<byte>();
            foreach (var modifier in modifiers)
            {
                held.AddRange(Modifiers.TryGetValue(modifier, out var keys) ? keys : throw WireException.Bad(
                    "modifiers has `" + modifier + "`, where " + string.Join(", ", Modifiers.Keys) + " are known"));
            }
            Readiness.Require(element);
            TakeKeyboard(element);
            var source = SourceOf(element);
            var args = new KeyEventArgs(Keyboard.PrimaryDevice, source, Environment.TickCount, key)
            {
                RoutedEvent = up ? Keyboard.PreviewKeyUpEvent : Keyboard.PreviewKeyDownEvent,
            };
            using (new HeldKeys(held))
            {
                if (Keyboard.FocusedElement != null)
                {
                    done.Used = "InputManager";
                    done.Tell("handled", null, InputManager.Current.ProcessInput(args));
                    return;
                }
                // No window of the thread is active, so that the input manager has nobody to send keys to.
                done.Used = "RaiseEvent";
                var handled = Raised(element, args);
                var main = new KeyEventArgs(Keyboard.PrimaryDevice, source, Environment.TickCount, key)
                {
                    RoutedEvent = up ? Keyboard.KeyUpEvent : Keyboard.KeyDownEvent, Handled = handled,
                };
                done.Tell("handled", null, Raised(element, main));
            }
        }

        internal static void Type(DependencyObject element, string text, ActDone done)
        {
            if (!(element is IInputElement input))
            {
                throw new WireException(ErrorCode.WrongKind, "the object takes no input");
            }
            Readiness.Require(element);
            if (element is TextBoxBase { IsReadOnly: true })
            {
                throw new WireException(ErrorCode.ReadOnly, "the control takes no text");
            }
            TakeKeyboard(element);
            done.Used = "TextInput";
            var before = Length(element);
            done.Watch("textChanged", () => before == null ? (bool?)null : Length(element) != before);
            TextCompositionManager.StartComposition(new TextComposition(InputManager.Current, input, text));
        }

        private static int? Length(DependencyObject element) => element is TextBox box ? box.Text.Length : (int?)null;

        private static void TakeKeyboard(DependencyObject element)
        {
            if (element is IInputElement { IsKeyboardFocusWithin: false, Focusable: true } input)
            {
                input.Focus();
            }
        }

        private static PresentationSource SourceOf(DependencyObject element)
        {
            for (DependencyObject? at = element; at != null; at = Elements.Parent(at))
            {
                if (at is Visual visual && PresentationSource.FromVisual(visual) is { } source)
                {
                    return source;
                }
            }
            throw Readiness.Refused("notLoaded");
        }

        internal static void Drag(DependencyObject from, UIElement onto, string? format, string? text, ActDone done)
        {
            if (NewDrag == null)
            {
                throw new WireException(ErrorCode.Unsupported, "this runtime has no way to make the events of a drag");
            }
            if (onto.Dispatcher != from.Dispatcher)
            {
                throw WireException.Bad("target is of another thread than the element that is dragged");
            }
            Readiness.Require(from);
            Readiness.Require(onto);
            if (!onto.AllowDrop)
            {
                throw Readiness.Refused("dropNotAllowed");
            }
            done.Used = "DragEvents";
            done.Target = onto;
            foreach (var (hint, routed) in new[]
            {
                ("hasDragEnterHandler", DragDrop.DragEnterEvent), ("hasDragOverHandler", DragDrop.DragOverEvent),
                ("hasDropHandler", DragDrop.DropEvent),
            })
            {
                done.Tell(hint, null, FacetHandlers.Has(onto, routed));
            }
            // A secret goes no further than where it is shown.
            text ??= Redaction.IsSecretElement(from) ? null : NodeReader.TextOf(from);
            var data = new DataObject(string.IsNullOrEmpty(format) ? DataFormats.UnicodeText : format!, text ?? "");
            var handled = DragStep(onto, data, DragDrop.PreviewDragEnterEvent, DragDrop.DragEnterEvent, out _);
            handled |= DragStep(onto, data, DragDrop.PreviewDragOverEvent, DragDrop.DragOverEvent, out var effects);
            done.Tell("handled", null, handled);
            if (effects == DragDropEffects.None)
            {
                DragStep(onto, data, DragDrop.PreviewDragLeaveEvent, DragDrop.DragLeaveEvent, out _);
                done.Tell("dropped", null, false);
                return;
            }
            DragStep(onto, data, DragDrop.PreviewDropEvent, DragDrop.DropEvent, out _);
            done.Tell("dropped", null, true);
        }

        private static bool DragStep(
            UIElement onto, IDataObject data, RoutedEvent preview, RoutedEvent main, out DragDropEffects effects)
        {
            const DragDropEffects All = DragDropEffects.Copy | DragDropEffects.Move | DragDropEffects.Link;
            var place = new Point(onto.RenderSize.Width / 2, onto.RenderSize.Height / 2);
            var args = (DragEventArgs)NewDrag!.Invoke(new object[] { data, DragDropKeyStates.LeftMouseButton, All, onto, place });
            args.RoutedEvent = preview;
            onto.RaiseEvent(args);
            if (!args.Handled)
            {
                args.RoutedEvent = main;
                onto.RaiseEvent(args);
            }
            effects = args.Effects;
            return args.Handled;
        }

        internal static void Raise(DependencyObject element, string name, ActDone done)
        {
            var routed = FacetHandlers.FindEvent(element, name);
            if (routed == ButtonBase.ClickEvent && element is ButtonBase button)
            {
                Readiness.Require(button);
                ActMeans.ClickButton(button, done);
                return;
            }
            var args = Arguments(element, routed);
            done.Used = "RaiseEvent";
            done.Tell("handled", null, Raised(element, args));
        }

        /// <summary>The arguments that handlers of an event take; an event whose arguments only WPF can make is refused.</summary>
        private static RoutedEventArgs Arguments(DependencyObject element, RoutedEvent routed)
        {
            var type = routed.HandlerType.GetMethod("Invoke")?.GetParameters()[1].ParameterType ?? typeof(RoutedEventArgs);
            var now = Environment.TickCount;
            var args = type == typeof(RoutedEventArgs) ? new RoutedEventArgs(routed)
                : type == typeof(MouseButtonEventArgs) ? new MouseButtonEventArgs(Mouse.PrimaryDevice, now, Which(routed))
                : type == typeof(MouseWheelEventArgs) ? new MouseWheelEventArgs(Mouse.PrimaryDevice, now, Mouse.MouseWheelDeltaForOneLine)
                : type == typeof(MouseEventArgs) ? new MouseEventArgs(Mouse.PrimaryDevice, now)
                : type == typeof(KeyEventArgs) ? new KeyEventArgs(Keyboard.PrimaryDevice, SourceOf(element), now, Key.None)
                : type == typeof(KeyboardFocusChangedEventArgs) ? new KeyboardFocusChangedEventArgs(Keyboard.PrimaryDevice, now, null!, null!)
                : type == typeof(SelectionChangedEventArgs) ? new SelectionChangedEventArgs(routed, new object[0], new object[0])
                : type == typeof(TextChangedEventArgs) ? new TextChangedEventArgs(routed, UndoAction.None)
                : type == typeof(RoutedPropertyChangedEventArgs<double>) ? new RoutedPropertyChangedEventArgs<double>(0, 0, routed)
                : type == typeof(RoutedPropertyChangedEventArgs<object>) ? new RoutedPropertyChangedEventArgs<object>(null!, null!, routed)
                : (RoutedEventArgs?)null;
            if (args == null)
            {
                throw new WireException(
                    ErrorCode.Unsupported, "arguments of type " + type.Name + " cannot be made from outside", ("type", Json.Of(type.Name)));
            }
            args.RoutedEvent = routed;
            return args;
        }

        private static MouseButton Which(RoutedEvent routed) =>
            routed.Name.IndexOf("Right", StringComparison.Ordinal) >= 0 ? MouseButton.Right : MouseButton.Left;

        /// <summary>
        /// Modifiers that the thread takes for held. Only its own table of keys is changed, and changed back; no other thread or
        /// process sees it.
        /// </summary>
        private sealed class HeldKeys : IDisposable
        {
            private const byte Down = 0x80;
            private readonly byte[]? before;

            internal HeldKeys(List<byte> keys)
            {
                if (keys.Count == 0)
                {
                    return;
                }
                before = new byte[256];
                if (!Native.GetKeyboardState(before))
                {
                    throw new WireException(ErrorCode.Unsupported, "the table of keys cannot be read");
                }
                var held = (byte[])before.Clone();
                foreach (var key in keys)
                {
                    held[key] |= Down;
                }
                Native.SetKeyboardState(held);
            }

            public void Dispose()
            {
                if (before != null)
                {
                    Native.SetKeyboardState(before);
                }
            }
        }
    }
}
