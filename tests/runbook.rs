//! Types the procedure of `docs/OPERATIONS.md` command by command, on a database that is behind and has tasks, on
//! SQLite and on PostgreSQL; before the restore the tasks are lost, and after it they are there.

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use rstest::rstest;
    use tempfile::TempDir;

    use testkit::Backend::{self, Postgres, Sqlite};
    use testkit::Database;

    const PAGE: &str = "docs/OPERATIONS.md";
    const TASKS: i64 = 3;

    /// A command of the page, and the exit code that the page says it has.
    #[derive(Debug, PartialEq, Eq)]
    struct Step {
        command: String,
        code: i32,
    }

    fn steps(page: &str) -> Vec<Step> {
        let begin = page.find("<!-- procedure -->").expect("the procedure");
        let end = begin + page[begin..].find("<!-- end -->").expect("its end");
        let mut inside = false;
        let mut steps = Vec::new();
        for line in page[begin..end].lines() {
            if line.starts_with("```") {
                inside = line == "```sh";
            } else if inside && !line.is_empty() {
                let (command, comment) = line.split_once('#').unwrap_or((line, ""));
                let code = comment.split_once("exit ").map_or("0", |(_, code)| code);
                let code = code.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
                let code = code.parse().expect("a number after `exit`");
                steps.push(Step { command: command.trim().to_owned(), code });
            }
        }
        steps
    }

    /// The program, where a person would be who has it in the search path.
    struct Desk {
        database: Database,
        folder: TempDir,
    }

    impl Desk {
        fn run(&self, command: &str) -> (i32, String) {
            let program = Path::new(env!("CARGO_BIN_EXE_taskmanager")).parent().expect("a folder");
            let path = std::env::var("PATH").unwrap_or_default();
            let output = Command::new("bash")
                .args(["-c", &format!("exec 2>&1; {command}")])
                .current_dir(self.folder.path())
                .env_clear()
                .env("PATH", format!("{}:{path}", program.display()))
                .env("DATABASE_URL", &self.database.url)
                .env("BACKUP_DIR", self.folder.path().join("backups"))
                .output()
                .expect("bash");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            (output.status.code().expect("an exit code"), said)
        }

        async fn execute(&self, sql: &str) {
            let mut side = self.database.connect().await;
            side.execute(sql).await;
            side.close().await;
        }

        async fn tasks(&self) -> i64 {
            let mut side = self.database.connect().await;
            let tasks = side.integer("SELECT count(*) FROM tasks").await;
            side.close().await;
            tasks
        }
    }

    async fn desk(on: Backend) -> Desk {
        let database = Database::empty(on).await;
        let desk = Desk { database, folder: TempDir::new().expect("a folder") };
        let (code, said) = desk.run("taskmanager migrate up +1 --no-rehearsal");
        assert_eq!(code, 0, "{said}");
        for n in 1..=TASKS {
            let (id, now, number) = match on {
                Sqlite => (format!("x'{n:032x}'"), "1".to_owned(), "number, ".to_owned()),
                Postgres => (format!("'{n:032x}'"), "now()".to_owned(), String::new()),
            };
            let value = if number.is_empty() { String::new() } else { format!("{n}, ") };
            desk.execute(&format!(
                "INSERT INTO tasks ({number}id, title, status, priority, created_at, updated_at, version, search_text) \
                 VALUES ({value}{id}, 'one', 'todo', 'low', {now}, {now}, 1, 'one')"
            ))
            .await;
        }
        desk
    }

    #[rstest]
    #[tokio::test]
    async fn the_procedure_does_what_the_page_says(#[values(Sqlite, Postgres)] on: Backend) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(root.join(PAGE)).expect("the page");
        let steps = steps(&page);
        let has = |verb: &str| steps.iter().any(|step| step.command.contains(verb));
        for verb in ["plan", "backup create", "migrate up", "migrate down", "restore"] {
            assert!(has(verb), "the page has no {verb:?}");
        }
        let desk = desk(on).await;
        for Step { command, code } in &steps {
            let disaster = command.contains("taskmanager restore");
            if disaster {
                desk.execute("DELETE FROM tasks").await;
            }
            let (ended, said) = desk.run(command);
            assert_eq!(ended, *code, "{command}\n{said}");
            assert_eq!(desk.tasks().await, TASKS, "{command}\n{said}");
        }
        let (code, said) = desk.run("taskmanager migrate status");
        assert_eq!(code, 0, "the procedure ends with a schema that is current: {said}");
    }

    #[test]
    fn reads_commands_and_their_codes() {
        let page =
            "<!-- procedure -->\n```sh\na b   # exit 3: behind\n\nc\n```\nwords\n<!-- end -->";
        let step = |command: &str, code| Step { command: command.to_owned(), code };
        assert_eq!(steps(page), [step("a b", 3), step("c", 0)]);
    }
}
