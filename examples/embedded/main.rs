//! A second service on the engine, with its own migrations: it serves orders, and never without their table.
//!
//! cargo run --example embedded -- sqlite:orders.db

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use schemakeep::{MigrationSet, MigratorOptions, Progress, ensure_schema};
use schemakeep_db::{DatabaseUrl, Program, SystemClock};
use schemakeep_schema::RequiredTable;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;

static MIGRATIONS: Migrator = sqlx::migrate!("examples/embedded/migrations");
const ORDERS: RequiredTable = RequiredTable { name: "orders", columns: &["id", "item"] };
const PROGRAM: Program =
    Program { name: "orders", version: "1.0.0", newest_migration: 20_260_101_000_000 };

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    PROGRAM.install();
    let text = std::env::args().nth(1).unwrap_or_else(|| "sqlite:orders.db".to_owned());
    let url = DatabaseUrl::parse(&text).map_err(anyhow::Error::msg)?;

    // Before the port is bound: up to date, or an error that says why not and what to do.
    let migrations = MigrationSet::from_sqlx(&MIGRATIONS, &[ORDERS])?;
    ensure_schema(&MigratorOptions::new(url), &migrations, &SystemClock, &Progress::default())
        .await?;

    let orders = Router::new()
        .route("/orders", get(list).post(create))
        .with_state(SqlitePool::connect(&text).await?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, orders).await?;
    Ok(())
}

async fn list(State(pool): State<SqlitePool>) -> Json<Vec<String>> {
    let items = sqlx::query_scalar("SELECT item FROM orders ORDER BY id").fetch_all(&pool).await;
    Json(items.unwrap_or_default())
}

async fn create(State(pool): State<SqlitePool>, item: String) -> Result<(), String> {
    let insert = sqlx::query("INSERT INTO orders (item) VALUES ($1)").bind(item);
    insert.execute(&pool).await.map(|_| ()).map_err(|error| error.to_string())
}
