// Written by `cargo xtask generate` out of crates/wpf-protocol. Do not edit.
// The messages between the server and the inspector, and what both hold to be true of them. No behaviour may live here.
#nullable enable
using System.Collections.Generic;

namespace Portcullis.Inspector.Protocol
{
    /// <summary>Versions, caps, gates and flags, as the server has them.</summary>
    internal static class Limits
    {
        internal const int ProtocolMin = 1;
        internal const int ProtocolMax = 1;
        internal const int AliveEveryMs = 2000;
        internal const int SilenceCapMs = 10000;
        internal const int HandshakeCapMs = 10000;
        internal const int JsonDepthCap = 64;
        internal const int InFlightCap = 64;
        internal const int FrameCap = 10485760;
        internal const int HeaderBytes = 5;
        internal const int BlobPartCap = 262144;
        internal const int NonceBytes = 32;
        internal const int ProofBytes = 32;
        internal const int SecretBytes = 32;
        internal const int ProbeCapMs = 2000;
        internal const int RootCap = 256;
        internal const int FromCap = 100;
        internal const int DepthCap = 256;
        internal const int NodeCap = 10000;
        internal const int ChildCap = 10000;
        internal const int NodePropsCap = 32;
        internal const int VisitCap = 50000;
        internal const int WalkTimeCapMs = 2000;
        internal const int TextCap = 8192;
        internal const int PropsItemCap = 100;
        internal const int PropsNameCap = 256;
        internal const int PropsRowCap = 5000;
        internal const int FacetHandleCap = 1000;
        internal const int FacetRowCap = 200;
        internal const int BindingRowCap = 5000;
        internal const int DescribeRowCap = 1000;
        internal const int PathCap = 8;
        internal const int MemberCap = 500;
        internal const int ItemCap = 200;
        internal const int TokenCap = 200;
        internal const int SessionTokenCap = 4000;
        internal const int TokenAgeCapMs = 1800000;
        internal const int WriteOpCap = 100;
        internal const int GraceCapMs = 5000;
        internal const int EffectCap = 32;
        internal const int RepeatCap = 10;
        internal const int ScaleCap = 4;
        internal const int PixelCap = 16000000;
        internal const int MarkTimeCapMs = 300000;
        internal const int MarkCap = 128;
        internal const int DiagRowCap = 500;
        internal const int SubscriptionNameCap = 32;
        internal const int RingCap = 4096;
        internal const int TtlCapMs = 1800000;
        internal const int SubscriptionCap = 256;
        internal const int EventSecondCap = 1000;
        internal const int EventCap = 1000;
        internal const uint SensitiveReads = 1;
        internal const uint Screenshots = 2;
        internal const uint ViewModel = 4;
        internal const uint Destructive = 8;
        internal const uint FlagVisible = 1;
        internal const uint FlagEnabled = 2;
        internal const uint FlagLoaded = 4;
        internal const uint FlagFocusable = 8;
        internal const uint FlagHitTest = 16;
        internal const uint FlagTemplatePart = 32;
        internal const uint FlagItemContainer = 64;
        internal const uint FlagNameScope = 128;
        internal const uint FlagFocused = 256;
        internal const uint FlagSecret = 512;
        internal const string ServerLabel = "portcullis wpf server 1";
        internal const string InspectorLabel = "portcullis wpf inspector 1";
        internal const string RendezvousApplicationLabel = "portcullis wpf sdk application 1";
        internal const string RendezvousServerLabel = "portcullis wpf sdk server 1";
        internal const string RendezvousSecretLabel = "portcullis wpf sdk secret 1";
        internal const string RendezvousName = "portcullis-sdk-";
        internal const string SecretFile = "wpf-sdk.secret";
        internal const string SecretEntropy = "portcullis wpf sdk 1";
        internal const string BlockHead = "portcullis-inspector/1";
    }

    /// <summary>What a frame is, by the byte that stands for it.</summary>
    internal enum FrameKind : byte
    {
        Request = 0,
        Response = 1,
        Event = 2,
        Cancel = 3,
        Blob = 4,
        Credit = 5,
        Alive = 6,
        Proof = 7,
    }

    /// <summary>What is given to whoever started the inspector.</summary>
    internal enum StartCode
    {
        Proved = 0,
        BadBlock = 1,
        NoPipe = 2,
        WrongServer = 3,
        Tls = 4,
        Proof = 5,
        Full = 6,
        Late = 7,
        Internal = 8,
    }

    /// <summary>The methods by their names on the wire.</summary>
    internal static class Method
    {
        internal const string Hello = "hello";
        internal const string Health = "health";
        internal const string Roots = "roots";
        internal const string Walk = "walk";
        internal const string Props = "props";
        internal const string Facets = "facets";
        internal const string Bindings = "bindings";
        internal const string Resource = "resource";
        internal const string Describe = "describe";
        internal const string Object = "object";
        internal const string Capture = "capture";
        internal const string Write = "write";
        internal const string Act = "act";
        internal const string Layout = "layout";
        internal const string Render = "render";
        internal const string Adorn = "adorn";
        internal const string Subscribe = "subscribe";
        internal const string Unsubscribe = "unsubscribe";
        internal const string Events = "events";
        internal const string Diag = "diag";
        internal const string Bye = "bye";
    }

    /// <summary>One thing that an act told.</summary>
    internal sealed class ActEffect
    {
        /// <summary>After it.</summary>
        internal bool? After;
        /// <summary>Before the act; none where it was not known.</summary>
        internal bool? Before;
        /// <summary>What.</summary>
        internal string Name = "";

        internal static ActEffect Read(Json json)
        {
            var fields = json.Fields("ActEffect");
            var message = new ActEffect();
            { var value = fields.Optional("after"); if (value != null) message.After = value.Boolean(); }
            { var value = fields.Optional("before"); if (value != null) message.Before = value.Boolean(); }
            { var value = fields.Required("name"); if (value != null) message.Name = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (After != null) { writer.Name("after"); writer.Boolean(After.Value); }
            if (Before != null) { writer.Name("before"); writer.Boolean(Before.Value); }
            writer.Name("name"); writer.String(Name);
            writer.EndObject();
        }
    }

    /// <summary>What is done to an element.</summary>
    internal enum ActKind
    {
        /// <summary>What a click does: the control's own way, then its automation peer's.</summary>
        Click,
        /// <summary>Gives it the keyboard.</summary>
        Focus,
        /// <summary>Brings it into view.</summary>
        ScrollIntoView,
        /// <summary>Makes the container of the item at `index`, and brings it into view.</summary>
        RealizeItem,
        /// <summary>Expands it.</summary>
        Expand,
        /// <summary>Collapses it.</summary>
        Collapse,
        /// <summary>Selects it.</summary>
        Select,
        /// <summary>Sets the text of an editable control, as its automation peer does.</summary>
        SetText,
        /// <summary>A key of WPF's `Key`, with `modifiers`, through the input manager.</summary>
        Key,
        /// <summary>Text, through WPF's text input.</summary>
        Text,
        /// <summary>Drags it onto `target`, by events.</summary>
        Drag,
        /// <summary>Raises the routed event `name`.</summary>
        Raise,
        /// <summary>Executes the command `name` of its data context; needs the gate for view models.</summary>
        Command,
        /// <summary>Closes a window.</summary>
        Close,
    }

    /// <summary>Acts on an element.</summary>
    internal sealed class ActParams
    {
        /// <summary>The format of a drag's data.</summary>
        internal string? Format;
        /// <summary>How long the act is waited for before the answer is `running`, at most `ActParams::GRACE_CAP_MS`.</summary>
        internal uint GraceMs;
        /// <summary>The element; none for the main window.</summary>
        internal ulong? Handle;
        /// <summary>The position of the item.</summary>
        internal uint? Index;
        /// <summary>Whether the key goes up, and not down.</summary>
        internal bool KeyUp;
        /// <summary>What is done.</summary>
        internal ActKind Kind;
        /// <summary>`Control`, `Shift`, `Alt`, `Windows`.</summary>
        internal List<string> Modifiers = new List<string>();
        /// <summary>The event, the command, or the key.</summary>
        internal string? Name;
        /// <summary>The parameter of a command.</summary>
        internal NewValue? Parameter;
        /// <summary>The element that is dragged onto.</summary>
        internal ulong? Target;
        /// <summary>The text, or the data of a drag.</summary>
        internal string? Text;

        internal static ActParams Read(Json json)
        {
            var fields = json.Fields("ActParams");
            var message = new ActParams();
            { var value = fields.Optional("format"); if (value != null) message.Format = value.String(); }
            { var value = fields.Required("graceMs"); if (value != null) message.GraceMs = value.UInt32(); }
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Optional("index"); if (value != null) message.Index = value.UInt32(); }
            { var value = fields.Optional("keyUp"); if (value != null) message.KeyUp = value.Boolean(); }
            { var value = fields.Required("kind"); if (value != null) message.Kind = value.Enum<ActKind>(); }
            { var value = fields.Optional("modifiers"); if (value != null) message.Modifiers = value.List(item => item.String()); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Optional("parameter"); if (value != null) message.Parameter = NewValue.Read(value); }
            { var value = fields.Optional("target"); if (value != null) message.Target = value.UInt64(); }
            { var value = fields.Optional("text"); if (value != null) message.Text = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Format != null) { writer.Name("format"); writer.String(Format); }
            writer.Name("graceMs"); writer.UInt32(GraceMs);
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            if (Index != null) { writer.Name("index"); writer.UInt32(Index.Value); }
            writer.Name("keyUp"); writer.Boolean(KeyUp);
            writer.Name("kind"); writer.Enum(Kind);
            writer.Name("modifiers"); writer.BeginArray(); foreach (var item in Modifiers) { writer.String(item); } writer.EndArray();
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            if (Parameter != null) { writer.Name("parameter"); Parameter.Write(writer); }
            if (Target != null) { writer.Name("target"); writer.UInt64(Target.Value); }
            if (Text != null) { writer.Name("text"); writer.String(Text); }
            writer.EndObject();
        }
    }

    /// <summary>The element that has the keyboard, and what of the application an act changed that can be told without reading it.</summary>
    internal sealed class ActResult
    {
        /// <summary>What else the means itself told: `checked`, `expanded`, `selected`, `handled`, `textChanged`, `canExecute`, `hasDropHandler`, ….</summary>
        internal List<ActEffect> Effects = new List<ActEffect>();
        /// <summary>What has it now.</summary>
        internal ulong? FocusAfter;
        /// <summary>What had the keyboard before.</summary>
        internal ulong? FocusBefore;
        /// <summary>The type of what has it now.</summary>
        internal uint? FocusTy;
        /// <summary>The container that `ActKind::RealizeItem` made.</summary>
        internal ulong? Item;
        /// <summary>The number of the operation that runs; an event `opDone` tells its end.</summary>
        internal ulong? Op;
        /// <summary>How many windows and popups went.</summary>
        internal uint RootsGone;
        /// <summary>Windows and popups that came.</summary>
        internal List<ulong> RootsNew = new List<ulong>();
        /// <summary>How it stands.</summary>
        internal ActState State;
        /// <summary>The type of what was dragged onto.</summary>
        internal uint? TargetTy;
        /// <summary>The element's type.</summary>
        internal uint Ty;
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();
        /// <summary>The means: `OnClick`, `InvokePattern`, `TogglePattern`, `RaiseEvent`, `BringIntoView`, ….</summary>
        internal string Used = "";

        internal static ActResult Read(Json json)
        {
            var fields = json.Fields("ActResult");
            var message = new ActResult();
            { var value = fields.Required("effects"); if (value != null) message.Effects = value.List(item => ActEffect.Read(item)); }
            { var value = fields.Optional("focusAfter"); if (value != null) message.FocusAfter = value.UInt64(); }
            { var value = fields.Optional("focusBefore"); if (value != null) message.FocusBefore = value.UInt64(); }
            { var value = fields.Optional("focusTy"); if (value != null) message.FocusTy = value.UInt32(); }
            { var value = fields.Optional("item"); if (value != null) message.Item = value.UInt64(); }
            { var value = fields.Optional("op"); if (value != null) message.Op = value.UInt64(); }
            { var value = fields.Required("rootsGone"); if (value != null) message.RootsGone = value.UInt32(); }
            { var value = fields.Required("rootsNew"); if (value != null) message.RootsNew = value.List(item => item.UInt64()); }
            { var value = fields.Required("state"); if (value != null) message.State = value.Enum<ActState>(); }
            { var value = fields.Optional("targetTy"); if (value != null) message.TargetTy = value.UInt32(); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            { var value = fields.Required("used"); if (value != null) message.Used = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("effects"); writer.BeginArray(); foreach (var item in Effects) { item.Write(writer); } writer.EndArray();
            if (FocusAfter != null) { writer.Name("focusAfter"); writer.UInt64(FocusAfter.Value); }
            if (FocusBefore != null) { writer.Name("focusBefore"); writer.UInt64(FocusBefore.Value); }
            if (FocusTy != null) { writer.Name("focusTy"); writer.UInt32(FocusTy.Value); }
            if (Item != null) { writer.Name("item"); writer.UInt64(Item.Value); }
            if (Op != null) { writer.Name("op"); writer.UInt64(Op.Value); }
            writer.Name("rootsGone"); writer.UInt32(RootsGone);
            writer.Name("rootsNew"); writer.BeginArray(); foreach (var item in RootsNew) { writer.UInt64(item); } writer.EndArray();
            writer.Name("state"); writer.Enum(State);
            if (TargetTy != null) { writer.Name("targetTy"); writer.UInt32(TargetTy.Value); }
            writer.Name("ty"); writer.UInt32(Ty);
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.Name("used"); writer.String(Used);
            writer.EndObject();
        }
    }

    /// <summary>How an act stands.</summary>
    internal enum ActState
    {
        /// <summary>It was done.</summary>
        Done,
        /// <summary>It is not done yet, as a modal window keeps it, or it takes long.</summary>
        Running,
    }

    /// <summary>Marks an element on the screen, or takes every mark away.</summary>
    internal sealed class AdornParams
    {
        /// <summary>The colour as XAML writes it.</summary>
        internal string Color = "";
        /// <summary>The element; none takes every mark away.</summary>
        internal ulong? Handle;
        /// <summary>How long, at most `AdornParams::TIME_CAP_MS`.</summary>
        internal uint Ms;

        internal static AdornParams Read(Json json)
        {
            var fields = json.Fields("AdornParams");
            var message = new AdornParams();
            { var value = fields.Required("color"); if (value != null) message.Color = value.String(); }
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("ms"); if (value != null) message.Ms = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("color"); writer.String(Color);
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            writer.Name("ms"); writer.UInt32(Ms);
            writer.EndObject();
        }
    }

    /// <summary>How it was marked.</summary>
    internal sealed class AdornResult
    {
        /// <summary>Marks on the screen now.</summary>
        internal uint Marks;
        /// <summary>`adorner` or `popup`; none when marks were taken away.</summary>
        internal string? Surface;
        /// <summary>The element's type.</summary>
        internal uint? Ty;
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static AdornResult Read(Json json)
        {
            var fields = json.Fields("AdornResult");
            var message = new AdornResult();
            { var value = fields.Required("marks"); if (value != null) message.Marks = value.UInt32(); }
            { var value = fields.Optional("surface"); if (value != null) message.Surface = value.String(); }
            { var value = fields.Optional("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("marks"); writer.UInt32(Marks);
            if (Surface != null) { writer.Name("surface"); writer.String(Surface); }
            if (Ty != null) { writer.Name("ty"); writer.UInt32(Ty.Value); }
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>An automation peer.</summary>
    internal sealed class AutomationFacet
    {
        /// <summary>`AutomationControlType` by its name.</summary>
        internal string ControlType = "";
        /// <summary>`GetAutomationId`.</summary>
        internal string Id = "";
        /// <summary>`IsOffscreen`.</summary>
        internal bool IsOffscreen;
        /// <summary>`IsPassword`.</summary>
        internal bool IsPassword;
        /// <summary>`GetName`.</summary>
        internal Val Name = new Val();
        /// <summary>Patterns that it has: `Invoke`, `Toggle`, ….</summary>
        internal List<string> Patterns = new List<string>();

        internal static AutomationFacet Read(Json json)
        {
            var fields = json.Fields("AutomationFacet");
            var message = new AutomationFacet();
            { var value = fields.Required("controlType"); if (value != null) message.ControlType = value.String(); }
            { var value = fields.Required("id"); if (value != null) message.Id = value.String(); }
            { var value = fields.Required("isOffscreen"); if (value != null) message.IsOffscreen = value.Boolean(); }
            { var value = fields.Required("isPassword"); if (value != null) message.IsPassword = value.Boolean(); }
            { var value = fields.Required("name"); if (value != null) message.Name = Val.Read(value); }
            { var value = fields.Required("patterns"); if (value != null) message.Patterns = value.List(item => item.String()); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("controlType"); writer.String(ControlType);
            writer.Name("id"); writer.String(Id);
            writer.Name("isOffscreen"); writer.Boolean(IsOffscreen);
            writer.Name("isPassword"); writer.Boolean(IsPassword);
            writer.Name("name"); Name.Write(writer);
            writer.Name("patterns"); writer.BeginArray(); foreach (var item in Patterns) { writer.String(item); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>Which way a walk goes.</summary>
    internal enum Axis
    {
        /// <summary>Down the visual tree.</summary>
        Visual,
        /// <summary>Down the logical tree.</summary>
        Logical,
        /// <summary>Down the visual tree, as far as the element's own template made it.</summary>
        Template,
        /// <summary>Up the visual tree, and on by the logical parent where that ends; the element itself first.</summary>
        Ancestors,
        /// <summary>Up the logical tree; the element itself first.</summary>
        LogicalAncestors,
        /// <summary>The containers of an items control that exist now.</summary>
        Items,
    }

    /// <summary>One binding.</summary>
    internal sealed class BindingRow
    {
        /// <summary>The type of the converter.</summary>
        internal string? Converter;
        /// <summary>`FallbackValue`, where one is set.</summary>
        internal Val? Fallback;
        /// <summary>`StringFormat`.</summary>
        internal string? Format;
        /// <summary>The element.</summary>
        internal ulong Handle;
        /// <summary>Whether validation found an error.</summary>
        internal bool HasError;
        /// <summary>Whether a template made the element.</summary>
        internal bool IsTemplatePart;
        /// <summary>`Binding`, `MultiBinding`, `PriorityBinding` or `TemplateBinding`.</summary>
        internal string Kind = "";
        /// <summary>`BindingMode` in force.</summary>
        internal string Mode = "";
        /// <summary>The element's name.</summary>
        internal string? Name;
        /// <summary>`TargetNullValue`, where one is set.</summary>
        internal Val? NullValue;
        /// <summary>The bindings that it is made of.</summary>
        internal List<BindingRow> Parts = new List<BindingRow>();
        /// <summary>The path; of several the first.</summary>
        internal string? Path;
        /// <summary>The property that is bound.</summary>
        internal string Property = "";
        /// <summary>The type of the property.</summary>
        internal uint PropertyTy;
        /// <summary>Where it takes its source from.</summary>
        internal BindingSource Source;
        /// <summary>That object, where it is an element.</summary>
        internal ulong? SourceHandle;
        /// <summary>The element name or relative source, as XAML writes it.</summary>
        internal string? SourceText;
        /// <summary>The type of the object that it is bound to.</summary>
        internal uint? SourceTy;
        /// <summary>`BindingStatus`.</summary>
        internal string Status = "";
        /// <summary>The steps of the path. Without values unless they were asked for.</summary>
        internal List<PathStep> Steps = new List<PathStep>();
        /// <summary>`UpdateSourceTrigger` in force.</summary>
        internal string Trigger = "";
        /// <summary>The element's type.</summary>
        internal uint Ty;
        /// <summary>The target's value now.</summary>
        internal Val Value = new Val();

        internal static BindingRow Read(Json json)
        {
            var fields = json.Fields("BindingRow");
            var message = new BindingRow();
            { var value = fields.Optional("converter"); if (value != null) message.Converter = value.String(); }
            { var value = fields.Optional("fallback"); if (value != null) message.Fallback = Val.Read(value); }
            { var value = fields.Optional("format"); if (value != null) message.Format = value.String(); }
            { var value = fields.Required("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("hasError"); if (value != null) message.HasError = value.Boolean(); }
            { var value = fields.Required("isTemplatePart"); if (value != null) message.IsTemplatePart = value.Boolean(); }
            { var value = fields.Required("kind"); if (value != null) message.Kind = value.String(); }
            { var value = fields.Required("mode"); if (value != null) message.Mode = value.String(); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Optional("nullValue"); if (value != null) message.NullValue = Val.Read(value); }
            { var value = fields.Required("parts"); if (value != null) message.Parts = value.List(item => BindingRow.Read(item)); }
            { var value = fields.Optional("path"); if (value != null) message.Path = value.String(); }
            { var value = fields.Required("property"); if (value != null) message.Property = value.String(); }
            { var value = fields.Required("propertyTy"); if (value != null) message.PropertyTy = value.UInt32(); }
            { var value = fields.Required("source"); if (value != null) message.Source = value.Enum<BindingSource>(); }
            { var value = fields.Optional("sourceHandle"); if (value != null) message.SourceHandle = value.UInt64(); }
            { var value = fields.Optional("sourceText"); if (value != null) message.SourceText = value.String(); }
            { var value = fields.Optional("sourceTy"); if (value != null) message.SourceTy = value.UInt32(); }
            { var value = fields.Required("status"); if (value != null) message.Status = value.String(); }
            { var value = fields.Required("steps"); if (value != null) message.Steps = value.List(item => PathStep.Read(item)); }
            { var value = fields.Required("trigger"); if (value != null) message.Trigger = value.String(); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Required("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Converter != null) { writer.Name("converter"); writer.String(Converter); }
            if (Fallback != null) { writer.Name("fallback"); Fallback.Write(writer); }
            if (Format != null) { writer.Name("format"); writer.String(Format); }
            writer.Name("handle"); writer.UInt64(Handle);
            writer.Name("hasError"); writer.Boolean(HasError);
            writer.Name("isTemplatePart"); writer.Boolean(IsTemplatePart);
            writer.Name("kind"); writer.String(Kind);
            writer.Name("mode"); writer.String(Mode);
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            if (NullValue != null) { writer.Name("nullValue"); NullValue.Write(writer); }
            writer.Name("parts"); writer.BeginArray(); foreach (var item in Parts) { item.Write(writer); } writer.EndArray();
            if (Path != null) { writer.Name("path"); writer.String(Path); }
            writer.Name("property"); writer.String(Property);
            writer.Name("propertyTy"); writer.UInt32(PropertyTy);
            writer.Name("source"); writer.Enum(Source);
            if (SourceHandle != null) { writer.Name("sourceHandle"); writer.UInt64(SourceHandle.Value); }
            if (SourceText != null) { writer.Name("sourceText"); writer.String(SourceText); }
            if (SourceTy != null) { writer.Name("sourceTy"); writer.UInt32(SourceTy.Value); }
            writer.Name("status"); writer.String(Status);
            writer.Name("steps"); writer.BeginArray(); foreach (var item in Steps) { item.Write(writer); } writer.EndArray();
            writer.Name("trigger"); writer.String(Trigger);
            writer.Name("ty"); writer.UInt32(Ty);
            writer.Name("value"); Value.Write(writer);
            writer.EndObject();
        }
    }

    /// <summary>Where a binding takes its source from.</summary>
    internal enum BindingSource
    {
        /// <summary>The data context.</summary>
        DataContext,
        /// <summary>`ElementName`.</summary>
        ElementName,
        /// <summary>`RelativeSource`.</summary>
        RelativeSource,
        /// <summary>`Source`.</summary>
        Source,
        /// <summary>The parent of the template.</summary>
        TemplatedParent,
        /// <summary>Several, each with its own.</summary>
        Several,
    }

    /// <summary>Asks for bindings.</summary>
    internal sealed class BindingsParams
    {
        /// <summary>Of which elements, at most `super::WalkParams::FROM_CAP`; none for the main window.</summary>
        internal List<ulong> From = new List<ulong>();
        /// <summary>Rows of the answer, at most `BindingsParams::ROW_CAP`.</summary>
        internal uint Max;
        /// <summary>Properties; none for all.</summary>
        internal List<string> Names = new List<string>();
        /// <summary>Whether their descendants count.</summary>
        internal bool Recursive;
        /// <summary>Whether the steps of paths are resolved, with values; needs the gate for view models.</summary>
        internal bool Resolve;
        /// <summary>Whether elements count that a template made.</summary>
        internal bool Templates;
        /// <summary>Characters of a text, at most `super::WalkParams::TEXT_CAP`.</summary>
        internal uint Text;
        /// <summary>Elements that are looked at, at most `super::WalkParams::VISIT_CAP`.</summary>
        internal uint Visit;

        internal static BindingsParams Read(Json json)
        {
            var fields = json.Fields("BindingsParams");
            var message = new BindingsParams();
            { var value = fields.Optional("from"); if (value != null) message.From = value.List(item => item.UInt64()); }
            { var value = fields.Required("max"); if (value != null) message.Max = value.UInt32(); }
            { var value = fields.Optional("names"); if (value != null) message.Names = value.List(item => item.String()); }
            { var value = fields.Optional("recursive"); if (value != null) message.Recursive = value.Boolean(); }
            { var value = fields.Optional("resolve"); if (value != null) message.Resolve = value.Boolean(); }
            { var value = fields.Optional("templates"); if (value != null) message.Templates = value.Boolean(); }
            { var value = fields.Required("text"); if (value != null) message.Text = value.UInt32(); }
            { var value = fields.Required("visit"); if (value != null) message.Visit = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("from"); writer.BeginArray(); foreach (var item in From) { writer.UInt64(item); } writer.EndArray();
            writer.Name("max"); writer.UInt32(Max);
            writer.Name("names"); writer.BeginArray(); foreach (var item in Names) { writer.String(item); } writer.EndArray();
            writer.Name("recursive"); writer.Boolean(Recursive);
            writer.Name("resolve"); writer.Boolean(Resolve);
            writer.Name("templates"); writer.Boolean(Templates);
            writer.Name("text"); writer.UInt32(Text);
            writer.Name("visit"); writer.UInt32(Visit);
            writer.EndObject();
        }
    }

    /// <summary>The bindings.</summary>
    internal sealed class BindingsResult
    {
        /// <summary>Rows that were left out.</summary>
        internal uint CutRows;
        /// <summary>Whether elements were left out.</summary>
        internal bool CutVisits;
        /// <summary>The rows.</summary>
        internal List<BindingRow> Rows = new List<BindingRow>();
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();
        /// <summary>Elements that were looked at.</summary>
        internal uint Visited;

        internal static BindingsResult Read(Json json)
        {
            var fields = json.Fields("BindingsResult");
            var message = new BindingsResult();
            { var value = fields.Required("cutRows"); if (value != null) message.CutRows = value.UInt32(); }
            { var value = fields.Required("cutVisits"); if (value != null) message.CutVisits = value.Boolean(); }
            { var value = fields.Required("rows"); if (value != null) message.Rows = value.List(item => BindingRow.Read(item)); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            { var value = fields.Required("visited"); if (value != null) message.Visited = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("cutRows"); writer.UInt32(CutRows);
            writer.Name("cutVisits"); writer.Boolean(CutVisits);
            writer.Name("rows"); writer.BeginArray(); foreach (var item in Rows) { item.Write(writer); } writer.EndArray();
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.Name("visited"); writer.UInt32(Visited);
            writer.EndObject();
        }
    }

    /// <summary>Ends the session: every hook, adorner, token and subscription goes.</summary>
    internal sealed class ByeParams
    {

        internal static ByeParams Read(Json json)
        {
            var fields = json.Fields("ByeParams");
            var message = new ByeParams();
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.EndObject();
        }
    }

    /// <summary>What was taken out of the application.</summary>
    internal sealed class ByeResult
    {
        /// <summary>Hooks that could not be removed, because their thread does not answer; they go when it does.</summary>
        internal uint Left;
        /// <summary>Hooks that were removed.</summary>
        internal uint Removed;

        internal static ByeResult Read(Json json)
        {
            var fields = json.Fields("ByeResult");
            var message = new ByeResult();
            { var value = fields.Required("left"); if (value != null) message.Left = value.UInt32(); }
            { var value = fields.Required("removed"); if (value != null) message.Removed = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("left"); writer.UInt32(Left);
            writer.Name("removed"); writer.UInt32(Removed);
            writer.EndObject();
        }
    }

    /// <summary>The properties of an element that are kept.</summary>
    internal sealed class CaptureItem
    {
        /// <summary>The element.</summary>
        internal ulong Handle;
        /// <summary>Its properties.</summary>
        internal List<string> Names = new List<string>();

        internal static CaptureItem Read(Json json)
        {
            var fields = json.Fields("CaptureItem");
            var message = new CaptureItem();
            { var value = fields.Required("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("names"); if (value != null) message.Names = value.List(item => item.String()); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("handle"); writer.UInt64(Handle);
            writer.Name("names"); writer.BeginArray(); foreach (var item in Names) { writer.String(item); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>The members of an object that are kept; needs the gate for view models.</summary>
    internal sealed class CaptureObject
    {
        /// <summary>Its members.</summary>
        internal List<string> Members = new List<string>();
        /// <summary>The object.</summary>
        internal ObjectRef Object = new ObjectRef();

        internal static CaptureObject Read(Json json)
        {
            var fields = json.Fields("CaptureObject");
            var message = new CaptureObject();
            { var value = fields.Required("members"); if (value != null) message.Members = value.List(item => item.String()); }
            { var value = fields.Required("object"); if (value != null) message.Object = ObjectRef.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("members"); writer.BeginArray(); foreach (var item in Members) { writer.String(item); } writer.EndArray();
            writer.Name("object"); Object.Write(writer);
            writer.EndObject();
        }
    }

    /// <summary>Keeps local values, members and the keyboard's place.</summary>
    internal sealed class CaptureParams
    {
        /// <summary>An element whose thread's focus is kept.</summary>
        internal ulong? FocusOf;
        /// <summary>Tokens that are not needed any more.</summary>
        internal List<ulong> Forget = new List<ulong>();
        /// <summary>Properties of elements; all names together at most `CaptureParams::TOKEN_CAP`.</summary>
        internal List<CaptureItem> Items = new List<CaptureItem>();
        /// <summary>Members of objects.</summary>
        internal List<CaptureObject> Objects = new List<CaptureObject>();
        /// <summary>Characters of a text, at most `super::WalkParams::TEXT_CAP`.</summary>
        internal uint Text;

        internal static CaptureParams Read(Json json)
        {
            var fields = json.Fields("CaptureParams");
            var message = new CaptureParams();
            { var value = fields.Optional("focusOf"); if (value != null) message.FocusOf = value.UInt64(); }
            { var value = fields.Optional("forget"); if (value != null) message.Forget = value.List(item => item.UInt64()); }
            { var value = fields.Optional("items"); if (value != null) message.Items = value.List(item => CaptureItem.Read(item)); }
            { var value = fields.Optional("objects"); if (value != null) message.Objects = value.List(item => CaptureObject.Read(item)); }
            { var value = fields.Required("text"); if (value != null) message.Text = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (FocusOf != null) { writer.Name("focusOf"); writer.UInt64(FocusOf.Value); }
            writer.Name("forget"); writer.BeginArray(); foreach (var item in Forget) { writer.UInt64(item); } writer.EndArray();
            writer.Name("items"); writer.BeginArray(); foreach (var item in Items) { item.Write(writer); } writer.EndArray();
            writer.Name("objects"); writer.BeginArray(); foreach (var item in Objects) { item.Write(writer); } writer.EndArray();
            writer.Name("text"); writer.UInt32(Text);
            writer.EndObject();
        }
    }

    /// <summary>What is kept.</summary>
    internal sealed class CaptureResult
    {
        /// <summary>One for each name and member, in their order, then the focus.</summary>
        internal List<TokenRow> Tokens = new List<TokenRow>();
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static CaptureResult Read(Json json)
        {
            var fields = json.Fields("CaptureResult");
            var message = new CaptureResult();
            { var value = fields.Required("tokens"); if (value != null) message.Tokens = value.List(item => TokenRow.Read(item)); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("tokens"); writer.BeginArray(); foreach (var item in Tokens) { item.Write(writer); } writer.EndArray();
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>A kind of check.</summary>
    internal enum Check
    {
        /// <summary>Bindings to plain properties, which the type's descriptor keeps alive.</summary>
        BindingLeaks,
        /// <summary>Freezables that are not frozen.</summary>
        Freezables,
        /// <summary>Items controls that make a container for every item.</summary>
        Virtualization,
        /// <summary>References to dynamic resources that find nothing.</summary>
        DynamicResources,
    }

    /// <summary>What cuts an element off.</summary>
    internal sealed class ClipFacet
    {
        /// <summary>The element's own bounds in its window: x, y, width, height; none where it has no place.</summary>
        internal List<double>? Bounds;
        /// <summary>Itself and its ancestors that cut, from it outwards.</summary>
        internal List<ClipRow> By = new List<ClipRow>();
        /// <summary>The bounds of `VisualTreeHelper.GetClip`, in its own units.</summary>
        internal List<double>? Clip;
        /// <summary>`ClipToBounds`.</summary>
        internal bool ClipToBounds;
        /// <summary>The bounds of `LayoutInformation.GetLayoutClip`, in its own units.</summary>
        internal List<double>? LayoutClip;

        internal static ClipFacet Read(Json json)
        {
            var fields = json.Fields("ClipFacet");
            var message = new ClipFacet();
            { var value = fields.Optional("bounds"); if (value != null) message.Bounds = value.List(item => item.Double()); }
            { var value = fields.Required("by"); if (value != null) message.By = value.List(item => ClipRow.Read(item)); }
            { var value = fields.Optional("clip"); if (value != null) message.Clip = value.List(item => item.Double()); }
            { var value = fields.Required("clipToBounds"); if (value != null) message.ClipToBounds = value.Boolean(); }
            { var value = fields.Optional("layoutClip"); if (value != null) message.LayoutClip = value.List(item => item.Double()); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Bounds != null) { writer.Name("bounds"); writer.BeginArray(); foreach (var item in Bounds) { writer.Double(item); } writer.EndArray(); }
            writer.Name("by"); writer.BeginArray(); foreach (var item in By) { item.Write(writer); } writer.EndArray();
            if (Clip != null) { writer.Name("clip"); writer.BeginArray(); foreach (var item in Clip) { writer.Double(item); } writer.EndArray(); }
            writer.Name("clipToBounds"); writer.Boolean(ClipToBounds);
            if (LayoutClip != null) { writer.Name("layoutClip"); writer.BeginArray(); foreach (var item in LayoutClip) { writer.Double(item); } writer.EndArray(); }
            writer.EndObject();
        }
    }

    /// <summary>One element that cuts another off.</summary>
    internal sealed class ClipRow
    {
        /// <summary>`clip`, `layoutClip`, `clipToBounds`, `viewport` or `window`.</summary>
        internal string By = "";
        /// <summary>The element that cuts.</summary>
        internal ulong Handle;
        /// <summary>What it leaves, in the units of the window: x, y, width, height.</summary>
        internal List<double> Leaves = new List<double>();
        /// <summary>Its name.</summary>
        internal string? Name;
        /// <summary>Its type.</summary>
        internal uint Ty;

        internal static ClipRow Read(Json json)
        {
            var fields = json.Fields("ClipRow");
            var message = new ClipRow();
            { var value = fields.Required("by"); if (value != null) message.By = value.String(); }
            { var value = fields.Required("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("leaves"); if (value != null) message.Leaves = value.List(item => item.Double()); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("by"); writer.String(By);
            writer.Name("handle"); writer.UInt64(Handle);
            writer.Name("leaves"); writer.BeginArray(); foreach (var item in Leaves) { writer.Double(item); } writer.EndArray();
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            writer.Name("ty"); writer.UInt32(Ty);
            writer.EndObject();
        }
    }

    /// <summary>The command behind an element.</summary>
    internal sealed class CommandFacet
    {
        /// <summary>`CanExecute` with its parameter; none when asking threw.</summary>
        internal bool? CanExecute;
        /// <summary>The name of a routed command, or the last name of the path that it is bound by.</summary>
        internal string? Name;
        /// <summary>`routed`, `binding` or `none`: where the name comes from.</summary>
        internal string NameFrom = "";
        /// <summary>The type of the parameter; none for null.</summary>
        internal uint? ParameterTy;
        /// <summary>The element that has it: the element, or the nearest around it.</summary>
        internal ulong Source;
        /// <summary>The element that a routed command is sent to.</summary>
        internal ulong? Target;
        /// <summary>The type of the command.</summary>
        internal uint Ty;

        internal static CommandFacet Read(Json json)
        {
            var fields = json.Fields("CommandFacet");
            var message = new CommandFacet();
            { var value = fields.Optional("canExecute"); if (value != null) message.CanExecute = value.Boolean(); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Required("nameFrom"); if (value != null) message.NameFrom = value.String(); }
            { var value = fields.Optional("parameterTy"); if (value != null) message.ParameterTy = value.UInt32(); }
            { var value = fields.Required("source"); if (value != null) message.Source = value.UInt64(); }
            { var value = fields.Optional("target"); if (value != null) message.Target = value.UInt64(); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (CanExecute != null) { writer.Name("canExecute"); writer.Boolean(CanExecute.Value); }
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            writer.Name("nameFrom"); writer.String(NameFrom);
            if (ParameterTy != null) { writer.Name("parameterTy"); writer.UInt32(ParameterTy.Value); }
            writer.Name("source"); writer.UInt64(Source);
            if (Target != null) { writer.Name("target"); writer.UInt64(Target.Value); }
            writer.Name("ty"); writer.UInt32(Ty);
            writer.EndObject();
        }
    }

    /// <summary>One condition of a trigger.</summary>
    internal sealed class ConditionRow
    {
        /// <summary>What it is now; none where it could not be found out.</summary>
        internal Val? Current;
        /// <summary>Whether it is met now; none where that could not be found out.</summary>
        internal bool? Met;
        /// <summary>The path, of a data trigger.</summary>
        internal string? Path;
        /// <summary>The element name or relative source of the path.</summary>
        internal string? PathSource;
        /// <summary>The property, of a property trigger.</summary>
        internal string? Property;
        /// <summary>The part of the template whose property it is.</summary>
        internal string? Source;
        /// <summary>What the value must be.</summary>
        internal Val Value = new Val();

        internal static ConditionRow Read(Json json)
        {
            var fields = json.Fields("ConditionRow");
            var message = new ConditionRow();
            { var value = fields.Optional("current"); if (value != null) message.Current = Val.Read(value); }
            { var value = fields.Optional("met"); if (value != null) message.Met = value.Boolean(); }
            { var value = fields.Optional("path"); if (value != null) message.Path = value.String(); }
            { var value = fields.Optional("pathSource"); if (value != null) message.PathSource = value.String(); }
            { var value = fields.Optional("property"); if (value != null) message.Property = value.String(); }
            { var value = fields.Optional("source"); if (value != null) message.Source = value.String(); }
            { var value = fields.Required("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Current != null) { writer.Name("current"); Current.Write(writer); }
            if (Met != null) { writer.Name("met"); writer.Boolean(Met.Value); }
            if (Path != null) { writer.Name("path"); writer.String(Path); }
            if (PathSource != null) { writer.Name("pathSource"); writer.String(PathSource); }
            if (Property != null) { writer.Name("property"); writer.String(Property); }
            if (Source != null) { writer.Name("source"); writer.String(Source); }
            writer.Name("value"); Value.Write(writer);
            writer.EndObject();
        }
    }

    /// <summary>Why a walk ended before it had seen everything.</summary>
    internal enum CutReason
    {
        /// <summary>Its levels.</summary>
        Depth,
        /// <summary>Its nodes.</summary>
        Nodes,
        /// <summary>The children of some node.</summary>
        Children,
        /// <summary>The elements that it may look at.</summary>
        Visits,
        /// <summary>Its time.</summary>
        Time,
        /// <summary>Its bytes.</summary>
        Bytes,
    }

    /// <summary>A data context.</summary>
    internal sealed class DataContextFacet
    {
        /// <summary>Whether it is the same object as the parent's.</summary>
        internal bool IsInherited;
        /// <summary>Whether it tells of changes of its properties.</summary>
        internal bool Notifies;
        /// <summary>`BaseValueSource` of the property.</summary>
        internal string Source = "";
        /// <summary>The object.</summary>
        internal Val Value = new Val();

        internal static DataContextFacet Read(Json json)
        {
            var fields = json.Fields("DataContextFacet");
            var message = new DataContextFacet();
            { var value = fields.Required("isInherited"); if (value != null) message.IsInherited = value.Boolean(); }
            { var value = fields.Required("notifies"); if (value != null) message.Notifies = value.Boolean(); }
            { var value = fields.Required("source"); if (value != null) message.Source = value.String(); }
            { var value = fields.Required("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("isInherited"); writer.Boolean(IsInherited);
            writer.Name("notifies"); writer.Boolean(Notifies);
            writer.Name("source"); writer.String(Source);
            writer.Name("value"); Value.Write(writer);
            writer.EndObject();
        }
    }

    /// <summary>Asks what types are.</summary>
    internal sealed class DescribeParams
    {
        /// <summary>Whether their routed events are listed.</summary>
        internal bool Events;
        /// <summary>Of which elements, at most `super::PropsParams::ITEM_CAP`.</summary>
        internal List<ulong> Handles = new List<ulong>();
        /// <summary>Whether their dependency properties are listed.</summary>
        internal bool Properties;

        internal static DescribeParams Read(Json json)
        {
            var fields = json.Fields("DescribeParams");
            var message = new DescribeParams();
            { var value = fields.Optional("events"); if (value != null) message.Events = value.Boolean(); }
            { var value = fields.Optional("handles"); if (value != null) message.Handles = value.List(item => item.UInt64()); }
            { var value = fields.Optional("properties"); if (value != null) message.Properties = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("events"); writer.Boolean(Events);
            writer.Name("handles"); writer.BeginArray(); foreach (var item in Handles) { writer.UInt64(item); } writer.EndArray();
            writer.Name("properties"); writer.Boolean(Properties);
            writer.EndObject();
        }
    }

    /// <summary>The types.</summary>
    internal sealed class DescribeResult
    {
        /// <summary>One for each element, in their order; none for one that is gone.</summary>
        internal List<TypeFacts?> Items = new List<TypeFacts?>();
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static DescribeResult Read(Json json)
        {
            var fields = json.Fields("DescribeResult");
            var message = new DescribeResult();
            { var value = fields.Required("items"); if (value != null) message.Items = value.List(item => item.IsNull ? (TypeFacts?)null : TypeFacts.Read(item)); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("items"); writer.BeginArray(); foreach (var item in Items) { if (item == null) writer.Null(); else item.Write(writer); } writer.EndArray();
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>Runs checks.</summary>
    internal sealed class DiagParams
    {
        /// <summary>Which.</summary>
        internal List<Check> Checks = new List<Check>();
        /// <summary>Whether memory is collected first; needs the gate for destructive work.</summary>
        internal bool Collect;
        /// <summary>Rows of the answer, at most `DiagParams::ROW_CAP`.</summary>
        internal uint Max;
        /// <summary>Elements that are looked at, at most `super::WalkParams::VISIT_CAP`.</summary>
        internal uint Visit;

        internal static DiagParams Read(Json json)
        {
            var fields = json.Fields("DiagParams");
            var message = new DiagParams();
            { var value = fields.Required("checks"); if (value != null) message.Checks = value.List(item => item.Enum<Check>()); }
            { var value = fields.Optional("collect"); if (value != null) message.Collect = value.Boolean(); }
            { var value = fields.Required("max"); if (value != null) message.Max = value.UInt32(); }
            { var value = fields.Required("visit"); if (value != null) message.Visit = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("checks"); writer.BeginArray(); foreach (var item in Checks) { writer.Enum(item); } writer.EndArray();
            writer.Name("collect"); writer.Boolean(Collect);
            writer.Name("max"); writer.UInt32(Max);
            writer.Name("visit"); writer.UInt32(Visit);
            writer.EndObject();
        }
    }

    /// <summary>What the checks found.</summary>
    internal sealed class DiagResult
    {
        /// <summary>Bindings that are alive, where leaks were looked for.</summary>
        internal uint Alive;
        /// <summary>Rows that were left out.</summary>
        internal uint Cut;
        /// <summary>Whether elements were left out.</summary>
        internal bool CutVisits;
        /// <summary>The rows.</summary>
        internal List<DiagRow> Rows = new List<DiagRow>();
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();
        /// <summary>Checks that this runtime does not let be made.</summary>
        internal List<Check> Unsupported = new List<Check>();
        /// <summary>Elements that were looked at.</summary>
        internal uint Visited;

        internal static DiagResult Read(Json json)
        {
            var fields = json.Fields("DiagResult");
            var message = new DiagResult();
            { var value = fields.Required("alive"); if (value != null) message.Alive = value.UInt32(); }
            { var value = fields.Required("cut"); if (value != null) message.Cut = value.UInt32(); }
            { var value = fields.Required("cutVisits"); if (value != null) message.CutVisits = value.Boolean(); }
            { var value = fields.Required("rows"); if (value != null) message.Rows = value.List(item => DiagRow.Read(item)); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            { var value = fields.Required("unsupported"); if (value != null) message.Unsupported = value.List(item => item.Enum<Check>()); }
            { var value = fields.Required("visited"); if (value != null) message.Visited = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("alive"); writer.UInt32(Alive);
            writer.Name("cut"); writer.UInt32(Cut);
            writer.Name("cutVisits"); writer.Boolean(CutVisits);
            writer.Name("rows"); writer.BeginArray(); foreach (var item in Rows) { item.Write(writer); } writer.EndArray();
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.Name("unsupported"); writer.BeginArray(); foreach (var item in Unsupported) { writer.Enum(item); } writer.EndArray();
            writer.Name("visited"); writer.UInt32(Visited);
            writer.EndObject();
        }
    }

    /// <summary>What a check found.</summary>
    internal sealed class DiagRow
    {
        /// <summary>Which check.</summary>
        internal Check Check;
        /// <summary>How many.</summary>
        internal uint Count;
        /// <summary>How many of them nothing else keeps alive any more: those that leak.</summary>
        internal uint Dead;
        /// <summary>The element, where it is one.</summary>
        internal ulong? Handle;
        /// <summary>The property or key that it is about.</summary>
        internal string? Name;
        /// <summary>The type that it is about.</summary>
        internal uint? Ty;
        /// <summary>A value that explains it.</summary>
        internal Val? Value;

        internal static DiagRow Read(Json json)
        {
            var fields = json.Fields("DiagRow");
            var message = new DiagRow();
            { var value = fields.Required("check"); if (value != null) message.Check = value.Enum<Check>(); }
            { var value = fields.Required("count"); if (value != null) message.Count = value.UInt32(); }
            { var value = fields.Required("dead"); if (value != null) message.Dead = value.UInt32(); }
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Optional("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Optional("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("check"); writer.Enum(Check);
            writer.Name("count"); writer.UInt32(Count);
            writer.Name("dead"); writer.UInt32(Dead);
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            if (Ty != null) { writer.Name("ty"); writer.UInt32(Ty.Value); }
            if (Value != null) { writer.Name("value"); Value.Write(writer); }
            writer.EndObject();
        }
    }

    /// <summary>How one thread is.</summary>
    internal sealed class DispatcherHealth
    {
        /// <summary>Microseconds until it answered; none when it did not.</summary>
        internal uint? AnsweredUs;
        /// <summary>Whether it has ended.</summary>
        internal bool Ended;
        /// <summary>Its number in this session.</summary>
        internal uint Id;
        /// <summary>Whether a modal window of the application disables others.</summary>
        internal bool Modal;

        internal static DispatcherHealth Read(Json json)
        {
            var fields = json.Fields("DispatcherHealth");
            var message = new DispatcherHealth();
            { var value = fields.Optional("answeredUs"); if (value != null) message.AnsweredUs = value.UInt32(); }
            { var value = fields.Required("ended"); if (value != null) message.Ended = value.Boolean(); }
            { var value = fields.Required("id"); if (value != null) message.Id = value.UInt32(); }
            { var value = fields.Required("modal"); if (value != null) message.Modal = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (AnsweredUs != null) { writer.Name("answeredUs"); writer.UInt32(AnsweredUs.Value); }
            writer.Name("ended"); writer.Boolean(Ended);
            writer.Name("id"); writer.UInt32(Id);
            writer.Name("modal"); writer.Boolean(Modal);
            writer.EndObject();
        }
    }

    /// <summary>A thread of the application that runs a dispatcher.</summary>
    internal sealed class DispatcherRow
    {
        /// <summary>Its number in this session.</summary>
        internal uint Id;
        /// <summary>Whether it is that of `Application.Current`.</summary>
        internal bool IsApplication;
        /// <summary>The thread's number in the system.</summary>
        internal uint Thread;

        internal static DispatcherRow Read(Json json)
        {
            var fields = json.Fields("DispatcherRow");
            var message = new DispatcherRow();
            { var value = fields.Required("id"); if (value != null) message.Id = value.UInt32(); }
            { var value = fields.Required("isApplication"); if (value != null) message.IsApplication = value.Boolean(); }
            { var value = fields.Required("thread"); if (value != null) message.Thread = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("id"); writer.UInt32(Id);
            writer.Name("isApplication"); writer.Boolean(IsApplication);
            writer.Name("thread"); writer.UInt32(Thread);
            writer.EndObject();
        }
    }

    /// <summary>Why a request has no result.</summary>
    internal enum ErrorCode
    {
        /// <summary>The message breaks a rule of the protocol; `message` names the field.</summary>
        BadRequest,
        /// <summary>There is no such method.</summary>
        UnknownMethod,
        /// <summary>The session's gates do not allow it.</summary>
        Denied,
        /// <summary>What was named is a secret, which is neither read nor written through the inspector.</summary>
        Secret,
        /// <summary>The handle's object is gone, or the handle was never given out.</summary>
        StaleHandle,
        /// <summary>The object is of another kind than the request needs.</summary>
        WrongKind,
        /// <summary>What was named is not there: a property, an event, a command, a resource. `data.candidates` has the nearest.</summary>
        NotFound,
        /// <summary>The value could not be brought into the target's type; `data.targetType` names it.</summary>
        ConvertFailed,
        /// <summary>What was to be written cannot be written.</summary>
        ReadOnly,
        /// <summary>The thread of the element does not answer; `data` has `dispatcher` and `modal`.</summary>
        Busy,
        /// <summary>It was begun and is not done yet; an `opDone` event with `data.op` tells its end.</summary>
        Running,
        /// <summary>It was taken back before it began.</summary>
        Cancelled,
        /// <summary>The element is in no state for it: disabled, not loaded, not visible. `data.blockers` says which.</summary>
        NotReady,
        /// <summary>This runtime or this application has no such mechanism.</summary>
        Unsupported,
        /// <summary>Code of the application threw; `data` has `type`.</summary>
        AppException,
        /// <summary>The answer would be larger than its cap.</summary>
        TooLarge,
        /// <summary>A table of the session is full: handles, tokens or subscriptions.</summary>
        Full,
        /// <summary>The session ends.</summary>
        ShuttingDown,
        /// <summary>A mistake of the inspector.</summary>
        Internal,
    }

    /// <summary>Something that happened. Which fields are there depends on its kind.</summary>
    internal sealed class Event
    {
        /// <summary>When, in 100 ns units since 1601.</summary>
        internal ulong At;
        /// <summary>The strategy of a routed event; the source of a property's value; the trouble of a binding.</summary>
        internal string? Detail;
        /// <summary>The name of that element.</summary>
        internal string? ElementName;
        /// <summary>Whether a routed event was handled; whether an error of validation came.</summary>
        internal bool? Flag;
        /// <summary>Milliseconds since the frame before.</summary>
        internal double? FrameMs;
        /// <summary>The element that it happened at.</summary>
        internal ulong? Handle;
        /// <summary>What it is.</summary>
        internal EventKind Kind;
        /// <summary>The property, member, routed event or exception.</summary>
        internal string? Name;
        /// <summary>The operation that ended.</summary>
        internal ulong? Op;
        /// <summary>Its number in the session.</summary>
        internal ulong Seq;
        /// <summary>The type of the original source of a routed event.</summary>
        internal string? SourceType;
        /// <summary>The subscription; 0 for `opDone`.</summary>
        internal ulong Subscription;
        /// <summary>The type of that element, by name.</summary>
        internal string? TypeName;
        /// <summary>The new value; of a binding the path; of an error of validation its content.</summary>
        internal Val? Value;

        internal static Event Read(Json json)
        {
            var fields = json.Fields("Event");
            var message = new Event();
            { var value = fields.Required("at"); if (value != null) message.At = value.UInt64(); }
            { var value = fields.Optional("detail"); if (value != null) message.Detail = value.String(); }
            { var value = fields.Optional("elementName"); if (value != null) message.ElementName = value.String(); }
            { var value = fields.Optional("flag"); if (value != null) message.Flag = value.Boolean(); }
            { var value = fields.Optional("frameMs"); if (value != null) message.FrameMs = value.Double(); }
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("kind"); if (value != null) message.Kind = value.Enum<EventKind>(); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Optional("op"); if (value != null) message.Op = value.UInt64(); }
            { var value = fields.Required("seq"); if (value != null) message.Seq = value.UInt64(); }
            { var value = fields.Optional("sourceType"); if (value != null) message.SourceType = value.String(); }
            { var value = fields.Required("subscription"); if (value != null) message.Subscription = value.UInt64(); }
            { var value = fields.Optional("typeName"); if (value != null) message.TypeName = value.String(); }
            { var value = fields.Optional("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("at"); writer.UInt64(At);
            if (Detail != null) { writer.Name("detail"); writer.String(Detail); }
            if (ElementName != null) { writer.Name("elementName"); writer.String(ElementName); }
            if (Flag != null) { writer.Name("flag"); writer.Boolean(Flag.Value); }
            if (FrameMs != null) { writer.Name("frameMs"); writer.Double(FrameMs.Value); }
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            writer.Name("kind"); writer.Enum(Kind);
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            if (Op != null) { writer.Name("op"); writer.UInt64(Op.Value); }
            writer.Name("seq"); writer.UInt64(Seq);
            if (SourceType != null) { writer.Name("sourceType"); writer.String(SourceType); }
            writer.Name("subscription"); writer.UInt64(Subscription);
            if (TypeName != null) { writer.Name("typeName"); writer.String(TypeName); }
            if (Value != null) { writer.Name("value"); Value.Write(writer); }
            writer.EndObject();
        }
    }

    /// <summary>A kind of event.</summary>
    internal enum EventKind
    {
        /// <summary>The value of a dependency property changed.</summary>
        Property,
        /// <summary>A routed event came by.</summary>
        Routed,
        /// <summary>A binding failed.</summary>
        Binding,
        /// <summary>An error of validation came or went.</summary>
        Validation,
        /// <summary>A property of a view model changed; needs the gate for view models.</summary>
        Member,
        /// <summary>A frame was drawn.</summary>
        Frame,
        /// <summary>Code of the application threw on a dispatcher's thread.</summary>
        Exception,
        /// <summary>An act that was `running` has ended.</summary>
        OpDone,
    }

    /// <summary>A routed event.</summary>
    internal sealed class EventRow
    {
        /// <summary>Its name.</summary>
        internal string Name = "";
        /// <summary>The type that declares it.</summary>
        internal string Owner = "";
        /// <summary>`Bubble`, `Tunnel` or `Direct`.</summary>
        internal string Strategy = "";

        internal static EventRow Read(Json json)
        {
            var fields = json.Fields("EventRow");
            var message = new EventRow();
            { var value = fields.Required("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Required("owner"); if (value != null) message.Owner = value.String(); }
            { var value = fields.Required("strategy"); if (value != null) message.Strategy = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("name"); writer.String(Name);
            writer.Name("owner"); writer.String(Owner);
            writer.Name("strategy"); writer.String(Strategy);
            writer.EndObject();
        }
    }

    /// <summary>Reads what was kept. Reading takes nothing away.</summary>
    internal sealed class EventsParams
    {
        /// <summary>Those after this number.</summary>
        internal ulong After;
        /// <summary>At most `EventsParams::CAP`.</summary>
        internal uint Max;
        /// <summary>Of which subscriptions; none for all.</summary>
        internal List<ulong> Subscriptions = new List<ulong>();

        internal static EventsParams Read(Json json)
        {
            var fields = json.Fields("EventsParams");
            var message = new EventsParams();
            { var value = fields.Required("after"); if (value != null) message.After = value.UInt64(); }
            { var value = fields.Required("max"); if (value != null) message.Max = value.UInt32(); }
            { var value = fields.Optional("subscriptions"); if (value != null) message.Subscriptions = value.List(item => item.UInt64()); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("after"); writer.UInt64(After);
            writer.Name("max"); writer.UInt32(Max);
            writer.Name("subscriptions"); writer.BeginArray(); foreach (var item in Subscriptions) { writer.UInt64(item); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>What was kept.</summary>
    internal sealed class EventsResult
    {
        /// <summary>Events after `after` that were not kept.</summary>
        internal uint Dropped;
        /// <summary>The events, the oldest first.</summary>
        internal List<Event> Events = new List<Event>();
        /// <summary>How many more there are.</summary>
        internal uint More;
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static EventsResult Read(Json json)
        {
            var fields = json.Fields("EventsResult");
            var message = new EventsResult();
            { var value = fields.Required("dropped"); if (value != null) message.Dropped = value.UInt32(); }
            { var value = fields.Required("events"); if (value != null) message.Events = value.List(item => Event.Read(item)); }
            { var value = fields.Required("more"); if (value != null) message.More = value.UInt32(); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("dropped"); writer.UInt32(Dropped);
            writer.Name("events"); writer.BeginArray(); foreach (var item in Events) { item.Write(writer); } writer.EndArray();
            writer.Name("more"); writer.UInt32(More);
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>A kind of facts.</summary>
    internal enum Facet
    {
        /// <summary>Sizes, margins, alignments, places.</summary>
        Layout,
        /// <summary>What cuts it off.</summary>
        Clip,
        /// <summary>How it scrolls, or the nearest that does.</summary>
        Scroll,
        /// <summary>Who has the keyboard.</summary>
        Focus,
        /// <summary>The command behind it.</summary>
        Command,
        /// <summary>Errors of validation.</summary>
        Validation,
        /// <summary>Its automation peer.</summary>
        Automation,
        /// <summary>The styles that it has.</summary>
        Style,
        /// <summary>The triggers of its style and templates.</summary>
        Triggers,
        /// <summary>Its templates.</summary>
        Template,
        /// <summary>The handlers of one routed event.</summary>
        Handlers,
        /// <summary>Its items.</summary>
        Items,
        /// <summary>Its data context; needs the gate for view models.</summary>
        DataContext,
    }

    /// <summary>Asks for facets.</summary>
    internal sealed class FacetsParams
    {
        /// <summary>The routed event of `Facet::Handlers`.</summary>
        internal string? Event;
        /// <summary>Which.</summary>
        internal List<Facet> Facets = new List<Facet>();
        /// <summary>Of which elements, at most `FacetsParams::HANDLE_CAP`.</summary>
        internal List<ulong> Handles = new List<ulong>();
        /// <summary>Whether the conditions of triggers are followed into view models; needs the gate for view models.</summary>
        internal bool Resolve;
        /// <summary>Characters of a text, at most `super::WalkParams::TEXT_CAP`.</summary>
        internal uint Text;

        internal static FacetsParams Read(Json json)
        {
            var fields = json.Fields("FacetsParams");
            var message = new FacetsParams();
            { var value = fields.Optional("event"); if (value != null) message.Event = value.String(); }
            { var value = fields.Required("facets"); if (value != null) message.Facets = value.List(item => item.Enum<Facet>()); }
            { var value = fields.Required("handles"); if (value != null) message.Handles = value.List(item => item.UInt64()); }
            { var value = fields.Optional("resolve"); if (value != null) message.Resolve = value.Boolean(); }
            { var value = fields.Required("text"); if (value != null) message.Text = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Event != null) { writer.Name("event"); writer.String(Event); }
            writer.Name("facets"); writer.BeginArray(); foreach (var item in Facets) { writer.Enum(item); } writer.EndArray();
            writer.Name("handles"); writer.BeginArray(); foreach (var item in Handles) { writer.UInt64(item); } writer.EndArray();
            writer.Name("resolve"); writer.Boolean(Resolve);
            writer.Name("text"); writer.UInt32(Text);
            writer.EndObject();
        }
    }

    /// <summary>The facets.</summary>
    internal sealed class FacetsResult
    {
        /// <summary>One for each element, in their order.</summary>
        internal List<FacetsRow> Items = new List<FacetsRow>();
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static FacetsResult Read(Json json)
        {
            var fields = json.Fields("FacetsResult");
            var message = new FacetsResult();
            { var value = fields.Required("items"); if (value != null) message.Items = value.List(item => FacetsRow.Read(item)); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("items"); writer.BeginArray(); foreach (var item in Items) { item.Write(writer); } writer.EndArray();
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>The facets of one element: those that were asked for and that it has.</summary>
    internal sealed class FacetsRow
    {
        /// <summary>See `Facet::Automation`.</summary>
        internal AutomationFacet? Automation;
        /// <summary>See `Facet::Clip`.</summary>
        internal ClipFacet? Clip;
        /// <summary>See `Facet::Command`.</summary>
        internal CommandFacet? Command;
        /// <summary>See `Facet::DataContext`.</summary>
        internal DataContextFacet? DataContext;
        /// <summary>Why there are no facets.</summary>
        internal WireError? Error;
        /// <summary>See `Facet::Focus`.</summary>
        internal FocusFacet? Focus;
        /// <summary>The element.</summary>
        internal ulong Handle;
        /// <summary>See `Facet::Handlers`.</summary>
        internal HandlersFacet? Handlers;
        /// <summary>See `Facet::Items`.</summary>
        internal ItemsFacet? Items;
        /// <summary>See `Facet::Layout`.</summary>
        internal LayoutFacet? Layout;
        /// <summary>See `Facet::Scroll`.</summary>
        internal ScrollFacet? Scroll;
        /// <summary>See `Facet::Style`.</summary>
        internal List<StyleRow>? Style;
        /// <summary>See `Facet::Template`.</summary>
        internal TemplateFacet? Template;
        /// <summary>See `Facet::Triggers`.</summary>
        internal List<TriggerRow>? Triggers;
        /// <summary>Its type.</summary>
        internal uint? Ty;
        /// <summary>See `Facet::Validation`.</summary>
        internal List<ValidationRow>? Validation;

        internal static FacetsRow Read(Json json)
        {
            var fields = json.Fields("FacetsRow");
            var message = new FacetsRow();
            { var value = fields.Optional("automation"); if (value != null) message.Automation = AutomationFacet.Read(value); }
            { var value = fields.Optional("clip"); if (value != null) message.Clip = ClipFacet.Read(value); }
            { var value = fields.Optional("command"); if (value != null) message.Command = CommandFacet.Read(value); }
            { var value = fields.Optional("dataContext"); if (value != null) message.DataContext = DataContextFacet.Read(value); }
            { var value = fields.Optional("error"); if (value != null) message.Error = WireError.Read(value); }
            { var value = fields.Optional("focus"); if (value != null) message.Focus = FocusFacet.Read(value); }
            { var value = fields.Required("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Optional("handlers"); if (value != null) message.Handlers = HandlersFacet.Read(value); }
            { var value = fields.Optional("items"); if (value != null) message.Items = ItemsFacet.Read(value); }
            { var value = fields.Optional("layout"); if (value != null) message.Layout = LayoutFacet.Read(value); }
            { var value = fields.Optional("scroll"); if (value != null) message.Scroll = ScrollFacet.Read(value); }
            { var value = fields.Optional("style"); if (value != null) message.Style = value.List(item => StyleRow.Read(item)); }
            { var value = fields.Optional("template"); if (value != null) message.Template = TemplateFacet.Read(value); }
            { var value = fields.Optional("triggers"); if (value != null) message.Triggers = value.List(item => TriggerRow.Read(item)); }
            { var value = fields.Optional("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Optional("validation"); if (value != null) message.Validation = value.List(item => ValidationRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Automation != null) { writer.Name("automation"); Automation.Write(writer); }
            if (Clip != null) { writer.Name("clip"); Clip.Write(writer); }
            if (Command != null) { writer.Name("command"); Command.Write(writer); }
            if (DataContext != null) { writer.Name("dataContext"); DataContext.Write(writer); }
            if (Error != null) { writer.Name("error"); Error.Write(writer); }
            if (Focus != null) { writer.Name("focus"); Focus.Write(writer); }
            writer.Name("handle"); writer.UInt64(Handle);
            if (Handlers != null) { writer.Name("handlers"); Handlers.Write(writer); }
            if (Items != null) { writer.Name("items"); Items.Write(writer); }
            if (Layout != null) { writer.Name("layout"); Layout.Write(writer); }
            if (Scroll != null) { writer.Name("scroll"); Scroll.Write(writer); }
            if (Style != null) { writer.Name("style"); writer.BeginArray(); foreach (var item in Style) { item.Write(writer); } writer.EndArray(); }
            if (Template != null) { writer.Name("template"); Template.Write(writer); }
            if (Triggers != null) { writer.Name("triggers"); writer.BeginArray(); foreach (var item in Triggers) { item.Write(writer); } writer.EndArray(); }
            if (Ty != null) { writer.Name("ty"); writer.UInt32(Ty.Value); }
            if (Validation != null) { writer.Name("validation"); writer.BeginArray(); foreach (var item in Validation) { item.Write(writer); } writer.EndArray(); }
            writer.EndObject();
        }
    }

    /// <summary>Which nodes are wanted: those that meet all that is said. Texts are compared without regard to case.</summary>
    internal sealed class Find
    {
        /// <summary>`AutomationProperties.AutomationId`.</summary>
        internal string? AutomationId;
        /// <summary>Whether a text that contains what is said counts, and not an equal one alone.</summary>
        internal bool Contains;
        /// <summary>Whether a type that derives from one of `types` counts.</summary>
        internal bool Derived;
        /// <summary>`x:Name`.</summary>
        internal string? Name;
        /// <summary>A property that the element has.</summary>
        internal string? Property;
        /// <summary>Any of type, names, automation id and text.</summary>
        internal string? Query;
        /// <summary>Types by their own or full names: one of them.</summary>
        internal List<string> Types = new List<string>();
        /// <summary>The property's value as text.</summary>
        internal string? Value;

        internal static Find Read(Json json)
        {
            var fields = json.Fields("Find");
            var message = new Find();
            { var value = fields.Optional("automationId"); if (value != null) message.AutomationId = value.String(); }
            { var value = fields.Optional("contains"); if (value != null) message.Contains = value.Boolean(); }
            { var value = fields.Optional("derived"); if (value != null) message.Derived = value.Boolean(); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Optional("property"); if (value != null) message.Property = value.String(); }
            { var value = fields.Optional("query"); if (value != null) message.Query = value.String(); }
            { var value = fields.Optional("types"); if (value != null) message.Types = value.List(item => item.String()); }
            { var value = fields.Optional("value"); if (value != null) message.Value = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (AutomationId != null) { writer.Name("automationId"); writer.String(AutomationId); }
            writer.Name("contains"); writer.Boolean(Contains);
            writer.Name("derived"); writer.Boolean(Derived);
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            if (Property != null) { writer.Name("property"); writer.String(Property); }
            if (Query != null) { writer.Name("query"); writer.String(Query); }
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { writer.String(item); } writer.EndArray();
            if (Value != null) { writer.Name("value"); writer.String(Value); }
            writer.EndObject();
        }
    }

    /// <summary>Who has the keyboard.</summary>
    internal sealed class FocusFacet
    {
        /// <summary>`Focusable`.</summary>
        internal bool Focusable;
        /// <summary>`IsKeyboardFocused`.</summary>
        internal bool HasKeyboard;
        /// <summary>`IsKeyboardFocusWithin`.</summary>
        internal bool HasKeyboardWithin;
        /// <summary>`Keyboard.FocusedElement` of its thread.</summary>
        internal ulong? Keyboard;
        /// <summary>Its type.</summary>
        internal uint? KeyboardTy;
        /// <summary>`FocusManager.GetFocusedElement` of its scope.</summary>
        internal ulong? Logical;
        /// <summary>Its type.</summary>
        internal uint? LogicalTy;
        /// <summary>`IsTabStop`, where it is a control.</summary>
        internal bool? TabStop;
        /// <summary>The window of the element.</summary>
        internal ulong? Window;
        /// <summary>Whether that window is active.</summary>
        internal bool WindowActive;

        internal static FocusFacet Read(Json json)
        {
            var fields = json.Fields("FocusFacet");
            var message = new FocusFacet();
            { var value = fields.Required("focusable"); if (value != null) message.Focusable = value.Boolean(); }
            { var value = fields.Required("hasKeyboard"); if (value != null) message.HasKeyboard = value.Boolean(); }
            { var value = fields.Required("hasKeyboardWithin"); if (value != null) message.HasKeyboardWithin = value.Boolean(); }
            { var value = fields.Optional("keyboard"); if (value != null) message.Keyboard = value.UInt64(); }
            { var value = fields.Optional("keyboardTy"); if (value != null) message.KeyboardTy = value.UInt32(); }
            { var value = fields.Optional("logical"); if (value != null) message.Logical = value.UInt64(); }
            { var value = fields.Optional("logicalTy"); if (value != null) message.LogicalTy = value.UInt32(); }
            { var value = fields.Optional("tabStop"); if (value != null) message.TabStop = value.Boolean(); }
            { var value = fields.Optional("window"); if (value != null) message.Window = value.UInt64(); }
            { var value = fields.Required("windowActive"); if (value != null) message.WindowActive = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("focusable"); writer.Boolean(Focusable);
            writer.Name("hasKeyboard"); writer.Boolean(HasKeyboard);
            writer.Name("hasKeyboardWithin"); writer.Boolean(HasKeyboardWithin);
            if (Keyboard != null) { writer.Name("keyboard"); writer.UInt64(Keyboard.Value); }
            if (KeyboardTy != null) { writer.Name("keyboardTy"); writer.UInt32(KeyboardTy.Value); }
            if (Logical != null) { writer.Name("logical"); writer.UInt64(Logical.Value); }
            if (LogicalTy != null) { writer.Name("logicalTy"); writer.UInt32(LogicalTy.Value); }
            if (TabStop != null) { writer.Name("tabStop"); writer.Boolean(TabStop.Value); }
            if (Window != null) { writer.Name("window"); writer.UInt64(Window.Value); }
            writer.Name("windowActive"); writer.Boolean(WindowActive);
            writer.EndObject();
        }
    }

    /// <summary>A handler of an event.</summary>
    internal sealed class HandlerRow
    {
        /// <summary>Whether it wants handled events too.</summary>
        internal bool HandledToo;
        /// <summary>The type of the delegate.</summary>
        internal string Handler = "";
        /// <summary>Whether every element of a type has it.</summary>
        internal bool IsClass;
        /// <summary>The method.</summary>
        internal string Method = "";
        /// <summary>The type that has the method.</summary>
        internal string Target = "";

        internal static HandlerRow Read(Json json)
        {
            var fields = json.Fields("HandlerRow");
            var message = new HandlerRow();
            { var value = fields.Required("handledToo"); if (value != null) message.HandledToo = value.Boolean(); }
            { var value = fields.Required("handler"); if (value != null) message.Handler = value.String(); }
            { var value = fields.Required("isClass"); if (value != null) message.IsClass = value.Boolean(); }
            { var value = fields.Required("method"); if (value != null) message.Method = value.String(); }
            { var value = fields.Required("target"); if (value != null) message.Target = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("handledToo"); writer.Boolean(HandledToo);
            writer.Name("handler"); writer.String(Handler);
            writer.Name("isClass"); writer.Boolean(IsClass);
            writer.Name("method"); writer.String(Method);
            writer.Name("target"); writer.String(Target);
            writer.EndObject();
        }
    }

    /// <summary>The handlers of one event.</summary>
    internal sealed class HandlersFacet
    {
        /// <summary>The event with its owner: `ButtonBase.Click`.</summary>
        internal string Event = "";
        /// <summary>The handlers.</summary>
        internal List<HandlerRow> Handlers = new List<HandlerRow>();
        /// <summary>Its strategy.</summary>
        internal string Strategy = "";
        /// <summary>Whether this runtime lets them be listed.</summary>
        internal bool Supported;

        internal static HandlersFacet Read(Json json)
        {
            var fields = json.Fields("HandlersFacet");
            var message = new HandlersFacet();
            { var value = fields.Required("event"); if (value != null) message.Event = value.String(); }
            { var value = fields.Required("handlers"); if (value != null) message.Handlers = value.List(item => HandlerRow.Read(item)); }
            { var value = fields.Required("strategy"); if (value != null) message.Strategy = value.String(); }
            { var value = fields.Required("supported"); if (value != null) message.Supported = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("event"); writer.String(Event);
            writer.Name("handlers"); writer.BeginArray(); foreach (var item in Handlers) { item.Write(writer); } writer.EndArray();
            writer.Name("strategy"); writer.String(Strategy);
            writer.Name("supported"); writer.Boolean(Supported);
            writer.EndObject();
        }
    }

    /// <summary>Asks every thread with a dispatcher whether it answers.</summary>
    internal sealed class HealthParams
    {
        /// <summary>How long a thread is waited for, at most `HealthParams::PROBE_CAP_MS`.</summary>
        internal uint ProbeMs;

        internal static HealthParams Read(Json json)
        {
            var fields = json.Fields("HealthParams");
            var message = new HealthParams();
            { var value = fields.Required("probeMs"); if (value != null) message.ProbeMs = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("probeMs"); writer.UInt32(ProbeMs);
            writer.EndObject();
        }
    }

    /// <summary>How the application is.</summary>
    internal sealed class HealthResult
    {
        /// <summary>Each thread.</summary>
        internal List<DispatcherHealth> Dispatchers = new List<DispatcherHealth>();
        /// <summary>Handles in use.</summary>
        internal uint Handles;
        /// <summary>Hooks of every kind that the inspector has in the application now.</summary>
        internal uint Hooks;
        /// <summary>Bytes of managed memory of the process.</summary>
        internal ulong ManagedBytes;
        /// <summary>Subscriptions in use.</summary>
        internal uint Subscriptions;
        /// <summary>Tokens in use.</summary>
        internal uint Tokens;

        internal static HealthResult Read(Json json)
        {
            var fields = json.Fields("HealthResult");
            var message = new HealthResult();
            { var value = fields.Required("dispatchers"); if (value != null) message.Dispatchers = value.List(item => DispatcherHealth.Read(item)); }
            { var value = fields.Required("handles"); if (value != null) message.Handles = value.UInt32(); }
            { var value = fields.Required("hooks"); if (value != null) message.Hooks = value.UInt32(); }
            { var value = fields.Required("managedBytes"); if (value != null) message.ManagedBytes = value.UInt64(); }
            { var value = fields.Required("subscriptions"); if (value != null) message.Subscriptions = value.UInt32(); }
            { var value = fields.Required("tokens"); if (value != null) message.Tokens = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("dispatchers"); writer.BeginArray(); foreach (var item in Dispatchers) { item.Write(writer); } writer.EndArray();
            writer.Name("handles"); writer.UInt32(Handles);
            writer.Name("hooks"); writer.UInt32(Hooks);
            writer.Name("managedBytes"); writer.UInt64(ManagedBytes);
            writer.Name("subscriptions"); writer.UInt32(Subscriptions);
            writer.Name("tokens"); writer.UInt32(Tokens);
            writer.EndObject();
        }
    }

    /// <summary>Begins the session, after both proofs.</summary>
    internal sealed class HelloParams
    {
        /// <summary>The last version that the server speaks.</summary>
        internal uint ProtocolMax;
        /// <summary>The first version that the server speaks.</summary>
        internal uint ProtocolMin;
        /// <summary>The server's build.</summary>
        internal string Server = "";

        internal static HelloParams Read(Json json)
        {
            var fields = json.Fields("HelloParams");
            var message = new HelloParams();
            { var value = fields.Required("protocolMax"); if (value != null) message.ProtocolMax = value.UInt32(); }
            { var value = fields.Required("protocolMin"); if (value != null) message.ProtocolMin = value.UInt32(); }
            { var value = fields.Required("server"); if (value != null) message.Server = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("protocolMax"); writer.UInt32(ProtocolMax);
            writer.Name("protocolMin"); writer.UInt32(ProtocolMin);
            writer.Name("server"); writer.String(Server);
            writer.EndObject();
        }
    }

    /// <summary>Who answers.</summary>
    internal sealed class HelloResult
    {
        /// <summary>`x64`, `x86` or `arm64`.</summary>
        internal string Architecture = "";
        /// <summary>The inspector's build.</summary>
        internal string Build = "";
        /// <summary>The application's threads with a dispatcher.</summary>
        internal List<DispatcherRow> Dispatchers = new List<DispatcherRow>();
        /// <summary>What this runtime has.</summary>
        internal InspectorHas Has = new InspectorHas();
        /// <summary>The process that it runs in.</summary>
        internal uint Process;
        /// <summary>The version that is spoken from now on; none when both sides have none in common, and the session ends.</summary>
        internal uint? Protocol;
        /// <summary>The last version that the inspector speaks.</summary>
        internal uint ProtocolMax;
        /// <summary>The first version that the inspector speaks.</summary>
        internal uint ProtocolMin;
        /// <summary>The runtime: `.NET Core 3.1.2`, `.NET Framework 4.8`.</summary>
        internal string Runtime = "";
        /// <summary>When that started, in 100 ns units since 1601.</summary>
        internal ulong Started;
        /// <summary>The version of WPF's assembly.</summary>
        internal string Wpf = "";

        internal static HelloResult Read(Json json)
        {
            var fields = json.Fields("HelloResult");
            var message = new HelloResult();
            { var value = fields.Required("architecture"); if (value != null) message.Architecture = value.String(); }
            { var value = fields.Required("build"); if (value != null) message.Build = value.String(); }
            { var value = fields.Required("dispatchers"); if (value != null) message.Dispatchers = value.List(item => DispatcherRow.Read(item)); }
            { var value = fields.Required("has"); if (value != null) message.Has = InspectorHas.Read(value); }
            { var value = fields.Required("process"); if (value != null) message.Process = value.UInt32(); }
            { var value = fields.Optional("protocol"); if (value != null) message.Protocol = value.UInt32(); }
            { var value = fields.Required("protocolMax"); if (value != null) message.ProtocolMax = value.UInt32(); }
            { var value = fields.Required("protocolMin"); if (value != null) message.ProtocolMin = value.UInt32(); }
            { var value = fields.Required("runtime"); if (value != null) message.Runtime = value.String(); }
            { var value = fields.Required("started"); if (value != null) message.Started = value.UInt64(); }
            { var value = fields.Required("wpf"); if (value != null) message.Wpf = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("architecture"); writer.String(Architecture);
            writer.Name("build"); writer.String(Build);
            writer.Name("dispatchers"); writer.BeginArray(); foreach (var item in Dispatchers) { item.Write(writer); } writer.EndArray();
            writer.Name("has"); Has.Write(writer);
            writer.Name("process"); writer.UInt32(Process);
            if (Protocol != null) { writer.Name("protocol"); writer.UInt32(Protocol.Value); }
            writer.Name("protocolMax"); writer.UInt32(ProtocolMax);
            writer.Name("protocolMin"); writer.UInt32(ProtocolMin);
            writer.Name("runtime"); writer.String(Runtime);
            writer.Name("started"); writer.UInt64(Started);
            writer.Name("wpf"); writer.String(Wpf);
            writer.EndObject();
        }
    }

    /// <summary>Mechanisms that not every runtime has.</summary>
    internal sealed class InspectorHas
    {
        /// <summary>Failures of bindings are told with the binding itself.</summary>
        internal bool BindingDiagnostics;
        /// <summary>Drag events can be made.</summary>
        internal bool DragEvents;
        /// <summary>The handlers of an element can be listed.</summary>
        internal bool Handlers;
        /// <summary>Changes of the visual tree are told.</summary>
        internal bool TreeChanges;

        internal static InspectorHas Read(Json json)
        {
            var fields = json.Fields("InspectorHas");
            var message = new InspectorHas();
            { var value = fields.Required("bindingDiagnostics"); if (value != null) message.BindingDiagnostics = value.Boolean(); }
            { var value = fields.Required("dragEvents"); if (value != null) message.DragEvents = value.Boolean(); }
            { var value = fields.Required("handlers"); if (value != null) message.Handlers = value.Boolean(); }
            { var value = fields.Required("treeChanges"); if (value != null) message.TreeChanges = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("bindingDiagnostics"); writer.Boolean(BindingDiagnostics);
            writer.Name("dragEvents"); writer.Boolean(DragEvents);
            writer.Name("handlers"); writer.Boolean(Handlers);
            writer.Name("treeChanges"); writer.Boolean(TreeChanges);
            writer.EndObject();
        }
    }

    /// <summary>The items of an items control.</summary>
    internal sealed class ItemsFacet
    {
        /// <summary>How many.</summary>
        internal uint Count;
        /// <summary>How many have a container now.</summary>
        internal uint Realized;
        /// <summary>The positions that are selected, at most `FacetsParams::ROW_CAP`.</summary>
        internal List<uint> Selected = new List<uint>();
        /// <summary>Whether it virtualises.</summary>
        internal bool Virtualizing;

        internal static ItemsFacet Read(Json json)
        {
            var fields = json.Fields("ItemsFacet");
            var message = new ItemsFacet();
            { var value = fields.Required("count"); if (value != null) message.Count = value.UInt32(); }
            { var value = fields.Required("realized"); if (value != null) message.Realized = value.UInt32(); }
            { var value = fields.Required("selected"); if (value != null) message.Selected = value.List(item => item.UInt32()); }
            { var value = fields.Required("virtualizing"); if (value != null) message.Virtualizing = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("count"); writer.UInt32(Count);
            writer.Name("realized"); writer.UInt32(Realized);
            writer.Name("selected"); writer.BeginArray(); foreach (var item in Selected) { writer.UInt32(item); } writer.EndArray();
            writer.Name("virtualizing"); writer.Boolean(Virtualizing);
            writer.EndObject();
        }
    }

    /// <summary>Sizes and places, in the element's own units unless said otherwise.</summary>
    internal sealed class LayoutFacet
    {
        /// <summary>`ActualWidth`, `ActualHeight`.</summary>
        internal List<double> Actual = new List<double>();
        /// <summary>`HorizontalAlignment`, `VerticalAlignment`.</summary>
        internal List<string> Alignment = new List<string>();
        /// <summary>`IsArrangeValid`.</summary>
        internal bool ArrangeValid;
        /// <summary>`DesiredSize`.</summary>
        internal List<double> Desired = new List<double>();
        /// <summary>Its place in its parent, where it has one: x, y.</summary>
        internal List<double>? InParent;
        /// <summary>Its place in its window, where it is in one: x, y, width, height.</summary>
        internal List<double>? InWindow;
        /// <summary>`Margin`: left, top, right, bottom.</summary>
        internal List<double> Margin = new List<double>();
        /// <summary>`MaxWidth`, `MaxHeight`; none for infinity.</summary>
        internal List<double?> Max = new List<double?>();
        /// <summary>`IsMeasureValid`.</summary>
        internal bool MeasureValid;
        /// <summary>`MinWidth`, `MinHeight`.</summary>
        internal List<double> Min = new List<double>();
        /// <summary>Its place on the screen in physical pixels, where it is shown: x, y, width, height.</summary>
        internal List<double>? OnScreen;
        /// <summary>`Opacity`.</summary>
        internal double Opacity;
        /// <summary>`Padding`, where it has one.</summary>
        internal List<double>? Padding;
        /// <summary>`RenderSize`.</summary>
        internal List<double> Render = new List<double>();
        /// <summary>`Visibility`.</summary>
        internal string Visibility = "";
        /// <summary>`Width`, `Height`; none for NaN.</summary>
        internal List<double?> Wanted = new List<double?>();

        internal static LayoutFacet Read(Json json)
        {
            var fields = json.Fields("LayoutFacet");
            var message = new LayoutFacet();
            { var value = fields.Required("actual"); if (value != null) message.Actual = value.List(item => item.Double()); }
            { var value = fields.Required("alignment"); if (value != null) message.Alignment = value.List(item => item.String()); }
            { var value = fields.Required("arrangeValid"); if (value != null) message.ArrangeValid = value.Boolean(); }
            { var value = fields.Required("desired"); if (value != null) message.Desired = value.List(item => item.Double()); }
            { var value = fields.Optional("inParent"); if (value != null) message.InParent = value.List(item => item.Double()); }
            { var value = fields.Optional("inWindow"); if (value != null) message.InWindow = value.List(item => item.Double()); }
            { var value = fields.Required("margin"); if (value != null) message.Margin = value.List(item => item.Double()); }
            { var value = fields.Required("max"); if (value != null) message.Max = value.List(item => item.IsNull ? (double?)null : item.Double()); }
            { var value = fields.Required("measureValid"); if (value != null) message.MeasureValid = value.Boolean(); }
            { var value = fields.Required("min"); if (value != null) message.Min = value.List(item => item.Double()); }
            { var value = fields.Optional("onScreen"); if (value != null) message.OnScreen = value.List(item => item.Double()); }
            { var value = fields.Required("opacity"); if (value != null) message.Opacity = value.Double(); }
            { var value = fields.Optional("padding"); if (value != null) message.Padding = value.List(item => item.Double()); }
            { var value = fields.Required("render"); if (value != null) message.Render = value.List(item => item.Double()); }
            { var value = fields.Required("visibility"); if (value != null) message.Visibility = value.String(); }
            { var value = fields.Required("wanted"); if (value != null) message.Wanted = value.List(item => item.IsNull ? (double?)null : item.Double()); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("actual"); writer.BeginArray(); foreach (var item in Actual) { writer.Double(item); } writer.EndArray();
            writer.Name("alignment"); writer.BeginArray(); foreach (var item in Alignment) { writer.String(item); } writer.EndArray();
            writer.Name("arrangeValid"); writer.Boolean(ArrangeValid);
            writer.Name("desired"); writer.BeginArray(); foreach (var item in Desired) { writer.Double(item); } writer.EndArray();
            if (InParent != null) { writer.Name("inParent"); writer.BeginArray(); foreach (var item in InParent) { writer.Double(item); } writer.EndArray(); }
            if (InWindow != null) { writer.Name("inWindow"); writer.BeginArray(); foreach (var item in InWindow) { writer.Double(item); } writer.EndArray(); }
            writer.Name("margin"); writer.BeginArray(); foreach (var item in Margin) { writer.Double(item); } writer.EndArray();
            writer.Name("max"); writer.BeginArray(); foreach (var item in Max) { if (item == null) writer.Null(); else writer.Double(item.Value); } writer.EndArray();
            writer.Name("measureValid"); writer.Boolean(MeasureValid);
            writer.Name("min"); writer.BeginArray(); foreach (var item in Min) { writer.Double(item); } writer.EndArray();
            if (OnScreen != null) { writer.Name("onScreen"); writer.BeginArray(); foreach (var item in OnScreen) { writer.Double(item); } writer.EndArray(); }
            writer.Name("opacity"); writer.Double(Opacity);
            if (Padding != null) { writer.Name("padding"); writer.BeginArray(); foreach (var item in Padding) { writer.Double(item); } writer.EndArray(); }
            writer.Name("render"); writer.BeginArray(); foreach (var item in Render) { writer.Double(item); } writer.EndArray();
            writer.Name("visibility"); writer.String(Visibility);
            writer.Name("wanted"); writer.BeginArray(); foreach (var item in Wanted) { if (item == null) writer.Null(); else writer.Double(item.Value); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>Lays an element out again, and tells how long that took.</summary>
    internal sealed class LayoutParams
    {
        /// <summary>`InvalidateArrange`.</summary>
        internal bool Arrange;
        /// <summary>The element; none for the main window.</summary>
        internal ulong? Handle;
        /// <summary>`InvalidateMeasure`.</summary>
        internal bool Measure;
        /// <summary>How often, at most `LayoutParams::REPEAT_CAP`.</summary>
        internal uint Repeat;
        /// <summary>`InvalidateVisual`.</summary>
        internal bool Visual;

        internal static LayoutParams Read(Json json)
        {
            var fields = json.Fields("LayoutParams");
            var message = new LayoutParams();
            { var value = fields.Optional("arrange"); if (value != null) message.Arrange = value.Boolean(); }
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Optional("measure"); if (value != null) message.Measure = value.Boolean(); }
            { var value = fields.Required("repeat"); if (value != null) message.Repeat = value.UInt32(); }
            { var value = fields.Optional("visual"); if (value != null) message.Visual = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("arrange"); writer.Boolean(Arrange);
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            writer.Name("measure"); writer.Boolean(Measure);
            writer.Name("repeat"); writer.UInt32(Repeat);
            writer.Name("visual"); writer.Boolean(Visual);
            writer.EndObject();
        }
    }

    /// <summary>How long it took.</summary>
    internal sealed class LayoutResult
    {
        /// <summary>`IsArrangeValid` after.</summary>
        internal bool ArrangeValid;
        /// <summary>`IsMeasureValid` after.</summary>
        internal bool MeasureValid;
        /// <summary>Milliseconds of each time.</summary>
        internal List<double> Ms = new List<double>();
        /// <summary>The element's type.</summary>
        internal uint Ty;
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static LayoutResult Read(Json json)
        {
            var fields = json.Fields("LayoutResult");
            var message = new LayoutResult();
            { var value = fields.Required("arrangeValid"); if (value != null) message.ArrangeValid = value.Boolean(); }
            { var value = fields.Required("measureValid"); if (value != null) message.MeasureValid = value.Boolean(); }
            { var value = fields.Required("ms"); if (value != null) message.Ms = value.List(item => item.Double()); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("arrangeValid"); writer.Boolean(ArrangeValid);
            writer.Name("measureValid"); writer.Boolean(MeasureValid);
            writer.Name("ms"); writer.BeginArray(); foreach (var item in Ms) { writer.Double(item); } writer.EndArray();
            writer.Name("ty"); writer.UInt32(Ty);
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>What a local value is.</summary>
    internal enum LocalKind
    {
        /// <summary>There is none.</summary>
        Unset,
        /// <summary>A value.</summary>
        Value,
        /// <summary>A `BindingExpression`.</summary>
        Binding,
        /// <summary>A `MultiBindingExpression`.</summary>
        MultiBinding,
        /// <summary>A `PriorityBindingExpression`.</summary>
        PriorityBinding,
        /// <summary>A reference to a dynamic resource.</summary>
        DynamicResource,
        /// <summary>Another expression.</summary>
        Expression,
    }

    /// <summary>One public property of an object.</summary>
    internal sealed class MemberRow
    {
        /// <summary>`CanExecute` without a parameter, of a command; none where asking threw.</summary>
        internal bool? CanExecute;
        /// <summary>Whether it can be read.</summary>
        internal bool CanRead;
        /// <summary>Whether it can be written.</summary>
        internal bool CanWrite;
        /// <summary>Whether it is a command.</summary>
        internal bool IsCommand;
        /// <summary>Its name.</summary>
        internal string Name = "";
        /// <summary>Milliseconds that reading took, where it took long.</summary>
        internal uint? SlowMs;
        /// <summary>Its declared type.</summary>
        internal uint Ty;
        /// <summary>Its value; one that threw is of kind `error`.</summary>
        internal Val Value = new Val();

        internal static MemberRow Read(Json json)
        {
            var fields = json.Fields("MemberRow");
            var message = new MemberRow();
            { var value = fields.Optional("canExecute"); if (value != null) message.CanExecute = value.Boolean(); }
            { var value = fields.Required("canRead"); if (value != null) message.CanRead = value.Boolean(); }
            { var value = fields.Required("canWrite"); if (value != null) message.CanWrite = value.Boolean(); }
            { var value = fields.Required("isCommand"); if (value != null) message.IsCommand = value.Boolean(); }
            { var value = fields.Required("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Optional("slowMs"); if (value != null) message.SlowMs = value.UInt32(); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Required("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (CanExecute != null) { writer.Name("canExecute"); writer.Boolean(CanExecute.Value); }
            writer.Name("canRead"); writer.Boolean(CanRead);
            writer.Name("canWrite"); writer.Boolean(CanWrite);
            writer.Name("isCommand"); writer.Boolean(IsCommand);
            writer.Name("name"); writer.String(Name);
            if (SlowMs != null) { writer.Name("slowMs"); writer.UInt32(SlowMs.Value); }
            writer.Name("ty"); writer.UInt32(Ty);
            writer.Name("value"); Value.Write(writer);
            writer.EndObject();
        }
    }

    /// <summary>A name without a property.</summary>
    internal sealed class MissingProperty
    {
        /// <summary>Whether the name fits several.</summary>
        internal bool Ambiguous;
        /// <summary>Names that were perhaps meant, or that the name fits equally well.</summary>
        internal List<string> Candidates = new List<string>();
        /// <summary>The name.</summary>
        internal string Name = "";

        internal static MissingProperty Read(Json json)
        {
            var fields = json.Fields("MissingProperty");
            var message = new MissingProperty();
            { var value = fields.Required("ambiguous"); if (value != null) message.Ambiguous = value.Boolean(); }
            { var value = fields.Required("candidates"); if (value != null) message.Candidates = value.List(item => item.String()); }
            { var value = fields.Required("name"); if (value != null) message.Name = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("ambiguous"); writer.Boolean(Ambiguous);
            writer.Name("candidates"); writer.BeginArray(); foreach (var item in Candidates) { writer.String(item); } writer.EndArray();
            writer.Name("name"); writer.String(Name);
            writer.EndObject();
        }
    }

    /// <summary>A value that is to be written: exactly one of the fields is there.</summary>
    internal sealed class NewValue
    {
        /// <summary>An object that the inspector knows.</summary>
        internal ulong? Handle;
        /// <summary>A JSON value: brought into the target's type. Objects and arrays become what XAML's attribute syntax can say.</summary>
        internal Json? Json;
        /// <summary>`null` itself.</summary>
        internal bool? Null;
        /// <summary>A resource's key, looked up from the element.</summary>
        internal string? Resource;

        internal static NewValue Read(Json json)
        {
            var fields = json.Fields("NewValue");
            var message = new NewValue();
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Optional("json"); if (value != null) message.Json = value; }
            { var value = fields.Optional("null"); if (value != null) message.Null = value.Boolean(); }
            { var value = fields.Optional("resource"); if (value != null) message.Resource = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            if (Json != null) { writer.Name("json"); writer.Raw(Json); }
            if (Null != null) { writer.Name("null"); writer.Boolean(Null.Value); }
            if (Resource != null) { writer.Name("resource"); writer.String(Resource); }
            writer.EndObject();
        }
    }

    /// <summary>One element. Its names are short because ten thousand of them may come at once.</summary>
    internal sealed class Node
    {
        /// <summary>`AutomationProperties.AutomationId`.</summary>
        internal string? Aid;
        /// <summary>`AutomationProperties.Name`.</summary>
        internal string? An;
        /// <summary>Its children that there are, listed or not.</summary>
        internal uint Cc;
        /// <summary>Levels below the beginning.</summary>
        internal uint D;
        /// <summary>See `NodeFlags`.</summary>
        internal uint Fl;
        /// <summary>The element; none for a plain object in a logical tree, which is told by its type alone.</summary>
        internal ulong? H;
        /// <summary>`x:Name`.</summary>
        internal string? N;
        /// <summary>Its children that are not listed.</summary>
        internal uint Om;
        /// <summary>The position of its parent among the nodes; none for a beginning, and in a search.</summary>
        internal uint? P;
        /// <summary>The values of the asked properties, in their order; none for one that it does not have.</summary>
        internal List<Val?> Pv = new List<Val?>();
        /// <summary>Where it lies, in physical pixels of the screen: x, y, width, height.</summary>
        internal List<double>? R;
        /// <summary>The text that it shows.</summary>
        internal string? Tx;
        /// <summary>Its type.</summary>
        internal uint Ty;

        internal static Node Read(Json json)
        {
            var fields = json.Fields("Node");
            var message = new Node();
            { var value = fields.Optional("aid"); if (value != null) message.Aid = value.String(); }
            { var value = fields.Optional("an"); if (value != null) message.An = value.String(); }
            { var value = fields.Required("cc"); if (value != null) message.Cc = value.UInt32(); }
            { var value = fields.Required("d"); if (value != null) message.D = value.UInt32(); }
            { var value = fields.Optional("fl"); if (value != null) message.Fl = value.UInt32(); }
            { var value = fields.Optional("h"); if (value != null) message.H = value.UInt64(); }
            { var value = fields.Optional("n"); if (value != null) message.N = value.String(); }
            { var value = fields.Optional("om"); if (value != null) message.Om = value.UInt32(); }
            { var value = fields.Optional("p"); if (value != null) message.P = value.UInt32(); }
            { var value = fields.Optional("pv"); if (value != null) message.Pv = value.List(item => item.IsNull ? (Val?)null : Val.Read(item)); }
            { var value = fields.Optional("r"); if (value != null) message.R = value.List(item => item.Double()); }
            { var value = fields.Optional("tx"); if (value != null) message.Tx = value.String(); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Aid != null) { writer.Name("aid"); writer.String(Aid); }
            if (An != null) { writer.Name("an"); writer.String(An); }
            writer.Name("cc"); writer.UInt32(Cc);
            writer.Name("d"); writer.UInt32(D);
            writer.Name("fl"); writer.UInt32(Fl);
            if (H != null) { writer.Name("h"); writer.UInt64(H.Value); }
            if (N != null) { writer.Name("n"); writer.String(N); }
            writer.Name("om"); writer.UInt32(Om);
            if (P != null) { writer.Name("p"); writer.UInt32(P.Value); }
            writer.Name("pv"); writer.BeginArray(); foreach (var item in Pv) { if (item == null) writer.Null(); else item.Write(writer); } writer.EndArray();
            if (R != null) { writer.Name("r"); writer.BeginArray(); foreach (var item in R) { writer.Double(item); } writer.EndArray(); }
            if (Tx != null) { writer.Name("tx"); writer.String(Tx); }
            writer.Name("ty"); writer.UInt32(Ty);
            writer.EndObject();
        }
    }

    /// <summary>What a node tells besides its handle, type and place.</summary>
    internal enum NodeField
    {
        /// <summary>Its name, automation id and automation name.</summary>
        Names,
        /// <summary>Its flags.</summary>
        Flags,
        /// <summary>Where it lies.</summary>
        Bounds,
        /// <summary>The text that it shows: of a text element, or of content that is text.</summary>
        Text,
    }

    /// <summary>Asks for the members of an object.</summary>
    internal sealed class ObjectParams
    {
        /// <summary>Whether commands alone count.</summary>
        internal bool Commands;
        /// <summary>Items of a collection that are told, at most `ObjectParams::ITEM_CAP`.</summary>
        internal uint Items;
        /// <summary>Members of the answer, at most `ObjectParams::MEMBER_CAP`.</summary>
        internal uint Max;
        /// <summary>Members; none for all public ones.</summary>
        internal List<string> Members = new List<string>();
        /// <summary>Which.</summary>
        internal ObjectRef Object = new ObjectRef();
        /// <summary>Characters of a text, at most `super::WalkParams::TEXT_CAP`.</summary>
        internal uint Text;

        internal static ObjectParams Read(Json json)
        {
            var fields = json.Fields("ObjectParams");
            var message = new ObjectParams();
            { var value = fields.Optional("commands"); if (value != null) message.Commands = value.Boolean(); }
            { var value = fields.Optional("items"); if (value != null) message.Items = value.UInt32(); }
            { var value = fields.Required("max"); if (value != null) message.Max = value.UInt32(); }
            { var value = fields.Optional("members"); if (value != null) message.Members = value.List(item => item.String()); }
            { var value = fields.Required("object"); if (value != null) message.Object = ObjectRef.Read(value); }
            { var value = fields.Required("text"); if (value != null) message.Text = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("commands"); writer.Boolean(Commands);
            writer.Name("items"); writer.UInt32(Items);
            writer.Name("max"); writer.UInt32(Max);
            writer.Name("members"); writer.BeginArray(); foreach (var item in Members) { writer.String(item); } writer.EndArray();
            writer.Name("object"); Object.Write(writer);
            writer.Name("text"); writer.UInt32(Text);
            writer.EndObject();
        }
    }

    /// <summary>An object: an element's data context, or what lies behind a handle, and the way from there.</summary>
    internal sealed class ObjectRef
    {
        /// <summary>Whether the element's data context is meant, and not the element.</summary>
        internal bool DataContext;
        /// <summary>The element or object; none for the main window.</summary>
        internal ulong? Handle;
        /// <summary>Names of properties to follow, at most `ObjectParams::PATH_CAP`.</summary>
        internal List<string> Path = new List<string>();

        internal static ObjectRef Read(Json json)
        {
            var fields = json.Fields("ObjectRef");
            var message = new ObjectRef();
            { var value = fields.Optional("dataContext"); if (value != null) message.DataContext = value.Boolean(); }
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Optional("path"); if (value != null) message.Path = value.List(item => item.String()); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("dataContext"); writer.Boolean(DataContext);
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            writer.Name("path"); writer.BeginArray(); foreach (var item in Path) { writer.String(item); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>An object.</summary>
    internal sealed class ObjectResult
    {
        /// <summary>Of a collection: how many, where that is known without walking.</summary>
        internal uint? Count;
        /// <summary>Members that were left out.</summary>
        internal uint Cut;
        /// <summary>Of a collection: the first items.</summary>
        internal List<Val> Items = new List<Val>();
        /// <summary>Its members.</summary>
        internal List<MemberRow> Members = new List<MemberRow>();
        /// <summary>Names that it has no member for.</summary>
        internal List<string> Missing = new List<string>();
        /// <summary>Whether it tells of changes of its properties.</summary>
        internal bool Notifies;
        /// <summary>Whether it tells of errors.</summary>
        internal bool TellsErrors;
        /// <summary>Its type; none for null.</summary>
        internal uint? Ty;
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();
        /// <summary>The object itself.</summary>
        internal Val Value = new Val();

        internal static ObjectResult Read(Json json)
        {
            var fields = json.Fields("ObjectResult");
            var message = new ObjectResult();
            { var value = fields.Optional("count"); if (value != null) message.Count = value.UInt32(); }
            { var value = fields.Required("cut"); if (value != null) message.Cut = value.UInt32(); }
            { var value = fields.Required("items"); if (value != null) message.Items = value.List(item => Val.Read(item)); }
            { var value = fields.Required("members"); if (value != null) message.Members = value.List(item => MemberRow.Read(item)); }
            { var value = fields.Required("missing"); if (value != null) message.Missing = value.List(item => item.String()); }
            { var value = fields.Required("notifies"); if (value != null) message.Notifies = value.Boolean(); }
            { var value = fields.Required("tellsErrors"); if (value != null) message.TellsErrors = value.Boolean(); }
            { var value = fields.Optional("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            { var value = fields.Required("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Count != null) { writer.Name("count"); writer.UInt32(Count.Value); }
            writer.Name("cut"); writer.UInt32(Cut);
            writer.Name("items"); writer.BeginArray(); foreach (var item in Items) { item.Write(writer); } writer.EndArray();
            writer.Name("members"); writer.BeginArray(); foreach (var item in Members) { item.Write(writer); } writer.EndArray();
            writer.Name("missing"); writer.BeginArray(); foreach (var item in Missing) { writer.String(item); } writer.EndArray();
            writer.Name("notifies"); writer.Boolean(Notifies);
            writer.Name("tellsErrors"); writer.Boolean(TellsErrors);
            if (Ty != null) { writer.Name("ty"); writer.UInt32(Ty.Value); }
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.Name("value"); Value.Write(writer);
            writer.EndObject();
        }
    }

    /// <summary>When a request's work is done on the application's thread.</summary>
    internal enum Pace
    {
        /// <summary>Among the application's own work.</summary>
        Normal,
        /// <summary>Once bindings and layout have settled.</summary>
        Settled,
    }

    /// <summary>One step of a path.</summary>
    internal sealed class PathStep
    {
        /// <summary>The name of the step.</summary>
        internal string Name = "";
        /// <summary>Whether the object has such a property.</summary>
        internal bool Ok;
        /// <summary>The declared type of the property, where there is one.</summary>
        internal uint? Ty;
        /// <summary>The value, where values were asked for.</summary>
        internal Val? Value;

        internal static PathStep Read(Json json)
        {
            var fields = json.Fields("PathStep");
            var message = new PathStep();
            { var value = fields.Required("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Required("ok"); if (value != null) message.Ok = value.Boolean(); }
            { var value = fields.Optional("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Optional("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("name"); writer.String(Name);
            writer.Name("ok"); writer.Boolean(Ok);
            if (Ty != null) { writer.Name("ty"); writer.UInt32(Ty.Value); }
            if (Value != null) { writer.Name("value"); Value.Write(writer); }
            writer.EndObject();
        }
    }

    /// <summary>One property of one element.</summary>
    internal sealed class PropRow
    {
        /// <summary>Whether it is being animated.</summary>
        internal bool IsAnimated;
        /// <summary>Whether it was coerced.</summary>
        internal bool IsCoerced;
        /// <summary>Whether it was set by `SetCurrentValue`.</summary>
        internal bool IsCurrent;
        /// <summary>Whether an expression makes it.</summary>
        internal bool IsExpression;
        /// <summary>The local value, where there is one: of an expression its kind as text.</summary>
        internal Val? Local;
        /// <summary>What the local value is.</summary>
        internal LocalKind LocalKind;
        /// <summary>What is declared of it, where that was asked.</summary>
        internal PropertyMeta? Meta;
        /// <summary>Its name, with the owner before it where it is attached.</summary>
        internal string Name = "";
        /// <summary>`BaseValueSource` by its name.</summary>
        internal string Source = "";
        /// <summary>The value in force.</summary>
        internal Val Value = new Val();

        internal static PropRow Read(Json json)
        {
            var fields = json.Fields("PropRow");
            var message = new PropRow();
            { var value = fields.Required("isAnimated"); if (value != null) message.IsAnimated = value.Boolean(); }
            { var value = fields.Required("isCoerced"); if (value != null) message.IsCoerced = value.Boolean(); }
            { var value = fields.Required("isCurrent"); if (value != null) message.IsCurrent = value.Boolean(); }
            { var value = fields.Required("isExpression"); if (value != null) message.IsExpression = value.Boolean(); }
            { var value = fields.Optional("local"); if (value != null) message.Local = Val.Read(value); }
            { var value = fields.Required("localKind"); if (value != null) message.LocalKind = value.Enum<LocalKind>(); }
            { var value = fields.Optional("meta"); if (value != null) message.Meta = PropertyMeta.Read(value); }
            { var value = fields.Required("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Required("source"); if (value != null) message.Source = value.String(); }
            { var value = fields.Required("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("isAnimated"); writer.Boolean(IsAnimated);
            writer.Name("isCoerced"); writer.Boolean(IsCoerced);
            writer.Name("isCurrent"); writer.Boolean(IsCurrent);
            writer.Name("isExpression"); writer.Boolean(IsExpression);
            if (Local != null) { writer.Name("local"); Local.Write(writer); }
            writer.Name("localKind"); writer.Enum(LocalKind);
            if (Meta != null) { writer.Name("meta"); Meta.Write(writer); }
            writer.Name("name"); writer.String(Name);
            writer.Name("source"); writer.String(Source);
            writer.Name("value"); Value.Write(writer);
            writer.EndObject();
        }
    }

    /// <summary>What is declared of a property for a type.</summary>
    internal sealed class PropertyMeta
    {
        /// <summary>Whether a change arranges again.</summary>
        internal bool AffectsArrange;
        /// <summary>Whether a change measures again.</summary>
        internal bool AffectsMeasure;
        /// <summary>Whether a change draws again.</summary>
        internal bool AffectsRender;
        /// <summary>Whether it binds both ways unless the binding says otherwise.</summary>
        internal bool BindsTwoWay;
        /// <summary>Whether it can be bound.</summary>
        internal bool CanBind;
        /// <summary>Whether a value can be coerced.</summary>
        internal bool Coerces;
        /// <summary>Its default value.</summary>
        internal Val Default = new Val();
        /// <summary>Whether children inherit it.</summary>
        internal bool Inherits;
        /// <summary>Whether it was registered as attached.</summary>
        internal bool IsAttached;
        /// <summary>Whether it cannot be written.</summary>
        internal bool IsReadOnly;
        /// <summary>Whether a change is told to its owner.</summary>
        internal bool Notifies;
        /// <summary>The type that declares it.</summary>
        internal uint Owner;
        /// <summary>The type of its values.</summary>
        internal uint Ty;

        internal static PropertyMeta Read(Json json)
        {
            var fields = json.Fields("PropertyMeta");
            var message = new PropertyMeta();
            { var value = fields.Required("affectsArrange"); if (value != null) message.AffectsArrange = value.Boolean(); }
            { var value = fields.Required("affectsMeasure"); if (value != null) message.AffectsMeasure = value.Boolean(); }
            { var value = fields.Required("affectsRender"); if (value != null) message.AffectsRender = value.Boolean(); }
            { var value = fields.Required("bindsTwoWay"); if (value != null) message.BindsTwoWay = value.Boolean(); }
            { var value = fields.Required("canBind"); if (value != null) message.CanBind = value.Boolean(); }
            { var value = fields.Required("coerces"); if (value != null) message.Coerces = value.Boolean(); }
            { var value = fields.Required("default"); if (value != null) message.Default = Val.Read(value); }
            { var value = fields.Required("inherits"); if (value != null) message.Inherits = value.Boolean(); }
            { var value = fields.Required("isAttached"); if (value != null) message.IsAttached = value.Boolean(); }
            { var value = fields.Required("isReadOnly"); if (value != null) message.IsReadOnly = value.Boolean(); }
            { var value = fields.Required("notifies"); if (value != null) message.Notifies = value.Boolean(); }
            { var value = fields.Required("owner"); if (value != null) message.Owner = value.UInt32(); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("affectsArrange"); writer.Boolean(AffectsArrange);
            writer.Name("affectsMeasure"); writer.Boolean(AffectsMeasure);
            writer.Name("affectsRender"); writer.Boolean(AffectsRender);
            writer.Name("bindsTwoWay"); writer.Boolean(BindsTwoWay);
            writer.Name("canBind"); writer.Boolean(CanBind);
            writer.Name("coerces"); writer.Boolean(Coerces);
            writer.Name("default"); Default.Write(writer);
            writer.Name("inherits"); writer.Boolean(Inherits);
            writer.Name("isAttached"); writer.Boolean(IsAttached);
            writer.Name("isReadOnly"); writer.Boolean(IsReadOnly);
            writer.Name("notifies"); writer.Boolean(Notifies);
            writer.Name("owner"); writer.UInt32(Owner);
            writer.Name("ty"); writer.UInt32(Ty);
            writer.EndObject();
        }
    }

    /// <summary>Which properties of an element besides those that are named.</summary>
    internal enum PropertySet
    {
        /// <summary>Those with a local value.</summary>
        Local,
        /// <summary>All that its type has.</summary>
        All,
    }

    /// <summary>The properties of one element.</summary>
    internal sealed class PropsItem
    {
        /// <summary>The element.</summary>
        internal ulong Handle;
        /// <summary>Names: `Width`, `Grid.Row`, `System.Windows.Controls.Grid.Row`; at most `PropsParams::NAME_CAP`.</summary>
        internal List<string> Names = new List<string>();
        /// <summary>A set besides.</summary>
        internal PropertySet? Set;

        internal static PropsItem Read(Json json)
        {
            var fields = json.Fields("PropsItem");
            var message = new PropsItem();
            { var value = fields.Required("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Optional("names"); if (value != null) message.Names = value.List(item => item.String()); }
            { var value = fields.Optional("set"); if (value != null) message.Set = value.Enum<PropertySet>(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("handle"); writer.UInt64(Handle);
            writer.Name("names"); writer.BeginArray(); foreach (var item in Names) { writer.String(item); } writer.EndArray();
            if (Set != null) { writer.Name("set"); writer.Enum(Set.Value); }
            writer.EndObject();
        }
    }

    /// <summary>Reads properties.</summary>
    internal sealed class PropsParams
    {
        /// <summary>Whether values come with handles of the objects that they are.</summary>
        internal bool Handles;
        /// <summary>Of which elements, at most `PropsParams::ITEM_CAP`.</summary>
        internal List<PropsItem> Items = new List<PropsItem>();
        /// <summary>Whether what is declared of each property is told.</summary>
        internal bool Meta;
        /// <summary>Characters of a text, at most `super::WalkParams::TEXT_CAP`.</summary>
        internal uint Text;
        /// <summary>Characters of each text before those that are told. As all counts of characters here, in units of UTF-16.</summary>
        internal uint TextFrom;

        internal static PropsParams Read(Json json)
        {
            var fields = json.Fields("PropsParams");
            var message = new PropsParams();
            { var value = fields.Optional("handles"); if (value != null) message.Handles = value.Boolean(); }
            { var value = fields.Required("items"); if (value != null) message.Items = value.List(item => PropsItem.Read(item)); }
            { var value = fields.Optional("meta"); if (value != null) message.Meta = value.Boolean(); }
            { var value = fields.Required("text"); if (value != null) message.Text = value.UInt32(); }
            { var value = fields.Optional("textFrom"); if (value != null) message.TextFrom = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("handles"); writer.Boolean(Handles);
            writer.Name("items"); writer.BeginArray(); foreach (var item in Items) { item.Write(writer); } writer.EndArray();
            writer.Name("meta"); writer.Boolean(Meta);
            writer.Name("text"); writer.UInt32(Text);
            writer.Name("textFrom"); writer.UInt32(TextFrom);
            writer.EndObject();
        }
    }

    /// <summary>The properties.</summary>
    internal sealed class PropsResult
    {
        /// <summary>Rows that were left out.</summary>
        internal uint Cut;
        /// <summary>One for each item, in their order.</summary>
        internal List<PropsRows> Items = new List<PropsRows>();
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static PropsResult Read(Json json)
        {
            var fields = json.Fields("PropsResult");
            var message = new PropsResult();
            { var value = fields.Required("cut"); if (value != null) message.Cut = value.UInt32(); }
            { var value = fields.Required("items"); if (value != null) message.Items = value.List(item => PropsRows.Read(item)); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("cut"); writer.UInt32(Cut);
            writer.Name("items"); writer.BeginArray(); foreach (var item in Items) { item.Write(writer); } writer.EndArray();
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>The properties of one element, or why there are none.</summary>
    internal sealed class PropsRows
    {
        /// <summary>Why there are no rows.</summary>
        internal WireError? Error;
        /// <summary>The element.</summary>
        internal ulong Handle;
        /// <summary>Names that it has no property for, each with why.</summary>
        internal List<MissingProperty> Missing = new List<MissingProperty>();
        /// <summary>The rows, those by name in the order of the names.</summary>
        internal List<PropRow> Rows = new List<PropRow>();

        internal static PropsRows Read(Json json)
        {
            var fields = json.Fields("PropsRows");
            var message = new PropsRows();
            { var value = fields.Optional("error"); if (value != null) message.Error = WireError.Read(value); }
            { var value = fields.Required("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("missing"); if (value != null) message.Missing = value.List(item => MissingProperty.Read(item)); }
            { var value = fields.Required("rows"); if (value != null) message.Rows = value.List(item => PropRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Error != null) { writer.Name("error"); Error.Write(writer); }
            writer.Name("handle"); writer.UInt64(Handle);
            writer.Name("missing"); writer.BeginArray(); foreach (var item in Missing) { item.Write(writer); } writer.EndArray();
            writer.Name("rows"); writer.BeginArray(); foreach (var item in Rows) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>Draws an element into pixels. They come as a blob, top row first, four bytes a pixel: blue, green, red, alpha.</summary>
    internal sealed class RenderParams
    {
        /// <summary>Whether adorners over it are drawn too.</summary>
        internal bool Adorners;
        /// <summary>The element; none for the main window.</summary>
        internal ulong? Handle;
        /// <summary>Pixels for one unit of the element, at most `RenderParams::SCALE_CAP`; none for what the screen has.</summary>
        internal double? Scale;
        /// <summary>Whether the size alone is wanted.</summary>
        internal bool SizeOnly;

        internal static RenderParams Read(Json json)
        {
            var fields = json.Fields("RenderParams");
            var message = new RenderParams();
            { var value = fields.Optional("adorners"); if (value != null) message.Adorners = value.Boolean(); }
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Optional("scale"); if (value != null) message.Scale = value.Double(); }
            { var value = fields.Optional("sizeOnly"); if (value != null) message.SizeOnly = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("adorners"); writer.Boolean(Adorners);
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            if (Scale != null) { writer.Name("scale"); writer.Double(Scale.Value); }
            writer.Name("sizeOnly"); writer.Boolean(SizeOnly);
            writer.EndObject();
        }
    }

    /// <summary>A picture without its pixels.</summary>
    internal sealed class RenderResult
    {
        /// <summary>How many parts another technology draws, which are missing in the picture.</summary>
        internal uint Airspace;
        /// <summary>Where it lies on the screen, in physical pixels; none where it is not shown.</summary>
        internal List<double>? Bounds;
        /// <summary>Whether secrets were covered.</summary>
        internal uint Covered;
        /// <summary>Whether popups are open, which are pictures of their own.</summary>
        internal bool HasPopups;
        /// <summary>Pixels down.</summary>
        internal uint Height;
        /// <summary>The element's size in its own units.</summary>
        internal List<double> Size = new List<double>();
        /// <summary>The element's type.</summary>
        internal uint Ty;
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();
        /// <summary>Pixels across.</summary>
        internal uint Width;

        internal static RenderResult Read(Json json)
        {
            var fields = json.Fields("RenderResult");
            var message = new RenderResult();
            { var value = fields.Required("airspace"); if (value != null) message.Airspace = value.UInt32(); }
            { var value = fields.Optional("bounds"); if (value != null) message.Bounds = value.List(item => item.Double()); }
            { var value = fields.Required("covered"); if (value != null) message.Covered = value.UInt32(); }
            { var value = fields.Required("hasPopups"); if (value != null) message.HasPopups = value.Boolean(); }
            { var value = fields.Required("height"); if (value != null) message.Height = value.UInt32(); }
            { var value = fields.Required("size"); if (value != null) message.Size = value.List(item => item.Double()); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            { var value = fields.Required("width"); if (value != null) message.Width = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("airspace"); writer.UInt32(Airspace);
            if (Bounds != null) { writer.Name("bounds"); writer.BeginArray(); foreach (var item in Bounds) { writer.Double(item); } writer.EndArray(); }
            writer.Name("covered"); writer.UInt32(Covered);
            writer.Name("hasPopups"); writer.Boolean(HasPopups);
            writer.Name("height"); writer.UInt32(Height);
            writer.Name("size"); writer.BeginArray(); foreach (var item in Size) { writer.Double(item); } writer.EndArray();
            writer.Name("ty"); writer.UInt32(Ty);
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.Name("width"); writer.UInt32(Width);
            writer.EndObject();
        }
    }

    /// <summary>A request.</summary>
    internal sealed class Request
    {
        /// <summary>After how many milliseconds the answer is not waited for any more.</summary>
        internal uint DeadlineMs;
        /// <summary>Its number, never used again in the session.</summary>
        internal ulong Id;
        /// <summary>The method.</summary>
        internal string Method = "";
        /// <summary>When the work is done.</summary>
        internal Pace Pace;
        /// <summary>What the method takes.</summary>
        internal Json? Params;

        internal static Request Read(Json json)
        {
            var fields = json.Fields("Request");
            var message = new Request();
            { var value = fields.Required("deadlineMs"); if (value != null) message.DeadlineMs = value.UInt32(); }
            { var value = fields.Required("id"); if (value != null) message.Id = value.UInt64(); }
            { var value = fields.Required("method"); if (value != null) message.Method = value.String(); }
            { var value = fields.Optional("pace"); if (value != null) message.Pace = value.Enum<Pace>(); }
            { var value = fields.Optional("params"); if (value != null) message.Params = value; }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("deadlineMs"); writer.UInt32(DeadlineMs);
            writer.Name("id"); writer.UInt64(Id);
            writer.Name("method"); writer.String(Method);
            writer.Name("pace"); writer.Enum(Pace);
            if (Params != null) { writer.Name("params"); writer.Raw(Params); }
            writer.EndObject();
        }
    }

    /// <summary>Where a resource was looked for.</summary>
    internal enum ResourceLevel
    {
        /// <summary>An element's own dictionary.</summary>
        Element,
        /// <summary>The application's.</summary>
        Application,
        /// <summary>The theme of the assembly of a type.</summary>
        Theme,
        /// <summary>The system's.</summary>
        System,
    }

    /// <summary>Looks a resource up, from an element outwards.</summary>
    internal sealed class ResourceParams
    {
        /// <summary>The element; none for the main window.</summary>
        internal ulong? From;
        /// <summary>The key as text: a string, `{x:Type Button}`, or the name of a static key such as `SystemColors.WindowBrushKey`.</summary>
        internal string Key = "";
        /// <summary>Characters of a text, at most `super::WalkParams::TEXT_CAP`.</summary>
        internal uint Text;

        internal static ResourceParams Read(Json json)
        {
            var fields = json.Fields("ResourceParams");
            var message = new ResourceParams();
            { var value = fields.Optional("from"); if (value != null) message.From = value.UInt64(); }
            { var value = fields.Required("key"); if (value != null) message.Key = value.String(); }
            { var value = fields.Required("text"); if (value != null) message.Text = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (From != null) { writer.Name("from"); writer.UInt64(From.Value); }
            writer.Name("key"); writer.String(Key);
            writer.Name("text"); writer.UInt32(Text);
            writer.EndObject();
        }
    }

    /// <summary>Where the resource is, from the element outwards; at most `super::FacetsParams::ROW_CAP`.</summary>
    internal sealed class ResourceResult
    {
        /// <summary>Keys that were perhaps meant.</summary>
        internal List<string> Candidates = new List<string>();
        /// <summary>The places.</summary>
        internal List<ResourceRow> Rows = new List<ResourceRow>();
        /// <summary>Dictionaries that were looked in.</summary>
        internal uint Searched;
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static ResourceResult Read(Json json)
        {
            var fields = json.Fields("ResourceResult");
            var message = new ResourceResult();
            { var value = fields.Required("candidates"); if (value != null) message.Candidates = value.List(item => item.String()); }
            { var value = fields.Required("rows"); if (value != null) message.Rows = value.List(item => ResourceRow.Read(item)); }
            { var value = fields.Required("searched"); if (value != null) message.Searched = value.UInt32(); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("candidates"); writer.BeginArray(); foreach (var item in Candidates) { writer.String(item); } writer.EndArray();
            writer.Name("rows"); writer.BeginArray(); foreach (var item in Rows) { item.Write(writer); } writer.EndArray();
            writer.Name("searched"); writer.UInt32(Searched);
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>A place where the resource is.</summary>
    internal sealed class ResourceRow
    {
        /// <summary>The element, where it is one.</summary>
        internal ulong? Handle;
        /// <summary>Which level.</summary>
        internal ResourceLevel Level;
        /// <summary>How many dictionaries it was merged through.</summary>
        internal uint Merged;
        /// <summary>Its name.</summary>
        internal string? Name;
        /// <summary>Its type.</summary>
        internal uint? Ty;
        /// <summary>`Source` of the dictionary that has it.</summary>
        internal string? Uri;
        /// <summary>The value.</summary>
        internal Val Value = new Val();
        /// <summary>Whether it is the one that the element gets.</summary>
        internal bool Wins;

        internal static ResourceRow Read(Json json)
        {
            var fields = json.Fields("ResourceRow");
            var message = new ResourceRow();
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("level"); if (value != null) message.Level = value.Enum<ResourceLevel>(); }
            { var value = fields.Required("merged"); if (value != null) message.Merged = value.UInt32(); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Optional("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Optional("uri"); if (value != null) message.Uri = value.String(); }
            { var value = fields.Required("value"); if (value != null) message.Value = Val.Read(value); }
            { var value = fields.Required("wins"); if (value != null) message.Wins = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            writer.Name("level"); writer.Enum(Level);
            writer.Name("merged"); writer.UInt32(Merged);
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            if (Ty != null) { writer.Name("ty"); writer.UInt32(Ty.Value); }
            if (Uri != null) { writer.Name("uri"); writer.String(Uri); }
            writer.Name("value"); Value.Write(writer);
            writer.Name("wins"); writer.Boolean(Wins);
            writer.EndObject();
        }
    }

    /// <summary>The answer to a request: a result or an error.</summary>
    internal sealed class Response
    {
        /// <summary>The bytes that follow in blob frames.</summary>
        internal uint? Blob;
        /// <summary>Why there is none.</summary>
        internal WireError? Error;
        /// <summary>The request's number.</summary>
        internal ulong Id;
        /// <summary>What the method gives.</summary>
        internal Json? Result;

        internal static Response Read(Json json)
        {
            var fields = json.Fields("Response");
            var message = new Response();
            { var value = fields.Optional("blob"); if (value != null) message.Blob = value.UInt32(); }
            { var value = fields.Optional("error"); if (value != null) message.Error = WireError.Read(value); }
            { var value = fields.Required("id"); if (value != null) message.Id = value.UInt64(); }
            { var value = fields.Optional("result"); if (value != null) message.Result = value; }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Blob != null) { writer.Name("blob"); writer.UInt32(Blob.Value); }
            if (Error != null) { writer.Name("error"); Error.Write(writer); }
            writer.Name("id"); writer.UInt64(Id);
            if (Result != null) { writer.Name("result"); writer.Raw(Result); }
            writer.EndObject();
        }
    }

    /// <summary>One root.</summary>
    internal sealed class Root
    {
        /// <summary>Where it lies, in physical pixels: x, y, width, height.</summary>
        internal List<double> Bounds = new List<double>();
        /// <summary>Its thread.</summary>
        internal uint Dispatcher;
        /// <summary>Physical pixels for 96 of its units.</summary>
        internal double Dpi;
        /// <summary>Its element.</summary>
        internal ulong Handle;
        /// <summary>The system's window that it is shown in; 0 for none.</summary>
        internal ulong Hwnd;
        /// <summary>Whether it is the active window.</summary>
        internal bool IsActive;
        /// <summary>Whether a modal window keeps it from being used.</summary>
        internal bool IsDisabled;
        /// <summary>Whether it is `Application.MainWindow`.</summary>
        internal bool IsMain;
        /// <summary>Whether it is shown.</summary>
        internal bool IsVisible;
        /// <summary>What it is.</summary>
        internal RootKind Kind;
        /// <summary>The window that owns it.</summary>
        internal ulong? Owner;
        /// <summary>The title of a window.</summary>
        internal string? Title;
        /// <summary>Its type.</summary>
        internal uint Ty;

        internal static Root Read(Json json)
        {
            var fields = json.Fields("Root");
            var message = new Root();
            { var value = fields.Required("bounds"); if (value != null) message.Bounds = value.List(item => item.Double()); }
            { var value = fields.Required("dispatcher"); if (value != null) message.Dispatcher = value.UInt32(); }
            { var value = fields.Required("dpi"); if (value != null) message.Dpi = value.Double(); }
            { var value = fields.Required("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("hwnd"); if (value != null) message.Hwnd = value.UInt64(); }
            { var value = fields.Required("isActive"); if (value != null) message.IsActive = value.Boolean(); }
            { var value = fields.Required("isDisabled"); if (value != null) message.IsDisabled = value.Boolean(); }
            { var value = fields.Required("isMain"); if (value != null) message.IsMain = value.Boolean(); }
            { var value = fields.Required("isVisible"); if (value != null) message.IsVisible = value.Boolean(); }
            { var value = fields.Required("kind"); if (value != null) message.Kind = value.Enum<RootKind>(); }
            { var value = fields.Optional("owner"); if (value != null) message.Owner = value.UInt64(); }
            { var value = fields.Optional("title"); if (value != null) message.Title = value.String(); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("bounds"); writer.BeginArray(); foreach (var item in Bounds) { writer.Double(item); } writer.EndArray();
            writer.Name("dispatcher"); writer.UInt32(Dispatcher);
            writer.Name("dpi"); writer.Double(Dpi);
            writer.Name("handle"); writer.UInt64(Handle);
            writer.Name("hwnd"); writer.UInt64(Hwnd);
            writer.Name("isActive"); writer.Boolean(IsActive);
            writer.Name("isDisabled"); writer.Boolean(IsDisabled);
            writer.Name("isMain"); writer.Boolean(IsMain);
            writer.Name("isVisible"); writer.Boolean(IsVisible);
            writer.Name("kind"); writer.Enum(Kind);
            if (Owner != null) { writer.Name("owner"); writer.UInt64(Owner.Value); }
            if (Title != null) { writer.Name("title"); writer.String(Title); }
            writer.Name("ty"); writer.UInt32(Ty);
            writer.EndObject();
        }
    }

    /// <summary>A kind of root.</summary>
    internal enum RootKind
    {
        /// <summary>A `Window`.</summary>
        Window,
        /// <summary>The content of an open `Popup`, menu or tool tip.</summary>
        Popup,
        /// <summary>WPF content in a window of another kind.</summary>
        HwndSource,
    }

    /// <summary>Asks for the roots of all trees. Without the gate for sensitive reads they come without titles.</summary>
    internal sealed class RootsParams
    {
        /// <summary>Whether windows count that are not shown.</summary>
        internal bool Hidden;

        internal static RootsParams Read(Json json)
        {
            var fields = json.Fields("RootsParams");
            var message = new RootsParams();
            { var value = fields.Optional("hidden"); if (value != null) message.Hidden = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("hidden"); writer.Boolean(Hidden);
            writer.EndObject();
        }
    }

    /// <summary>The roots.</summary>
    internal sealed class RootsResult
    {
        /// <summary>How many more there are.</summary>
        internal uint Cut;
        /// <summary>At most `RootsParams::CAP`, windows first, the main window first of them.</summary>
        internal List<Root> Roots = new List<Root>();
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static RootsResult Read(Json json)
        {
            var fields = json.Fields("RootsResult");
            var message = new RootsResult();
            { var value = fields.Required("cut"); if (value != null) message.Cut = value.UInt32(); }
            { var value = fields.Required("roots"); if (value != null) message.Roots = value.List(item => Root.Read(item)); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("cut"); writer.UInt32(Cut);
            writer.Name("roots"); writer.BeginArray(); foreach (var item in Roots) { item.Write(writer); } writer.EndArray();
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>A scroll viewer.</summary>
    internal sealed class ScrollFacet
    {
        /// <summary>Whether it scrolls by items and not by units.</summary>
        internal bool ByItem;
        /// <summary>`ComputedHorizontalScrollBarVisibility`, `ComputedVerticalScrollBarVisibility`.</summary>
        internal List<string> Computed = new List<string>();
        /// <summary>`ExtentWidth`, `ExtentHeight`.</summary>
        internal List<double> Extent = new List<double>();
        /// <summary>The `ScrollViewer`: the element, inside its template, or the nearest around it.</summary>
        internal ulong Handle;
        /// <summary>Whether it is an ancestor of the element.</summary>
        internal bool IsAncestor;
        /// <summary>`HorizontalOffset`, `VerticalOffset`.</summary>
        internal List<double> Offset = new List<double>();
        /// <summary>`ViewportWidth`, `ViewportHeight`.</summary>
        internal List<double> Viewport = new List<double>();
        /// <summary>`HorizontalScrollBarVisibility`, `VerticalScrollBarVisibility`.</summary>
        internal List<string> Visibility = new List<string>();

        internal static ScrollFacet Read(Json json)
        {
            var fields = json.Fields("ScrollFacet");
            var message = new ScrollFacet();
            { var value = fields.Required("byItem"); if (value != null) message.ByItem = value.Boolean(); }
            { var value = fields.Required("computed"); if (value != null) message.Computed = value.List(item => item.String()); }
            { var value = fields.Required("extent"); if (value != null) message.Extent = value.List(item => item.Double()); }
            { var value = fields.Required("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("isAncestor"); if (value != null) message.IsAncestor = value.Boolean(); }
            { var value = fields.Required("offset"); if (value != null) message.Offset = value.List(item => item.Double()); }
            { var value = fields.Required("viewport"); if (value != null) message.Viewport = value.List(item => item.Double()); }
            { var value = fields.Required("visibility"); if (value != null) message.Visibility = value.List(item => item.String()); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("byItem"); writer.Boolean(ByItem);
            writer.Name("computed"); writer.BeginArray(); foreach (var item in Computed) { writer.String(item); } writer.EndArray();
            writer.Name("extent"); writer.BeginArray(); foreach (var item in Extent) { writer.Double(item); } writer.EndArray();
            writer.Name("handle"); writer.UInt64(Handle);
            writer.Name("isAncestor"); writer.Boolean(IsAncestor);
            writer.Name("offset"); writer.BeginArray(); foreach (var item in Offset) { writer.Double(item); } writer.EndArray();
            writer.Name("viewport"); writer.BeginArray(); foreach (var item in Viewport) { writer.Double(item); } writer.EndArray();
            writer.Name("visibility"); writer.BeginArray(); foreach (var item in Visibility) { writer.String(item); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>A setter of a style or trigger.</summary>
    internal sealed class SetterRow
    {
        /// <summary>Whether it is an event setter.</summary>
        internal bool IsEvent;
        /// <summary>The type that declares it.</summary>
        internal uint Owner;
        /// <summary>The property, or the event of an event setter.</summary>
        internal string Property = "";
        /// <summary>The part of the template that it sets.</summary>
        internal string? Target;
        /// <summary>Its value.</summary>
        internal Val Value = new Val();

        internal static SetterRow Read(Json json)
        {
            var fields = json.Fields("SetterRow");
            var message = new SetterRow();
            { var value = fields.Required("isEvent"); if (value != null) message.IsEvent = value.Boolean(); }
            { var value = fields.Required("owner"); if (value != null) message.Owner = value.UInt32(); }
            { var value = fields.Required("property"); if (value != null) message.Property = value.String(); }
            { var value = fields.Optional("target"); if (value != null) message.Target = value.String(); }
            { var value = fields.Required("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("isEvent"); writer.Boolean(IsEvent);
            writer.Name("owner"); writer.UInt32(Owner);
            writer.Name("property"); writer.String(Property);
            if (Target != null) { writer.Name("target"); writer.String(Target); }
            writer.Name("value"); Value.Write(writer);
            writer.EndObject();
        }
    }

    /// <summary>One style of an element.</summary>
    internal sealed class StyleRow
    {
        /// <summary>Whether it has a `BasedOn`.</summary>
        internal bool HasBasedOn;
        /// <summary>Its key in a dictionary of resources, where one was found.</summary>
        internal string? Key;
        /// <summary>How many `BasedOn` lie between it and the element's own.</summary>
        internal uint Level;
        /// <summary>`style`, `basedOn` or `theme`.</summary>
        internal string Role = "";
        /// <summary>Its setters.</summary>
        internal List<SetterRow> Setters = new List<SetterRow>();
        /// <summary>`BaseValueSource` of the style, of the first one.</summary>
        internal string Source = "";
        /// <summary>`TargetType`.</summary>
        internal uint? Target;
        /// <summary>How many triggers it has.</summary>
        internal uint Triggers;

        internal static StyleRow Read(Json json)
        {
            var fields = json.Fields("StyleRow");
            var message = new StyleRow();
            { var value = fields.Required("hasBasedOn"); if (value != null) message.HasBasedOn = value.Boolean(); }
            { var value = fields.Optional("key"); if (value != null) message.Key = value.String(); }
            { var value = fields.Required("level"); if (value != null) message.Level = value.UInt32(); }
            { var value = fields.Required("role"); if (value != null) message.Role = value.String(); }
            { var value = fields.Required("setters"); if (value != null) message.Setters = value.List(item => SetterRow.Read(item)); }
            { var value = fields.Required("source"); if (value != null) message.Source = value.String(); }
            { var value = fields.Optional("target"); if (value != null) message.Target = value.UInt32(); }
            { var value = fields.Required("triggers"); if (value != null) message.Triggers = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("hasBasedOn"); writer.Boolean(HasBasedOn);
            if (Key != null) { writer.Name("key"); writer.String(Key); }
            writer.Name("level"); writer.UInt32(Level);
            writer.Name("role"); writer.String(Role);
            writer.Name("setters"); writer.BeginArray(); foreach (var item in Setters) { item.Write(writer); } writer.EndArray();
            writer.Name("source"); writer.String(Source);
            if (Target != null) { writer.Name("target"); writer.UInt32(Target.Value); }
            writer.Name("triggers"); writer.UInt32(Triggers);
            writer.EndObject();
        }
    }

    /// <summary>Asks to be told.</summary>
    internal sealed class SubscribeParams
    {
        /// <summary>The element; none for the main window, and for what belongs to no element.</summary>
        internal ulong? Handle;
        /// <summary>Whether routed events count that were handled.</summary>
        internal bool HandledToo;
        /// <summary>Of what. `OpDone` is always told.</summary>
        internal EventKind Kind;
        /// <summary>Properties, members or routed events, at most `SubscribeParams::NAME_CAP`.</summary>
        internal List<string> Names = new List<string>();
        /// <summary>Events that are kept, at most `SubscribeParams::RING_CAP`; the oldest go.</summary>
        internal uint Ring;
        /// <summary>After how long it ends by itself, at most `SubscribeParams::TTL_CAP_MS`.</summary>
        internal uint TtlMs;
        /// <summary>Whether the preview twin of a routed event, and the window of the element, are listened at too.</summary>
        internal bool WithPreview;

        internal static SubscribeParams Read(Json json)
        {
            var fields = json.Fields("SubscribeParams");
            var message = new SubscribeParams();
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Optional("handledToo"); if (value != null) message.HandledToo = value.Boolean(); }
            { var value = fields.Required("kind"); if (value != null) message.Kind = value.Enum<EventKind>(); }
            { var value = fields.Optional("names"); if (value != null) message.Names = value.List(item => item.String()); }
            { var value = fields.Required("ring"); if (value != null) message.Ring = value.UInt32(); }
            { var value = fields.Required("ttlMs"); if (value != null) message.TtlMs = value.UInt32(); }
            { var value = fields.Optional("withPreview"); if (value != null) message.WithPreview = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            writer.Name("handledToo"); writer.Boolean(HandledToo);
            writer.Name("kind"); writer.Enum(Kind);
            writer.Name("names"); writer.BeginArray(); foreach (var item in Names) { writer.String(item); } writer.EndArray();
            writer.Name("ring"); writer.UInt32(Ring);
            writer.Name("ttlMs"); writer.UInt32(TtlMs);
            writer.Name("withPreview"); writer.Boolean(WithPreview);
            writer.EndObject();
        }
    }

    /// <summary>A subscription.</summary>
    internal sealed class SubscribeResult
    {
        /// <summary>The element that is listened at.</summary>
        internal ulong? Handle;
        /// <summary>Hooks that it has in the application.</summary>
        internal uint Hooks;
        /// <summary>Where those come from.</summary>
        internal List<string> Sources = new List<string>();
        /// <summary>Its number.</summary>
        internal ulong Subscription;
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();
        /// <summary>The values of the properties as the listening began, in the order of the names.</summary>
        internal List<Val> Values = new List<Val>();

        internal static SubscribeResult Read(Json json)
        {
            var fields = json.Fields("SubscribeResult");
            var message = new SubscribeResult();
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("hooks"); if (value != null) message.Hooks = value.UInt32(); }
            { var value = fields.Required("sources"); if (value != null) message.Sources = value.List(item => item.String()); }
            { var value = fields.Required("subscription"); if (value != null) message.Subscription = value.UInt64(); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            { var value = fields.Required("values"); if (value != null) message.Values = value.List(item => Val.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            writer.Name("hooks"); writer.UInt32(Hooks);
            writer.Name("sources"); writer.BeginArray(); foreach (var item in Sources) { writer.String(item); } writer.EndArray();
            writer.Name("subscription"); writer.UInt64(Subscription);
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.Name("values"); writer.BeginArray(); foreach (var item in Values) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>The templates of an element.</summary>
    internal sealed class TemplateFacet
    {
        /// <summary>`ContentTemplate` or `ItemTemplate` is there.</summary>
        internal bool HasDataTemplate;
        /// <summary>The element whose template made this one.</summary>
        internal ulong? Parent;
        /// <summary>The root that it made.</summary>
        internal ulong? Root;
        /// <summary>`TargetType` of the control template.</summary>
        internal uint? Target;
        /// <summary>`BaseValueSource` of `Template`; none for what has none.</summary>
        internal string? TemplateSource;

        internal static TemplateFacet Read(Json json)
        {
            var fields = json.Fields("TemplateFacet");
            var message = new TemplateFacet();
            { var value = fields.Required("hasDataTemplate"); if (value != null) message.HasDataTemplate = value.Boolean(); }
            { var value = fields.Optional("parent"); if (value != null) message.Parent = value.UInt64(); }
            { var value = fields.Optional("root"); if (value != null) message.Root = value.UInt64(); }
            { var value = fields.Optional("target"); if (value != null) message.Target = value.UInt32(); }
            { var value = fields.Optional("templateSource"); if (value != null) message.TemplateSource = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("hasDataTemplate"); writer.Boolean(HasDataTemplate);
            if (Parent != null) { writer.Name("parent"); writer.UInt64(Parent.Value); }
            if (Root != null) { writer.Name("root"); writer.UInt64(Root.Value); }
            if (Target != null) { writer.Name("target"); writer.UInt32(Target.Value); }
            if (TemplateSource != null) { writer.Name("templateSource"); writer.String(TemplateSource); }
            writer.EndObject();
        }
    }

    /// <summary>Something that is kept, or why it is not.</summary>
    internal sealed class TokenRow
    {
        /// <summary>Why it is not kept.</summary>
        internal WireError? Error;
        /// <summary>The element or object.</summary>
        internal ulong? Handle;
        /// <summary>Whether it is a member of an object.</summary>
        internal bool IsMember;
        /// <summary>What the local value is.</summary>
        internal LocalKind LocalKind;
        /// <summary>The property or member; none for the focus.</summary>
        internal string? Name;
        /// <summary>Whether it can be put back.</summary>
        internal bool Restorable;
        /// <summary>Where it comes from.</summary>
        internal string? Source;
        /// <summary>Its number; none where nothing could be kept.</summary>
        internal ulong? Token;
        /// <summary>The value in force.</summary>
        internal Val Value = new Val();

        internal static TokenRow Read(Json json)
        {
            var fields = json.Fields("TokenRow");
            var message = new TokenRow();
            { var value = fields.Optional("error"); if (value != null) message.Error = WireError.Read(value); }
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("isMember"); if (value != null) message.IsMember = value.Boolean(); }
            { var value = fields.Required("localKind"); if (value != null) message.LocalKind = value.Enum<LocalKind>(); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Required("restorable"); if (value != null) message.Restorable = value.Boolean(); }
            { var value = fields.Optional("source"); if (value != null) message.Source = value.String(); }
            { var value = fields.Optional("token"); if (value != null) message.Token = value.UInt64(); }
            { var value = fields.Required("value"); if (value != null) message.Value = Val.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Error != null) { writer.Name("error"); Error.Write(writer); }
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            writer.Name("isMember"); writer.Boolean(IsMember);
            writer.Name("localKind"); writer.Enum(LocalKind);
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            writer.Name("restorable"); writer.Boolean(Restorable);
            if (Source != null) { writer.Name("source"); writer.String(Source); }
            if (Token != null) { writer.Name("token"); writer.UInt64(Token.Value); }
            writer.Name("value"); Value.Write(writer);
            writer.EndObject();
        }
    }

    /// <summary>One trigger.</summary>
    internal sealed class TriggerRow
    {
        /// <summary>Actions on entering and leaving.</summary>
        internal uint Actions;
        /// <summary>Its conditions.</summary>
        internal List<ConditionRow> Conditions = new List<ConditionRow>();
        /// <summary>Its event, of an event trigger.</summary>
        internal string? Event;
        /// <summary>`style`, `basedOn`, `theme`, `template` or `element`.</summary>
        internal string From = "";
        /// <summary>`Trigger`, `MultiTrigger`, `DataTrigger`, `MultiDataTrigger`, `EventTrigger`.</summary>
        internal string Kind = "";
        /// <summary>Its setters.</summary>
        internal List<SetterRow> Setters = new List<SetterRow>();

        internal static TriggerRow Read(Json json)
        {
            var fields = json.Fields("TriggerRow");
            var message = new TriggerRow();
            { var value = fields.Required("actions"); if (value != null) message.Actions = value.UInt32(); }
            { var value = fields.Required("conditions"); if (value != null) message.Conditions = value.List(item => ConditionRow.Read(item)); }
            { var value = fields.Optional("event"); if (value != null) message.Event = value.String(); }
            { var value = fields.Required("from"); if (value != null) message.From = value.String(); }
            { var value = fields.Required("kind"); if (value != null) message.Kind = value.String(); }
            { var value = fields.Required("setters"); if (value != null) message.Setters = value.List(item => SetterRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("actions"); writer.UInt32(Actions);
            writer.Name("conditions"); writer.BeginArray(); foreach (var item in Conditions) { item.Write(writer); } writer.EndArray();
            if (Event != null) { writer.Name("event"); writer.String(Event); }
            writer.Name("from"); writer.String(From);
            writer.Name("kind"); writer.String(Kind);
            writer.Name("setters"); writer.BeginArray(); foreach (var item in Setters) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>One type.</summary>
    internal sealed class TypeFacts
    {
        /// <summary>Its assembly's name and version.</summary>
        internal string Assembly = "";
        /// <summary>What it derives from, the nearest first, by full names.</summary>
        internal List<string> Bases = new List<string>();
        /// <summary>Its routed events, at most `DescribeParams::ROW_CAP`.</summary>
        internal List<EventRow> Events = new List<EventRow>();
        /// <summary>Its dependency properties by name, at most `DescribeParams::ROW_CAP`.</summary>
        internal List<string> Properties = new List<string>();
        /// <summary>Which.</summary>
        internal uint Ty;

        internal static TypeFacts Read(Json json)
        {
            var fields = json.Fields("TypeFacts");
            var message = new TypeFacts();
            { var value = fields.Required("assembly"); if (value != null) message.Assembly = value.String(); }
            { var value = fields.Required("bases"); if (value != null) message.Bases = value.List(item => item.String()); }
            { var value = fields.Required("events"); if (value != null) message.Events = value.List(item => EventRow.Read(item)); }
            { var value = fields.Required("properties"); if (value != null) message.Properties = value.List(item => item.String()); }
            { var value = fields.Required("ty"); if (value != null) message.Ty = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("assembly"); writer.String(Assembly);
            writer.Name("bases"); writer.BeginArray(); foreach (var item in Bases) { writer.String(item); } writer.EndArray();
            writer.Name("events"); writer.BeginArray(); foreach (var item in Events) { item.Write(writer); } writer.EndArray();
            writer.Name("properties"); writer.BeginArray(); foreach (var item in Properties) { writer.String(item); } writer.EndArray();
            writer.Name("ty"); writer.UInt32(Ty);
            writer.EndObject();
        }
    }

    /// <summary>What a message's type numbers mean. Each message explains all that it uses.</summary>
    internal sealed class TypeRow
    {
        /// <summary>With its namespace: `System.Windows.Controls.Button`.</summary>
        internal string Full = "";
        /// <summary>The number, good for this session.</summary>
        internal uint Id;
        /// <summary>The type's own name: `Button`.</summary>
        internal string Name = "";

        internal static TypeRow Read(Json json)
        {
            var fields = json.Fields("TypeRow");
            var message = new TypeRow();
            { var value = fields.Required("full"); if (value != null) message.Full = value.String(); }
            { var value = fields.Required("id"); if (value != null) message.Id = value.UInt32(); }
            { var value = fields.Required("name"); if (value != null) message.Name = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("full"); writer.String(Full);
            writer.Name("id"); writer.UInt32(Id);
            writer.Name("name"); writer.String(Name);
            writer.EndObject();
        }
    }

    /// <summary>Ends subscriptions.</summary>
    internal sealed class UnsubscribeParams
    {
        /// <summary>Which; none for all.</summary>
        internal List<ulong> Subscriptions = new List<ulong>();

        internal static UnsubscribeParams Read(Json json)
        {
            var fields = json.Fields("UnsubscribeParams");
            var message = new UnsubscribeParams();
            { var value = fields.Optional("subscriptions"); if (value != null) message.Subscriptions = value.List(item => item.UInt64()); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("subscriptions"); writer.BeginArray(); foreach (var item in Subscriptions) { writer.UInt64(item); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>What ended.</summary>
    internal sealed class UnsubscribeResult
    {
        /// <summary>Hooks that go when their thread answers again.</summary>
        internal uint Left;
        /// <summary>Hooks that were removed.</summary>
        internal uint Removed;

        internal static UnsubscribeResult Read(Json json)
        {
            var fields = json.Fields("UnsubscribeResult");
            var message = new UnsubscribeResult();
            { var value = fields.Required("left"); if (value != null) message.Left = value.UInt32(); }
            { var value = fields.Required("removed"); if (value != null) message.Removed = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("left"); writer.UInt32(Left);
            writer.Name("removed"); writer.UInt32(Removed);
            writer.EndObject();
        }
    }

    /// <summary>One value.</summary>
    internal sealed class Val
    {
        /// <summary>The object, where handles were asked for.</summary>
        internal ulong? H;
        /// <summary>What it is.</summary>
        internal ValKind K;
        /// <summary>The characters of the whole text, where it was cut.</summary>
        internal uint? N;
        /// <summary>Its text in the invariant culture, cut at the request's cap.</summary>
        internal string? S;
        /// <summary>Its type, by the number that the message's `types` explain.</summary>
        internal uint? Ty;
        /// <summary>The value, where JSON has one for it.</summary>
        internal Json? V;

        internal static Val Read(Json json)
        {
            var fields = json.Fields("Val");
            var message = new Val();
            { var value = fields.Optional("h"); if (value != null) message.H = value.UInt64(); }
            { var value = fields.Required("k"); if (value != null) message.K = value.Enum<ValKind>(); }
            { var value = fields.Optional("n"); if (value != null) message.N = value.UInt32(); }
            { var value = fields.Optional("s"); if (value != null) message.S = value.String(); }
            { var value = fields.Optional("ty"); if (value != null) message.Ty = value.UInt32(); }
            { var value = fields.Optional("v"); if (value != null) message.V = value; }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (H != null) { writer.Name("h"); writer.UInt64(H.Value); }
            writer.Name("k"); writer.Enum(K);
            if (N != null) { writer.Name("n"); writer.UInt32(N.Value); }
            if (S != null) { writer.Name("s"); writer.String(S); }
            if (Ty != null) { writer.Name("ty"); writer.UInt32(Ty.Value); }
            if (V != null) { writer.Name("v"); writer.Raw(V); }
            writer.EndObject();
        }
    }

    /// <summary>What a value is.</summary>
    internal enum ValKind
    {
        /// <summary>`null`.</summary>
        Null,
        /// <summary>`v` is a boolean.</summary>
        Bool,
        /// <summary>`v` is a whole number.</summary>
        Int,
        /// <summary>`v` is a number, or "NaN", "Infinity" or "-Infinity".</summary>
        Float,
        /// <summary>`s` is the text.</summary>
        String,
        /// <summary>`s` is the name, `v` the number.</summary>
        Enum,
        /// <summary>`s` is `#AARRGGBB`.</summary>
        Color,
        /// <summary>`s` is the colour of a solid brush, or the type of another one.</summary>
        Brush,
        /// <summary>`v` is four numbers: left, top, right, bottom.</summary>
        Thickness,
        /// <summary>`v` is four numbers: top left, top right, bottom right, bottom left.</summary>
        CornerRadius,
        /// <summary>`v` is two numbers.</summary>
        Size,
        /// <summary>`v` is two numbers.</summary>
        Point,
        /// <summary>`v` is four numbers: x, y, width, height.</summary>
        Rect,
        /// <summary>`v` is six numbers.</summary>
        Matrix,
        /// <summary>`s` as XAML writes it.</summary>
        GridLength,
        /// <summary>`s` as it was made.</summary>
        Uri,
        /// <summary>`s` in ISO 8601 or as XAML writes it.</summary>
        Time,
        /// <summary>`s` is the full name.</summary>
        Type,
        /// <summary>`v` is the count when it is known without walking.</summary>
        Collection,
        /// <summary>Anything else; `s` is its text when it has one of its own.</summary>
        Object,
        /// <summary>`DependencyProperty.UnsetValue`.</summary>
        Unset,
        /// <summary>Reading it threw; `s` is the exception's type.</summary>
        Error,
        /// <summary>A secret: a password box's, or under a name that says so. There is no `v` and no `s`.</summary>
        Redacted,
    }

    /// <summary>One error of validation.</summary>
    internal sealed class ValidationRow
    {
        /// <summary>`ErrorContent` as text.</summary>
        internal Val Content = new Val();
        /// <summary>The type of the exception, where one was thrown.</summary>
        internal string? Exception;
        /// <summary>Whether a rule of the binding found it, and not the source itself.</summary>
        internal bool IsRuleError;
        /// <summary>The path of the binding in error.</summary>
        internal string? Path;
        /// <summary>The property that is bound.</summary>
        internal string? Property;
        /// <summary>The type of the rule.</summary>
        internal string? Rule;

        internal static ValidationRow Read(Json json)
        {
            var fields = json.Fields("ValidationRow");
            var message = new ValidationRow();
            { var value = fields.Required("content"); if (value != null) message.Content = Val.Read(value); }
            { var value = fields.Optional("exception"); if (value != null) message.Exception = value.String(); }
            { var value = fields.Required("isRuleError"); if (value != null) message.IsRuleError = value.Boolean(); }
            { var value = fields.Optional("path"); if (value != null) message.Path = value.String(); }
            { var value = fields.Optional("property"); if (value != null) message.Property = value.String(); }
            { var value = fields.Optional("rule"); if (value != null) message.Rule = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("content"); Content.Write(writer);
            if (Exception != null) { writer.Name("exception"); writer.String(Exception); }
            writer.Name("isRuleError"); writer.Boolean(IsRuleError);
            if (Path != null) { writer.Name("path"); writer.String(Path); }
            if (Property != null) { writer.Name("property"); writer.String(Property); }
            if (Rule != null) { writer.Name("rule"); writer.String(Rule); }
            writer.EndObject();
        }
    }

    /// <summary>Walks a tree.</summary>
    internal sealed class WalkParams
    {
        /// <summary>Which way.</summary>
        internal Axis Axis;
        /// <summary>Levels below the beginning, at most `WalkParams::DEPTH_CAP`.</summary>
        internal uint Depth;
        /// <summary>What nodes tell.</summary>
        internal List<NodeField> Fields = new List<NodeField>();
        /// <summary>Which nodes are wanted; without it all that are met.</summary>
        internal Find? Find;
        /// <summary>Where it begins, at most `WalkParams::FROM_CAP`; none for the main window, or the first root where there is none.</summary>
        internal List<ulong> From = new List<ulong>();
        /// <summary>Nodes of the answer, at most `WalkParams::NODE_CAP`.</summary>
        internal uint Max;
        /// <summary>Children of one node, at most `WalkParams::CHILD_CAP`.</summary>
        internal uint MaxChildren;
        /// <summary>How long it may take on the application's thread, at most `WalkParams::TIME_CAP_MS`.</summary>
        internal uint Ms;
        /// <summary>Properties whose values nodes tell, at most `WalkParams::PROPS_CAP`.</summary>
        internal List<string> Props = new List<string>();
        /// <summary>Characters of a text, at most `WalkParams::TEXT_CAP`.</summary>
        internal uint Text;
        /// <summary>Elements that are looked at, at most `WalkParams::VISIT_CAP`.</summary>
        internal uint Visit;

        internal static WalkParams Read(Json json)
        {
            var fields = json.Fields("WalkParams");
            var message = new WalkParams();
            { var value = fields.Required("axis"); if (value != null) message.Axis = value.Enum<Axis>(); }
            { var value = fields.Required("depth"); if (value != null) message.Depth = value.UInt32(); }
            { var value = fields.Optional("fields"); if (value != null) message.Fields = value.List(item => item.Enum<NodeField>()); }
            { var value = fields.Optional("find"); if (value != null) message.Find = Find.Read(value); }
            { var value = fields.Optional("from"); if (value != null) message.From = value.List(item => item.UInt64()); }
            { var value = fields.Required("max"); if (value != null) message.Max = value.UInt32(); }
            { var value = fields.Required("maxChildren"); if (value != null) message.MaxChildren = value.UInt32(); }
            { var value = fields.Required("ms"); if (value != null) message.Ms = value.UInt32(); }
            { var value = fields.Optional("props"); if (value != null) message.Props = value.List(item => item.String()); }
            { var value = fields.Required("text"); if (value != null) message.Text = value.UInt32(); }
            { var value = fields.Required("visit"); if (value != null) message.Visit = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("axis"); writer.Enum(Axis);
            writer.Name("depth"); writer.UInt32(Depth);
            writer.Name("fields"); writer.BeginArray(); foreach (var item in Fields) { writer.Enum(item); } writer.EndArray();
            if (Find != null) { writer.Name("find"); Find.Write(writer); }
            writer.Name("from"); writer.BeginArray(); foreach (var item in From) { writer.UInt64(item); } writer.EndArray();
            writer.Name("max"); writer.UInt32(Max);
            writer.Name("maxChildren"); writer.UInt32(MaxChildren);
            writer.Name("ms"); writer.UInt32(Ms);
            writer.Name("props"); writer.BeginArray(); foreach (var item in Props) { writer.String(item); } writer.EndArray();
            writer.Name("text"); writer.UInt32(Text);
            writer.Name("visit"); writer.UInt32(Visit);
            writer.EndObject();
        }
    }

    /// <summary>What was found.</summary>
    internal sealed class WalkResult
    {
        /// <summary>Every reason for which something was left out.</summary>
        internal List<CutReason> Cut = new List<CutReason>();
        /// <summary>The nodes, each after its parent.</summary>
        internal List<Node> Nodes = new List<Node>();
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();
        /// <summary>Elements that were looked at.</summary>
        internal uint Visited;
        /// <summary>Where the one element lies that a walk of the visual axis began with, and with it all below it; none where it is in no window.</summary>
        internal Within? Within;

        internal static WalkResult Read(Json json)
        {
            var fields = json.Fields("WalkResult");
            var message = new WalkResult();
            { var value = fields.Required("cut"); if (value != null) message.Cut = value.List(item => item.Enum<CutReason>()); }
            { var value = fields.Required("nodes"); if (value != null) message.Nodes = value.List(item => Node.Read(item)); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            { var value = fields.Required("visited"); if (value != null) message.Visited = value.UInt32(); }
            { var value = fields.Optional("within"); if (value != null) message.Within = Within.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("cut"); writer.BeginArray(); foreach (var item in Cut) { writer.Enum(item); } writer.EndArray();
            writer.Name("nodes"); writer.BeginArray(); foreach (var item in Nodes) { item.Write(writer); } writer.EndArray();
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.Name("visited"); writer.UInt32(Visited);
            if (Within != null) { writer.Name("within"); Within.Write(writer); }
            writer.EndObject();
        }
    }

    /// <summary>An error as it travels.</summary>
    internal sealed class WireError
    {
        /// <summary>Why.</summary>
        internal ErrorCode Code;
        /// <summary>Facts of the code.</summary>
        internal Json? Data;
        /// <summary>The same for people, without values of the application.</summary>
        internal string Message = "";

        internal static WireError Read(Json json)
        {
            var fields = json.Fields("WireError");
            var message = new WireError();
            { var value = fields.Required("code"); if (value != null) message.Code = value.Enum<ErrorCode>(); }
            { var value = fields.Optional("data"); if (value != null) message.Data = value; }
            { var value = fields.Required("message"); if (value != null) message.Message = value.String(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("code"); writer.Enum(Code);
            if (Data != null) { writer.Name("data"); writer.Raw(Data); }
            writer.Name("message"); writer.String(Message);
            writer.EndObject();
        }
    }

    /// <summary>A window of the system's in which an element is shown.</summary>
    internal sealed class Within
    {
        /// <summary>The window, by its handle; never 0.</summary>
        internal ulong Hwnd;
        /// <summary>Whether the element is all that the window shows.</summary>
        internal bool IsRoot;

        internal static Within Read(Json json)
        {
            var fields = json.Fields("Within");
            var message = new Within();
            { var value = fields.Required("hwnd"); if (value != null) message.Hwnd = value.UInt64(); }
            { var value = fields.Required("isRoot"); if (value != null) message.IsRoot = value.Boolean(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("hwnd"); writer.UInt64(Hwnd);
            writer.Name("isRoot"); writer.Boolean(IsRoot);
            writer.EndObject();
        }
    }

    /// <summary>What a write does.</summary>
    internal enum WriteKind
    {
        /// <summary>Sets the local value, over a binding too.</summary>
        Set,
        /// <summary>Sets the value and leaves its source as it is.</summary>
        SetCurrent,
        /// <summary>Clears the local value.</summary>
        Clear,
        /// <summary>Puts back what a token keeps.</summary>
        Restore,
        /// <summary>Sets a member of an object; needs the gate for view models.</summary>
        SetMember,
        /// <summary>Has a binding write its source.</summary>
        UpdateSource,
        /// <summary>Has a binding write its target.</summary>
        UpdateTarget,
    }

    /// <summary>One write.</summary>
    internal sealed class WriteOp
    {
        /// <summary>The element; none for the main window, for a restore, and for a member.</summary>
        internal ulong? Handle;
        /// <summary>What it does.</summary>
        internal WriteKind Kind;
        /// <summary>The property or member.</summary>
        internal string? Name;
        /// <summary>The object of a member.</summary>
        internal ObjectRef? Object;
        /// <summary>The token of a restore.</summary>
        internal ulong? Token;
        /// <summary>The new value.</summary>
        internal NewValue? Value;

        internal static WriteOp Read(Json json)
        {
            var fields = json.Fields("WriteOp");
            var message = new WriteOp();
            { var value = fields.Optional("handle"); if (value != null) message.Handle = value.UInt64(); }
            { var value = fields.Required("kind"); if (value != null) message.Kind = value.Enum<WriteKind>(); }
            { var value = fields.Optional("name"); if (value != null) message.Name = value.String(); }
            { var value = fields.Optional("object"); if (value != null) message.Object = ObjectRef.Read(value); }
            { var value = fields.Optional("token"); if (value != null) message.Token = value.UInt64(); }
            { var value = fields.Optional("value"); if (value != null) message.Value = NewValue.Read(value); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (Handle != null) { writer.Name("handle"); writer.UInt64(Handle.Value); }
            writer.Name("kind"); writer.Enum(Kind);
            if (Name != null) { writer.Name("name"); writer.String(Name); }
            if (Object != null) { writer.Name("object"); Object.Write(writer); }
            if (Token != null) { writer.Name("token"); writer.UInt64(Token.Value); }
            if (Value != null) { writer.Name("value"); Value.Write(writer); }
            writer.EndObject();
        }
    }

    /// <summary>Writes, in order.</summary>
    internal sealed class WriteParams
    {
        /// <summary>Whether what was there is kept, under a token of each answer.</summary>
        internal bool Keep;
        /// <summary>The writes, at most `WriteParams::OP_CAP`.</summary>
        internal List<WriteOp> Ops = new List<WriteOp>();
        /// <summary>Whether the first that fails is the last that is tried.</summary>
        internal bool StopOnError;
        /// <summary>Characters of a text, at most `super::WalkParams::TEXT_CAP`.</summary>
        internal uint Text;

        internal static WriteParams Read(Json json)
        {
            var fields = json.Fields("WriteParams");
            var message = new WriteParams();
            { var value = fields.Optional("keep"); if (value != null) message.Keep = value.Boolean(); }
            { var value = fields.Required("ops"); if (value != null) message.Ops = value.List(item => WriteOp.Read(item)); }
            { var value = fields.Optional("stopOnError"); if (value != null) message.StopOnError = value.Boolean(); }
            { var value = fields.Required("text"); if (value != null) message.Text = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("keep"); writer.Boolean(Keep);
            writer.Name("ops"); writer.BeginArray(); foreach (var item in Ops) { item.Write(writer); } writer.EndArray();
            writer.Name("stopOnError"); writer.Boolean(StopOnError);
            writer.Name("text"); writer.UInt32(Text);
            writer.EndObject();
        }
    }

    /// <summary>What the writes did.</summary>
    internal sealed class WriteResult
    {
        /// <summary>One for each write that was tried, in their order.</summary>
        internal List<WriteRow> Rows = new List<WriteRow>();
        /// <summary>The types.</summary>
        internal List<TypeRow> Types = new List<TypeRow>();

        internal static WriteResult Read(Json json)
        {
            var fields = json.Fields("WriteResult");
            var message = new WriteResult();
            { var value = fields.Required("rows"); if (value != null) message.Rows = value.List(item => WriteRow.Read(item)); }
            { var value = fields.Required("types"); if (value != null) message.Types = value.List(item => TypeRow.Read(item)); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            writer.Name("rows"); writer.BeginArray(); foreach (var item in Rows) { item.Write(writer); } writer.EndArray();
            writer.Name("types"); writer.BeginArray(); foreach (var item in Types) { item.Write(writer); } writer.EndArray();
            writer.EndObject();
        }
    }

    /// <summary>What one write did.</summary>
    internal sealed class WriteRow
    {
        /// <summary>The value in force after.</summary>
        internal Val? After;
        /// <summary>What the local value is now.</summary>
        internal LocalKind? AfterKind;
        /// <summary>Where it comes from.</summary>
        internal string? AfterSource;
        /// <summary>The value in force before.</summary>
        internal Val? Before;
        /// <summary>What the local value was.</summary>
        internal LocalKind? BeforeKind;
        /// <summary>The local value before, where it was a value.</summary>
        internal Val? BeforeLocal;
        /// <summary>Where it came from.</summary>
        internal string? BeforeSource;
        /// <summary>Whether it was done.</summary>
        internal bool Done;
        /// <summary>Why it was not done.</summary>
        internal WireError? Error;
        /// <summary>Whether that object tells of changes.</summary>
        internal bool? Notifies;
        /// <summary>The type of the object whose member was set.</summary>
        internal uint? ObjectTy;
        /// <summary>Of a restore: whether the very object that was kept is there again.</summary>
        internal bool? SameObject;
        /// <summary>What was there, where it was to be kept.</summary>
        internal ulong? Token;
        /// <summary>The type of the property or member.</summary>
        internal uint? Ty;

        internal static WriteRow Read(Json json)
        {
            var fields = json.Fields("WriteRow");
            var message = new WriteRow();
            { var value = fields.Optional("after"); if (value != null) message.After = Val.Read(value); }
            { var value = fields.Optional("afterKind"); if (value != null) message.AfterKind = value.Enum<LocalKind>(); }
            { var value = fields.Optional("afterSource"); if (value != null) message.AfterSource = value.String(); }
            { var value = fields.Optional("before"); if (value != null) message.Before = Val.Read(value); }
            { var value = fields.Optional("beforeKind"); if (value != null) message.BeforeKind = value.Enum<LocalKind>(); }
            { var value = fields.Optional("beforeLocal"); if (value != null) message.BeforeLocal = Val.Read(value); }
            { var value = fields.Optional("beforeSource"); if (value != null) message.BeforeSource = value.String(); }
            { var value = fields.Required("done"); if (value != null) message.Done = value.Boolean(); }
            { var value = fields.Optional("error"); if (value != null) message.Error = WireError.Read(value); }
            { var value = fields.Optional("notifies"); if (value != null) message.Notifies = value.Boolean(); }
            { var value = fields.Optional("objectTy"); if (value != null) message.ObjectTy = value.UInt32(); }
            { var value = fields.Optional("sameObject"); if (value != null) message.SameObject = value.Boolean(); }
            { var value = fields.Optional("token"); if (value != null) message.Token = value.UInt64(); }
            { var value = fields.Optional("ty"); if (value != null) message.Ty = value.UInt32(); }
            fields.End();
            return message;
        }

        internal void Write(JsonWriter writer)
        {
            writer.BeginObject();
            if (After != null) { writer.Name("after"); After.Write(writer); }
            if (AfterKind != null) { writer.Name("afterKind"); writer.Enum(AfterKind.Value); }
            if (AfterSource != null) { writer.Name("afterSource"); writer.String(AfterSource); }
            if (Before != null) { writer.Name("before"); Before.Write(writer); }
            if (BeforeKind != null) { writer.Name("beforeKind"); writer.Enum(BeforeKind.Value); }
            if (BeforeLocal != null) { writer.Name("beforeLocal"); BeforeLocal.Write(writer); }
            if (BeforeSource != null) { writer.Name("beforeSource"); writer.String(BeforeSource); }
            writer.Name("done"); writer.Boolean(Done);
            if (Error != null) { writer.Name("error"); Error.Write(writer); }
            if (Notifies != null) { writer.Name("notifies"); writer.Boolean(Notifies.Value); }
            if (ObjectTy != null) { writer.Name("objectTy"); writer.UInt32(ObjectTy.Value); }
            if (SameObject != null) { writer.Name("sameObject"); writer.Boolean(SameObject.Value); }
            if (Token != null) { writer.Name("token"); writer.UInt64(Token.Value); }
            if (Ty != null) { writer.Name("ty"); writer.UInt32(Ty.Value); }
            writer.EndObject();
        }
    }
}
