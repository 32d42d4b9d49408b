//! `POST /tasks`.

use crate::support::App;
use crate::support::Backend::{self, Postgres, Sqlite};
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn x(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    app.create(json!({"title": "x"})).await;
}
