//! A node dies while it gives a session a new id.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use load::{Http, Socket, Store, Transport, guide};
use tokio::time::sleep;

use crate::crowd::{count, login, two};

/// How long a login takes that gives a session a new id.
async fn undisturbed(node: SocketAddr) -> Duration {
    let mut http = Http::new(node);
    let mut cookie = guide::login(&mut http).await.unwrap();
    let begun = Instant::now();
    for _ in 0..10 {
        let answer = http.post("/login", Some(&cookie)).await.unwrap();
        answer.cookie().unwrap().clone_into(&mut cookie);
    }
    begun.elapsed() / 10
}

on!(redis, postgres, sqlite: one_of_two_ids_works);
/// Before the answer the client has the old id, after it the new one; which of them is alive depends on when the node
/// died. But one is, with all that was in it.
async fn one_of_two_ids_works(store: Store) {
    let mut nodes = two(&store.url()).await;
    let mut random = fastrand::Rng::with_seed(11);
    let takes = undisturbed(nodes[0].address()).await;
    let (mut old_works, mut new_works, mut under_way) = (0, 0, 0);
    for round in 1_u32..=40 {
        let base = round * 1_000;
        let old = login(nodes[1].address()).await;
        let mut socket = Socket::connect(nodes[1].address(), Transport::WebSocket, "/", Some(&old)).await.unwrap();
        let added = socket.call("add", &base.to_string()).await.unwrap();
        assert_eq!(added.number(), Some(base.into()));

        let mut http = Http::new(nodes[0].address());
        // So that the request goes out on a connection that is there.
        assert_eq!(count(nodes[0].address(), &old).await, Some(base.into()));
        let _ = http.get("/session", Some(&old)).await;
        let login = tokio::spawn({
            let old = old.clone();
            async move { http.post("/login", Some(&old)).await }
        });
        sleep(takes.mul_f64(random.f64() * 2.0)).await;
        nodes[0].kill().await.unwrap();
        let answer = login.await.unwrap().ok();
        nodes[0].restart().await.unwrap();

        if let Some(new) = answer.as_ref().and_then(load::Answer::cookie).filter(|new| *new != old) {
            new_works += 1;
            for node in &nodes {
                assert_eq!(count(node.address(), new).await, Some(base.into()), "round {round}: the new id");
                assert_eq!(count(node.address(), &old).await, None, "round {round}: the old id after the answer");
            }
        } else if let Some(found) = count(nodes[1].address(), &old).await {
            old_works += 1;
            assert_eq!(found, u64::from(base), "round {round}: the old id");
            assert_eq!(count(nodes[0].address(), &old).await, Some(found));
        } else {
            // It had been done, and the answer was on its way.
            under_way += 1;
            let counts = store.counts().await.unwrap();
            assert!(counts.contains(&base), "round {round}: neither id works");
        }
    }
    println!("old id {old_works}, new id {new_works}, new id without an answer {under_way}");
    assert!(old_works > 0 && new_works > 0, "no kill came in time, or none did not");
}
