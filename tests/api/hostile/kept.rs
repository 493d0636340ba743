//! What looks hostile and is none: it is kept as it came (§10).

use serde_json::json;

use super::Target;

#[tokio::test]
async fn any_script_and_odd_characters_are_kept_as_they_came() {
    let target = Target::new().await;
    let texts = [
        "Robert'); DROP TABLE customers;--",
        "<script>alert(1)</script>",
        "{{7*7}} ${7*7} %s %n",
        "علي \u{202e}evil\u{202c} 中文 ไทย Ω≈ç√∫",
        "👩‍👩‍👧‍👦🦀",
        "tab\tnewline\nreturn\rbell\u{7}delete\u{7f}",
        "e\u{301}, not é",
        "\u{feff}\u{200b}zero width",
        "=cmd|' /C calc'!A0",
        " space around ",
    ];
    for (number, text) in texts.iter().enumerate() {
        let body = json!({"name": text, "email": format!("kept{number}@example.com"), "company": text, "tags": [text],
            "address": {"city": text}, "metadata": {"$set": text, "a.b": "", "__proto__": "x"}});
        let answer = target.admin.post("/customers", body.clone()).await;
        assert_eq!(answer.status, 201, "{text:?}: {}", answer.text);
        let read =
            target.admin.get(&format!("/customers/{}", answer.body["id"].as_str().expect("an id"))).await.expect(200);
        for field in ["name", "company", "tags", "address", "metadata"] {
            assert_eq!(read[field], body[field], "{text:?}");
        }
    }
    let listed = target.admin.get("/customers?limit=100&include=total").await.expect(200);
    assert_eq!(listed["page"]["total"], texts.len() + 1);
}

#[tokio::test]
async fn lengths_count_characters_and_limits_are_inclusive() {
    let target = Target::new().await;
    let wide = |length: usize| "🦀".repeat(length);
    let metadata: serde_json::Map<_, _> =
        (0..50).map(|key| (format!("{key:02}{}", wide(38)), json!(wide(500)))).collect();
    let tags: Vec<_> = (0..50).map(|tag| format!("{tag:02}{}", wide(48))).collect();
    let body = json!({"name": wide(200), "email": "wide@example.com", "company": wide(200), "tags": tags,
        "address": {"line1": wide(200), "postalCode": wide(20), "country": "DE"}, "metadata": metadata});
    let made = target.admin.post("/customers", body.clone()).await.expect(201);
    for field in ["name", "company", "tags", "address", "metadata"] {
        assert_eq!(made[field], body[field]);
    }
}

#[tokio::test]
async fn what_was_read_can_be_sent_back() {
    let target = Target::new().await;
    for path in [&target.customer, &target.group] {
        let read = target.admin.get(path).await;
        let sent_back = target.admin.put(path, read.body.clone()).await;
        assert_eq!((sent_back.status, &sent_back.body), (200, &read.body), "nothing changed, so no version is made");
    }
    target.is_unharmed().await;
}
