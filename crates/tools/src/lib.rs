//! One module per family of tools; one descriptor per tool.
