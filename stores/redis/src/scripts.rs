//! The scripts: each operation that decides before it writes is one, so that it is atomic, and one round trip.
//!
//! A script touches the one key of its session, or of its user, and nothing else.

use std::sync::LazyLock;

use redis::{Arg, Cmd};

pub(crate) struct Script {
    code: &'static str,
    hash: LazyLock<String>,
}

macro_rules! scripts {
    ($($name:ident = $($file:literal)+;)+) => {
        $(
            pub(crate) static $name: Script = {
                const CODE: &str = concat!($(include_str!(concat!("scripts/", $file, ".lua"))),+);
                Script { code: CODE, hash: LazyLock::new(|| redis::Script::new(CODE).get_hash().to_owned()) }
            };
        )+

        /// All of them.
        pub(crate) static ALL: &[&Script] = &[$(&$name),+];
    };
}

scripts! {
    CREATE = "create";
    ACQUIRE = "line" "pulse" "acquire";
    PATCH = "patch" "line" "patch_offers";
    RELEASE = "line" "release";
    TOUCH = "touch";
    DELETE = "delete";
    RETIRE = "retire";
    JOIN = "clock" "join";
    MEMBERS = "clock" "members";
    END_USER = "clock" "end_user";
    USER_ENDED = "clock" "user_ended";
}

impl Script {
    /// The command that runs it on that key; what is added to it are the script's arguments, about so many.
    pub(crate) fn on(&self, key: &str, arguments: usize) -> Cmd {
        let mut command = Cmd::with_capacity(4 + arguments, 64 + key.len() + 24 * arguments);
        command.arg("EVALSHA").arg(self.hash.as_str()).arg(1).arg(key);
        command
    }

    /// The same call with the script itself in it, for a server that has forgotten it. The server knows it afterwards.
    pub(crate) fn with_code(&self, call: &Cmd) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.code);
        for arg in call.args_iter().skip(2) {
            if let Arg::Simple(arg) = arg {
                command.arg(arg);
            }
        }
        command
    }

    /// The command that makes the server know it.
    pub(crate) fn load(&self) -> Cmd {
        let mut command = redis::cmd("SCRIPT");
        command.arg("LOAD").arg(self.code);
        command
    }
}
