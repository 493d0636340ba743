//! What the supervision layer costs, beside plain actix in the same process.
//!
//! `hop ask`: one message there and back, as JSON: nanoseconds by way, the medians of rounds in turn.
//! `hop serve PORT PORT`: the same answer over HTTP twice, without an actor and through one, for wrk.

mod ask;
mod echo;
mod serve;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("ask") => {
            println!("{}", actix::System::new().block_on(ask::measure()));
            Ok(())
        }
        Some("serve") => {
            let ports: Vec<u16> = arguments.map(|port| port.parse().expect("a port")).collect();
            actix_web::rt::System::new().block_on(serve::serve(ports[0], ports[1]))
        }
        _ => panic!("hop ask, or hop serve PORT PORT"),
    }
}
