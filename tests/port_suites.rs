//! What each port's backends owe, run on every backend there is.

mod port_suites {
    mod broker;
    mod cache;
    mod limiter;
}
