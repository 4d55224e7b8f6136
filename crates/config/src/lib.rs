//! File, environment and flags become one validated configuration with the origin of each value. This is the only reader
//! of the environment and the only maker of key files; nothing is relaxed here, and what is wrong stops the start.

mod environment;
mod files;
mod settings;

pub use environment::Environment;
pub use files::{DataFolder, FileError, Secret, create_for_owner};
pub use settings::{
    ConfigError, Origin, ServeFlags, ServeSettings, ToolFlags, TransportFlag, TransportSettings, Valued,
};
