//! The files of delivery against the code and against the rules that they are to keep: settings that the
//! program does not read, ports open to the world, passwords, actions that may change under us.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use rstest::rstest;
    use serde_json::{Map, Value};
    use taskmanager::config::VARIABLES;

    const PRODUCTION: &str = "docker-compose.prod.yml";
    const DEVELOPMENT: &str = "docker-compose.dev.yml";
    const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

    fn text(path: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A file in YAML, with what `<<` refers to in its place.
    fn yaml(path: &str) -> Value {
        let mut value: serde_yaml_ng::Value =
            serde_yaml_ng::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        // A mapping that was merged may hold another.
        for _ in 0..3 {
            value.apply_merge().unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        serde_json::to_value(value).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[track_caller]
    fn object<'a>(value: &'a Value, what: &str) -> &'a Map<String, Value> {
        value.as_object().unwrap_or_else(|| panic!("{what} is no mapping: {value}"))
    }

    #[track_caller]
    fn list<'a>(value: &'a Value, what: &str) -> &'a Vec<Value> {
        value.as_array().unwrap_or_else(|| panic!("{what} is no list: {value}"))
    }

    #[track_caller]
    fn word<'a>(value: &'a Value, what: &str) -> &'a str {
        value.as_str().unwrap_or_else(|| panic!("{what} is no text: {value}"))
    }

    #[track_caller]
    fn assert_read_by_the_program(name: &str, place: &str) {
        let known = VARIABLES.iter().any(|variable| variable.name == name);
        assert!(known, "{place} sets {name}, which the program does not read");
    }

    // --- Render: the part of https://render.com/schema/render.yaml.json that this Blueprint uses

    const SERVICE: [&str; 11] = [
        "type",
        "name",
        "runtime",
        "plan",
        "region",
        "branch",
        "dockerfilePath",
        "autoDeployTrigger",
        "healthCheckPath",
        "numInstances",
        "envVars",
    ];
    const DATABASE: [&str; 7] =
        ["name", "plan", "region", "postgresMajorVersion", "databaseName", "user", "ipAllowList"];
    const REGIONS: [&str; 5] = ["oregon", "ohio", "frankfurt", "singapore", "virginia"];
    const SERVICE_PLANS: [&str; 4] = ["free", "starter", "standard", "pro"];
    const DATABASE_PLANS: [&str; 4] = ["free", "basic-256mb", "basic-1gb", "pro-4gb"];
    const TRIGGERS: [&str; 3] = ["off", "commit", "checksPass"];

    #[track_caller]
    fn assert_members(what: &Map<String, Value>, allowed: &[&str], place: &str) {
        for key in what.keys() {
            assert!(allowed.contains(&key.as_str()), "{place} has {key}, which is not allowed");
        }
    }

    #[track_caller]
    fn assert_one_of(of: &Map<String, Value>, key: &str, allowed: &[&str]) {
        let found = word(&of[key], key);
        assert!(allowed.contains(&found), "{key}: {found} is none of {allowed:?}");
    }

    #[test]
    fn the_blueprint_is_one_that_render_takes() {
        let blueprint = yaml("render.yaml");
        assert_members(
            object(&blueprint, "it"),
            &["previews", "databases", "services"],
            "render.yaml",
        );
        assert_eq!(blueprint["previews"]["generation"], "off");
        for database in list(&blueprint["databases"], "databases") {
            let database = object(database, "a database");
            assert_members(database, &DATABASE, "a database");
            assert_one_of(database, "plan", &DATABASE_PLANS);
            assert_one_of(database, "region", &REGIONS);
            assert_one_of(database, "postgresMajorVersion", &["17"]);
            assert_eq!(database["ipAllowList"], Value::Array(Vec::new()), "from within only");
        }
        for service in list(&blueprint["services"], "services") {
            let service = object(service, "a service");
            assert_members(service, &SERVICE, "a service");
            assert_one_of(service, "type", &["web"]);
            assert_one_of(service, "runtime", &["docker"]);
            assert_one_of(service, "plan", &SERVICE_PLANS);
            assert_one_of(service, "region", &REGIONS);
            assert_one_of(service, "autoDeployTrigger", &TRIGGERS);
            assert_one_of(service, "healthCheckPath", &["/health/ready"]);
            assert_one_of(service, "dockerfilePath", &["./Dockerfile"]);
        }
    }

    #[test]
    fn the_blueprint_has_production_and_staging_apart() {
        let blueprint = yaml("render.yaml");
        let names = |of: &Value| -> BTreeSet<String> {
            list(of, "a list").iter().map(|item| word(&item["name"], "name").to_owned()).collect()
        };
        let databases = names(&blueprint["databases"]);
        assert_eq!((databases.len(), names(&blueprint["services"]).len()), (2, 2));
        let mut used = BTreeSet::new();
        let mut environments = BTreeSet::new();
        for service in list(&blueprint["services"], "services") {
            for variable in list(&service["envVars"], "envVars") {
                let key = word(&variable["key"], "key");
                assert_read_by_the_program(key, "render.yaml");
                match (key, &variable["fromDatabase"]) {
                    ("DATABASE_URL", source) => {
                        assert_eq!(source["property"], "connectionString");
                        used.insert(word(&source["name"], "name").to_owned());
                    }
                    // Quoted where YAML would read another type.
                    (_, _) => assert!(variable["value"].is_string(), "{key} is no text"),
                }
                match (key, variable["value"].as_str()) {
                    ("ENVIRONMENT", Some(name)) => drop(environments.insert(name.to_owned())),
                    ("MIGRATE", mode) => assert_eq!(mode, Some("auto")),
                    ("HOST", host) => assert_eq!(host, Some("0.0.0.0")),
                    ("PORT", _) => panic!("the port is Render's to choose"),
                    _ => {}
                }
            }
        }
        assert_eq!(used, databases, "each service has a database of its own");
        assert_eq!(environments, BTreeSet::from(["production".into(), "staging".into()]));
    }

    /// Not all readers of YAML agree on what `off` is.
    #[rstest]
    fn words_for_yes_and_no_are_quoted(
        #[values("render.yaml", PRODUCTION, DEVELOPMENT)] path: &str,
    ) {
        for line in text(path).lines() {
            let values = line.split(": ").skip(1);
            for value in values.map(|rest| rest.trim_end_matches([' ', '}', ','])) {
                assert!(!["on", "off", "yes", "no"].contains(&value), "{path}: {line}");
            }
        }
    }

    // --- Compose

    fn services(path: &str) -> Map<String, Value> {
        object(&yaml(path)["services"], path).clone()
    }

    fn is_ours(service: &Value) -> bool {
        service["image"].as_str().is_some_and(|image| {
            image.starts_with("taskmanager") || image.starts_with("${TASKMANAGER_IMAGE")
        })
    }

    /// What the images of others read.
    fn is_theirs(name: &str) -> bool {
        ["POSTGRES_", "GF_"].iter().any(|prefix| name.starts_with(prefix)) || name == "PGDATA"
    }

    #[rstest]
    fn compose_sets_what_is_read(#[values(PRODUCTION, DEVELOPMENT)] path: &str) {
        let services = services(path);
        assert!(services.values().filter(|service| is_ours(service)).count() >= 2);
        for (name, service) in &services {
            let Some(environment) = service["environment"].as_object() else { continue };
            for variable in environment.keys() {
                if is_ours(service) {
                    assert_read_by_the_program(variable, &format!("{path}, {name},"));
                } else {
                    assert!(is_theirs(variable), "{path}, {name}: {variable}");
                }
            }
        }
    }

    #[rstest]
    fn no_port_is_open_to_the_world(#[values(PRODUCTION, DEVELOPMENT)] path: &str) {
        let mut ports = 0;
        for (name, service) in &services(path) {
            for port in service["ports"].as_array().into_iter().flatten() {
                ports += 1;
                let port = word(port, "a port");
                assert!(port.starts_with("${BIND:-127.0.0.1}:"), "{path}, {name}: {port}");
            }
            assert_eq!(service["container_name"], Value::Null, "{name} could not be scaled");
        }
        assert!(ports >= 3, "{ports} ports");
    }

    #[test]
    fn every_production_service_is_confined() {
        for (name, service) in &services(PRODUCTION) {
            assert_eq!(service["read_only"], true, "{name}");
            assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{name}");
            assert_eq!(
                service["security_opt"],
                serde_json::json!(["no-new-privileges:true"]),
                "{name}"
            );
            let once = name == "secrets";
            assert_eq!(service["restart"], if once { "no" } else { "unless-stopped" }, "{name}");
            assert_eq!(service["cap_add"].is_array(), once, "{name}");
            assert!(service["logging"]["options"]["max-size"].is_string(), "{name}");
            let limits = &service["deploy"]["resources"]["limits"];
            assert!(limits["memory"].is_string() && limits["pids"].is_u64(), "{name}: {limits}");
        }
    }

    #[test]
    fn production_migrates_with_a_backup_and_stops_in_good_order() {
        let services = services(PRODUCTION);
        let api = &services["api"];
        assert_eq!(api["environment"]["MIGRATE"], "auto");
        assert_eq!(api["environment"]["MIGRATE_BACKUP"], "required");
        let seconds = |value: &Value| -> u32 {
            let digits = word(value, "a time").trim_end_matches('s');
            digits.parse().unwrap_or_else(|error| panic!("{value}: {error}"))
        };
        let grace = seconds(&api["stop_grace_period"]);
        assert!(grace > seconds(&api["environment"]["SHUTDOWN_TIMEOUT"]), "{grace} s");
        assert_eq!(
            services["backup"]["command"],
            serde_json::json!(["backup", "run", "--every", "24h"])
        );
    }

    #[test]
    fn no_password_stands_in_production() {
        for (name, service) in &services(PRODUCTION) {
            for (variable, value) in service["environment"].as_object().into_iter().flatten() {
                let secret =
                    ["PASSWORD", "URL", "SECRET", "TOKEN"].iter().any(|w| variable.contains(w));
                // An address that clients know is no secret.
                if variable == "PUBLIC_URL" {
                    continue;
                }
                let in_a_file =
                    variable.ends_with("_FILE") && word(value, variable).starts_with("/secrets/");
                assert!(!secret || in_a_file, "{name}: {variable}");
            }
        }
        let made = text("deploy/make-secrets.sh");
        assert!(made.contains("sslmode=verify-full") && made.contains("openssl rand"));
        for line in
            text("deploy/postgres/pg_hba.conf").lines().filter(|line| !line.starts_with('#'))
        {
            assert!(line.ends_with("scram-sha-256") && !line.starts_with("host "), "{line}");
        }
    }

    // --- images and workflows

    #[rstest]
    fn an_image_needs_no_frontend_and_no_root(
        #[values("Dockerfile", "Dockerfile.dev")] path: &str,
    ) {
        let text = text(path);
        assert!(!text.contains("syntax="), "{path}");
        assert!(text.contains("\nUSER 10001:10001\n") && text.contains("\nHEALTHCHECK "), "{path}");
    }

    /// What the compiler reads must come into the image, by name.
    #[rstest]
    fn an_image_gets_what_is_embedded(
        #[values("Dockerfile", "Dockerfile.dev")] path: &str,
        #[values("crates", "migrations", "schema", "web", "src")] folder: &str,
    ) {
        let copies =
            |line: &str| line.starts_with("COPY") && line.ends_with(&format!(" {folder} {folder}"));
        assert!(text(path).lines().any(copies), "{path} does not copy {folder}");
        let sent = text(".dockerignore").lines().any(|line| line == format!("!{folder}"));
        assert!(sent, ".dockerignore keeps {folder} out");
        if path == "Dockerfile.dev" {
            let watched = format!("path: ./{folder}, target: /source/{folder}");
            assert!(text(DEVELOPMENT).contains(&watched), "{watched}");
        }
    }

    #[rstest]
    fn workflows_are_pinned_and_do_what_a_person_does(
        #[values(WORKFLOWS[0], WORKFLOWS[1])] path: &str,
    ) {
        let workflow = yaml(path);
        assert_eq!(workflow["permissions"], Value::Object(Map::new()), "{path}");
        let makefile = text("Makefile");
        for (name, job) in object(&workflow["jobs"], "jobs") {
            assert!(job["permissions"].is_object() && job["timeout-minutes"].is_u64(), "{name}");
            for step in list(&job["steps"], "steps") {
                if let Some(action) = step["uses"].as_str() {
                    let (_, commit) = action.split_once('@').unwrap_or_else(|| panic!("{action}"));
                    let pinned =
                        commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
                    assert!(pinned, "{path}, {name}: {action}");
                } else {
                    let command = word(&step["run"], "a step");
                    let target =
                        command.strip_prefix("make ").unwrap_or_else(|| panic!("{command}"));
                    assert!(makefile.contains(&format!("\n{target}: ")), "no target {target}");
                }
            }
        }
    }
}
