// The facets of how an element stands: who has the keyboard, the command behind it, errors of validation, its automation peer,
// its items, its template and its data context. Asking whether a command may execute is the one thing here that runs code of
// the application.
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Windows;
using System.Windows.Automation;
using System.Windows.Automation.Peers;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using System.Windows.Data;
using System.Windows.Input;
using System.Windows.Media;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>How one element stands.</summary>
    internal static class FacetState
    {
        internal static FocusFacet Focus(Reading reading, DependencyObject element)
        {
            var keyboard = Keyboard.FocusedElement as DependencyObject;
            var scope = FocusManager.GetFocusScope(element);
            var logical = scope == null ? null : FocusManager.GetFocusedElement(scope) as DependencyObject;
            var window = Window.GetWindow(element);
            var input = element as IInputElement;
            return new FocusFacet
            {
                Keyboard = reading.OfOrNone(keyboard),
                KeyboardTy = reading.TypeOrNone(keyboard),
                Logical = reading.OfOrNone(logical),
                LogicalTy = reading.TypeOrNone(logical),
                Window = reading.OfOrNone(window),
                WindowActive = window != null && window.IsActive,
                HasKeyboard = input != null && input.IsKeyboardFocused,
                HasKeyboardWithin = input != null && input.IsKeyboardFocusWithin,
                Focusable = input != null && input.Focusable,
                TabStop = (element as Control)?.IsTabStop,
            };
        }

        internal static CommandFacet? Command(Reading reading, DependencyObject element)
        {
            // The nearest source decides, even where it has no command: what lies further out belongs to something else.
            ICommandSource? source = null;
            DependencyObject? holder = null;
            for (DependencyObject? at = element; at != null && source == null; at = Elements.Parent(at))
            {
                source = at as ICommandSource;
                holder = at;
            }
            var command = source?.Command;
            if (source == null || holder == null || command == null)
            {
                return null;
            }
            var target = source.CommandTarget ?? holder as IInputElement;
            var (name, from) = NameOf(command, holder);
            return new CommandFacet
            {
                Source = reading.Of(holder),
                Ty = reading.Type(command.GetType()),
                Name = name,
                NameFrom = from,
                CanExecute = CanExecute(command, source.CommandParameter, target),
                ParameterTy = reading.TypeOrNone(source.CommandParameter),
                Target = command is RoutedCommand ? reading.OfOrNone(target as DependencyObject) : null,
            };
        }

        private static (string? Name, string From) NameOf(ICommand command, DependencyObject holder)
        {
            if (command is RoutedCommand routed && !string.IsNullOrEmpty(routed.Name))
            {
                return (routed.Name, "routed");
            }
            var property = CommandProperty(holder);
            var binding = property == null ? null : BindingOperations.GetBinding(holder, property);
            var path = binding?.Path?.Path;
            if (string.IsNullOrEmpty(path))
            {
                return (null, "none");
            }
            var last = path!.LastIndexOf('.');
            return (path.Substring(last + 1), "binding");
        }

        private static DependencyProperty? CommandProperty(DependencyObject holder)
        {
            switch (holder)
            {
                case ButtonBase _: return ButtonBase.CommandProperty;
                case MenuItem _: return MenuItem.CommandProperty;
                case System.Windows.Documents.Hyperlink _: return System.Windows.Documents.Hyperlink.CommandProperty;
                case InputBinding _: return InputBinding.CommandProperty;
                default: return null;
            }
        }

        /// <summary>Whether a command may execute now; none when asking threw.</summary>
        internal static bool? CanExecute(ICommand command, object? parameter, IInputElement? target)
        {
            try
            {
                return command is RoutedCommand routed ? routed.CanExecute(parameter, target) : command.CanExecute(parameter);
            }
            catch (Exception)
            {
                // Code of the application: whatever it throws is its own affair.
                return null;
            }
        }

        internal static List<ValidationRow> Validation(Reading reading, DependencyObject element)
        {
            var rows = new List<ValidationRow>();
            foreach (var error in System.Windows.Controls.Validation.GetErrors(element))
            {
                if (rows.Count >= Limits.FacetRowCap)
                {
                    break;
                }
                var expression = error.BindingInError as BindingExpression;
                var path = expression?.ParentBinding?.Path?.Path;
                var property = (error.BindingInError as BindingExpressionBase)?.TargetProperty;
                var rule = error.RuleInError;
                var byRule = rule != null && !(rule is ExceptionValidationRule) && !(rule is DataErrorValidationRule)
                    && !(rule is NotifyDataErrorValidationRule);
                rows.Add(new ValidationRow
                {
                    Content = reading.Named(error.ErrorContent, element, property?.Name, path),
                    Rule = rule?.GetType().Name,
                    IsRuleError = byRule,
                    Path = path,
                    Property = property?.Name,
                    Exception = error.Exception?.GetType().FullName,
                });
            }
            return rows;
        }

        internal static AutomationFacet? Automation(Reading reading, DependencyObject element)
        {
            var peer = Peer(element);
            if (peer == null)
            {
                return null;
            }
            var facet = new AutomationFacet
            {
                ControlType = peer.GetAutomationControlType().ToString(),
                Id = Redaction.IsBoundToSecret(element, AutomationProperties.AutomationIdProperty)
                    ? "" : reading.Cut(peer.GetAutomationId() ?? ""),
                IsPassword = peer.IsPassword(),
                IsOffscreen = peer.IsOffscreen(),
            };
            var isSecret = facet.IsPassword || Redaction.IsBoundToSecret(element, AutomationProperties.NameProperty);
            facet.Name = reading.Named(peer.GetName(), element, isSecret ? "Password" : null);
            foreach (var pattern in (PatternInterface[])Enum.GetValues(typeof(PatternInterface)))
            {
                if (peer.GetPattern(pattern) != null)
                {
                    facet.Patterns.Add(pattern.ToString());
                }
            }
            return facet;
        }

        /// <summary>The automation peer of an element, made when it has none yet; none for what can have none.</summary>
        internal static AutomationPeer? Peer(DependencyObject element)
        {
            switch (element)
            {
                case UIElement shown: return UIElementAutomationPeer.CreatePeerForElement(shown);
                case ContentElement content: return ContentElementAutomationPeer.CreatePeerForElement(content);
                default: return null;
            }
        }

        internal static ItemsFacet? Items(DependencyObject element)
        {
            if (!(element is ItemsControl control))
            {
                return null;
            }
            var facet = new ItemsFacet { Count = (uint)control.Items.Count };
            var panel = Elements.ItemsHost(control);
            facet.Virtualizing = panel is VirtualizingPanel && VirtualizingPanel.GetIsVirtualizing(control);
            if (panel != null)
            {
                // Of a panel that does not virtualise every child is a container.
                foreach (UIElement? child in panel.Children)
                {
                    if (child != null && control.ItemContainerGenerator.IndexFromContainer(child) >= 0)
                    {
                        facet.Realized++;
                    }
                }
            }
            facet.Selected = Selected(control);
            return facet;
        }

        private static List<uint> Selected(ItemsControl control)
        {
            var found = new List<uint>();
            if (control is TreeView || !(control is Selector selector) || selector.SelectedIndex < 0)
            {
                return found;
            }
            var several = selector is ListBox list ? list.SelectedItems
                : selector is MultiSelector multi ? multi.SelectedItems : null;
            if (several == null || several.Count <= 1)
            {
                found.Add((uint)selector.SelectedIndex);
                return found;
            }
            // Looking for the position of each item costs their number times the list's, so it is bounded by both caps.
            for (var i = 0; i < several.Count && found.Count < Limits.FacetRowCap; i++)
            {
                var at = selector.Items.IndexOf(several[i]);
                if (at >= 0)
                {
                    found.Add((uint)at);
                }
            }
            found.Sort();
            return found;
        }

        internal static TemplateFacet Template(Reading reading, DependencyObject element)
        {
            var facet = new TemplateFacet { Parent = reading.OfOrNone(Elements.TemplatedParent(element)) };
            if (element is Control control)
            {
                facet.TemplateSource =
                    DependencyPropertyHelper.GetValueSource(control, Control.TemplateProperty).BaseValueSource.ToString();
                facet.Target = control.Template?.TargetType == null ? (uint?)null : reading.Type(control.Template.TargetType);
                if (control.Template != null && VisualTreeHelper.GetChildrenCount(control) > 0)
                {
                    facet.Root = reading.Of(VisualTreeHelper.GetChild(control, 0));
                }
            }
            facet.HasDataTemplate = HasDataTemplate(element);
            return facet;
        }

        private static bool HasDataTemplate(DependencyObject element)
        {
            switch (element)
            {
                case HeaderedContentControl headered: return (headered.ContentTemplate ?? headered.HeaderTemplate) != null;
                case ContentControl content: return content.ContentTemplate != null;
                case ContentPresenter presenter: return presenter.ContentTemplate != null;
                case ItemsControl items: return items.ItemTemplate != null;
                default: return false;
            }
        }

        internal static DataContextFacet? DataContext(Reading reading, DependencyObject element)
        {
            var property = element is FrameworkElement ? FrameworkElement.DataContextProperty
                : element is FrameworkContentElement ? FrameworkContentElement.DataContextProperty : null;
            if (property == null)
            {
                return null;
            }
            var context = element.GetValue(property);
            var parent = Elements.Parent(element);
            var above = parent == null ? null
                : parent.GetValue(parent is FrameworkContentElement
                    ? FrameworkContentElement.DataContextProperty : FrameworkElement.DataContextProperty);
            return new DataContextFacet
            {
                Value = reading.NamedWithHandle(context),
                Source = DependencyPropertyHelper.GetValueSource(element, property).BaseValueSource.ToString(),
                IsInherited = parent != null && context != null && ReferenceEquals(context, above),
                Notifies = context is INotifyPropertyChanged,
            };
        }
    }
}
