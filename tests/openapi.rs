//! The OpenAPI document: what it says is sound, is what the service serves, and is what the service does.

#[cfg(test)]
#[path = "openapi/schemas.rs"]
mod schemas;

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use rstest::rstest;
    use serde_json::{Value, json};
    use taskmanager::http::problem::KINDS;

    use crate::schemas::{faults, resolve, types};
    use testkit::{Answer, App, Backend};

    const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];
    const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

    fn document() -> Value {
        serde_json::to_value(taskmanager::http::document()).expect("a document")
    }

    /// One operation, and where it stands.
    struct Operation<'a> {
        path: &'a str,
        method: &'static str,
        value: &'a Value,
    }

    impl Operation<'_> {
        fn name(&self) -> String {
            format!("{} {}", self.method.to_uppercase(), self.path)
        }

        fn parameters(&self) -> impl Iterator<Item = &Value> {
            self.value["parameters"].as_array().into_iter().flatten()
        }

        fn statuses(&self) -> BTreeSet<&str> {
            self.value["responses"]
                .as_object()
                .expect("responses")
                .keys()
                .map(String::as_str)
                .collect()
        }
    }

    fn operations(document: &Value) -> Vec<Operation<'_>> {
        let paths = document["paths"].as_object().expect("paths");
        let in_path = |(path, item): (&'_ String, &'_ Value)| {
            let known = |name: &String| METHODS.contains(&name.as_str());
            assert!(item.as_object().expect("a path").keys().all(known), "{path}: {item}");
        };
        paths.iter().for_each(in_path);
        let all = paths.iter().flat_map(|(path, item)| {
            let methods = METHODS.into_iter().filter(|method| item.get(method).is_some());
            methods.map(move |method| Operation { path, method, value: &item[method] })
        });
        all.collect()
    }

    /// Calls `look` on every value of the document that stands where a schema stands.
    fn each_schema<'a>(value: &'a Value, at: &str, look: &mut impl FnMut(&'a Value, &str)) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let place = format!("{at}/{name}");
                    if name == "schema"
                        || name == "items"
                        || at.ends_with("/schemas")
                        || at.ends_with("/properties")
                    {
                        look(member, &place);
                    }
                    if name != "example" {
                        each_schema(member, &place, look);
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    each_schema(item, &format!("{at}/{index}"), look);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn the_document_is_the_one_that_was_agreed_on() {
        let mut document = document();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        document["info"]["version"] = "the program's".into();
        insta::assert_json_snapshot!("document", document);
    }

    #[test]
    fn the_document_is_sound() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let operations = operations(&document);
        assert!(operations.len() >= 14, "only {} operations", operations.len());
        let ids: BTreeSet<_> =
            operations.iter().map(|o| o.value["operationId"].as_str().expect("an id")).collect();
        assert_eq!(ids.len(), operations.len(), "an operationId twice");
        for operation in &operations {
            let name = operation.name();
            assert!(operation.value["summary"].is_string(), "{name} has no summary");
            let mut seen = BTreeSet::new();
            for parameter in operation.parameters() {
                let key = (parameter["in"].to_string(), parameter["name"].to_string());
                assert!(seen.insert(key), "{name}: {parameter} twice");
                assert!(parameter["schema"].is_object(), "{name}: {parameter}");
                assert!(
                    !types(&parameter["schema"]).contains(&"null"),
                    "{name}: no null in {parameter}"
                );
                let array = types(&parameter["schema"]).contains(&"array");
                assert_eq!(
                    array,
                    parameter["style"] == "form" && parameter["explode"] == true,
                    "{name}: {parameter}"
                );
            }
            let in_path = operation.parameters().filter(|p| p["in"] == "path");
            for parameter in in_path {
                let place = format!("{{{}}}", parameter["name"].as_str().expect("a name"));
                assert!(
                    operation.path.contains(&place) && parameter["required"] == true,
                    "{name}: {parameter}"
                );
            }
            let declared = operation.parameters().filter(|p| p["in"] == "path").count();
            assert_eq!(
                operation.path.matches('{').count(),
                declared,
                "{name}: a parameter of the path"
            );
            for (status, response) in operation.value["responses"].as_object().expect("responses") {
                assert!(response["description"].is_string(), "{name} {status}");
                let headers = response["headers"].as_object().expect("headers");
                assert!(headers.contains_key("X-Request-Id"), "{name} {status}");
                for (header, value) in headers {
                    assert!(!types(&value["schema"]).is_empty(), "{name} {status}: {header}");
                }
            }
        }
    }

    #[test]
    fn every_schema_is_sound_and_every_example_fits_it() {
        let document = document();
        let mut looked = 0;
        each_schema(&document, "", &mut |schema, at| {
            looked += 1;
            assert!(schema.is_object(), "{at}: {schema}");
            let target = resolve(&document, schema);
            assert!(target.is_object(), "{at}: {schema}");
            let typed = !types(schema).is_empty() || schema["oneOf"].is_array();
            assert!(schema.get("$ref").is_some() || typed, "{at} has no type");
            assert!(types(schema).iter().all(|name| TYPES.contains(name)), "{at}: {schema}");
            assert!(
                !types(schema).contains(&"array") || schema["items"].is_object(),
                "{at} has no items"
            );
            assert!(schema["enum"].as_array().is_none_or(|words| !words.is_empty()), "{at}");
            for required in schema["required"].as_array().into_iter().flatten() {
                let name = required.as_str().expect("a name");
                assert!(schema["properties"].get(name).is_some(), "{at} requires {name}");
            }
            for example in [schema.get("example"), schema.get("default")].into_iter().flatten() {
                assert_eq!(faults(&document, target, example, at), [""; 0]);
            }
        });
        assert!(looked > 100, "only {looked} schemas");
    }

    /// The frames of a stream are objects, and its example is made of such frames.
    #[test]
    fn a_stream_is_a_list_of_events() {
        let document = document();
        let content = &document["paths"]["/tasks/events"]["get"]["responses"]["200"]["content"];
        let stream = &content["text/event-stream"];
        let schema = resolve(&document, &stream["schema"]);
        assert_eq!(types(schema), ["array"]);
        let text = stream["example"].as_str().expect("an example");
        let frames = text.split_terminator("\n\n").map(|frame| {
            let mut event = json!({});
            for (name, value) in frame.lines().filter_map(|line| line.split_once(": ")) {
                let number = value.parse::<i64>().ok().filter(|_| name != "data");
                event[name] = number.map_or_else(|| value.into(), Into::into);
            }
            event
        });
        let frames: Vec<Value> = frames.collect();
        assert!(frames.len() >= 2, "{frames:?}");
        assert_eq!(faults(&document, schema, &json!(frames), ""), [""; 0]);
        // What the data holds is what a list has as it is.
        let list = resolve(&document, &content["application/json"]["schema"]);
        let events = frames.iter().map(|frame| {
            let data: Value =
                serde_json::from_str(frame["data"].as_str().expect("data")).expect("JSON");
            json!({"id": frame["id"], "event": frame["event"], "data": data})
        });
        assert_eq!(faults(&document, list, &events.collect(), ""), [""; 0]);
    }

    #[test]
    fn every_operation_names_the_statuses_of_its_problems() {
        let document = document();
        let known: BTreeMap<String, &str> =
            KINDS.iter().map(|kind| (kind.status.as_str().to_owned(), kind.title)).collect();
        for operation in operations(&document) {
            let name = operation.name();
            let has = |place: &str| operation.parameters().any(|p| p["in"] == place);
            let body = operation.value["requestBody"].is_object();
            let of_tasks = operation.path.starts_with("/tasks");
            let conditional = operation.parameters().any(|p| p["name"] == "If-Match");
            let keyed = operation.parameters().any(|p| p["name"] == "Idempotency-Key");
            let mut expected = BTreeSet::new();
            for (needed, statuses) in [
                (of_tasks || operation.path == "/migrations", &["400", "421"][..]),
                (of_tasks, &["500", "503"]),
                (operation.method != "get", &["403"]),
                (body, &["408"]),
                (operation.path == "/tasks/events", &["429"]),
                (of_tasks && has("query"), &["400", "422"]),
                (body, &["400", "413", "415", "422"]),
                (operation.path.contains("{ref}"), &["404"]),
                (operation.path.contains("{status}"), &["422"]),
                (conditional, &["412"]),
                (keyed, &["409"]),
                (matches!(operation.path, "/health" | "/health/ready" | "/migrations"), &["503"]),
                (operation.path == "/health/ready", &["400", "422"]),
            ] {
                expected.extend(statuses.iter().copied().filter(|_| needed));
            }
            let failures: BTreeSet<_> =
                operation.statuses().into_iter().filter(|status| *status >= "400").collect();
            assert_eq!(failures, expected, "{name}");
            for status in failures {
                let response = &operation.value["responses"][status];
                assert!(known.contains_key(status), "{name} {status}");
                if matches!(status, "409" | "429" | "503") {
                    assert!(response["headers"]["Retry-After"].is_object(), "{name}");
                }
                if operation.path != "/health" {
                    let content = &response["content"]["application/problem+json"]["schema"];
                    assert_eq!(content["$ref"], "#/components/schemas/Problem", "{name} {status}");
                }
            }
        }
    }

    #[tokio::test]
    async fn the_served_document_is_this_one() {
        let app = App::start(Backend::Sqlite).await;
        assert_eq!(app.json("/openapi.json").await, document());
    }

    /// Holds an answer against what the document says of its operation.
    fn check(document: &Value, operation: &Operation<'_>, answer: &Answer) {
        let all = answer.describe();
        let status = answer.status.to_string();
        let response = &operation.value["responses"][&status];
        assert!(response.is_object(), "{} does not name {status}: {all}", operation.name());
        for name in response["headers"].as_object().expect("headers").keys() {
            let optional =
                matches!(name.as_str(), "Link" | "X-Total-Count" | "Idempotency-Replayed");
            assert!(optional || answer.header(name).is_some(), "no {name}: {all}");
        }
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_empty(), "{all}");
            return;
        };
        let kind = answer.header("content-type").unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default();
        let schema =
            &content.get(essence).unwrap_or_else(|| panic!("{kind} is not named: {all}"))["schema"];
        if essence.ends_with("json") {
            assert_eq!(faults(document, schema, &answer.json(), ""), [""; 0], "{all}");
        }
    }

    #[rstest]
    #[tokio::test]
    async fn every_documented_operation_answers_as_documented(
        #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    ) {
        let document = document();
        let app = App::start(backend).await;
        app.create(json!({"title": "Ma tâche", "status": "done", "due_date": "2026-12-24"})).await;
        for operation in operations(&document) {
            let made = app.create(json!({"title": "x"})).await;
            let path = operation.path.replace("{ref}", made["id"].as_str().expect("an id"));
            let path = path.replace("{status}", "done");
            let required =
                operation.parameters().filter(|p| p["in"] == "query" && p["required"] == true);
            let query = required.map(|parameter| {
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                format!("{}={}", text(&parameter["name"]), text(&parameter["example"]))
            });
            let path = format!("{path}?{}", query.collect::<Vec<_>>().join("&"));
            let contents = operation.value["requestBody"]["content"].as_object();
            if operation.value["responses"]["200"]["content"]["text/event-stream"].is_object() {
                // It does not end by itself: tests/events holds what it says against the tasks.
                let answer = app.call("HEAD", &path).send().await.expect(200);
                assert_eq!(answer.header("content-type").as_deref(), Some("text/event-stream"));
                for query in ["", "after=0", "after=1"] {
                    let call = app.call("GET", &format!("{path}{query}"));
                    let answer = call.header("accept", "application/json").send().await;
                    assert_ne!(answer.json(), json!([]), "{query}");
                    check(&document, &operation, &answer);
                }
                continue;
            }
            let Some(contents) = contents else {
                let answer = app.call(&operation.method.to_uppercase(), &path).send().await;
                assert!(answer.status < 300, "{}", answer.describe());
                check(&document, &operation, &answer);
                continue;
            };
            for (kind, content) in contents {
                let example = &resolve(&document, &content["schema"])["example"];
                // A table is its own text, everything else JSON.
                let example = example.as_str().map_or_else(|| example.to_string(), Into::into);
                let call = || app.call(&operation.method.to_uppercase(), &path);
                let answer = call().header("content-type", kind).raw(example).send().await;
                assert!(answer.status < 300, "{}", answer.describe());
                check(&document, &operation, &answer);
                for (kind, body) in
                    [(kind.as_str(), "{"), (kind, r#"{"extra": 1}"#), ("text/plain", "{}")]
                {
                    let answer = call().header("content-type", kind).raw(body).send().await;
                    assert!(answer.status >= 400, "{}", answer.describe());
                    check(&document, &operation, &answer);
                }
            }
        }
    }

    #[rstest]
    #[case("get", "/tasks", "/tasks?limit=1&count=true", 200)]
    #[case("get", "/tasks", "/tasks?limit=0&x=1", 422)]
    #[case("get", "/tasks", "/tasks?q=%ff", 400)]
    #[case("get", "/tasks/events", "/tasks/events?last_event_id=x", 422)]
    #[case("get", "/tasks/events", "/tasks/events?last_event_id=%ff", 400)]
    #[case("get", "/tasks/search", "/tasks/search", 422)]
    #[case("get", "/tasks/filter/{status}", "/tasks/filter/open", 422)]
    #[case("get", "/tasks/filter/{status}", "/tasks/filter/todo?status=done", 422)]
    #[case("get", "/tasks/{ref}", "/tasks/0", 404)]
    #[case("delete", "/tasks/{ref}", "/tasks/99", 404)]
    #[tokio::test]
    async fn a_refusal_is_as_documented(
        #[case] method: &'static str,
        #[case] path: &str,
        #[case] asked: &str,
        #[case] status: u16,
    ) {
        let document = document();
        let app = App::start(Backend::Sqlite).await;
        let answer = app.call(&method.to_uppercase(), asked).send().await.expect(status);
        let all = operations(&document);
        let operation = all.iter().find(|o| o.path == path && o.method == method);
        check(&document, operation.expect("an operation"), &answer);
    }

    #[test]
    fn the_checks_see_what_is_wrong() {
        let document =
            json!({"components": {"schemas": {"Word": {"type": "string", "enum": ["a"]}}}});
        let schema = json!({"type": "object", "required": ["word"], "properties": {
            "word": {"$ref": "#/components/schemas/Word"},
            "count": {"type": ["integer", "null"], "minimum": 0},
            "text": {"type": "string", "maxLength": 2},
            "list": {"type": "array", "items": {"type": "boolean"}},
            "either": {"oneOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1}]}
        }});
        let fits = json!({"word": "a", "count": null, "text": "ää", "list": [true], "either": 1});
        assert_eq!(faults(&document, &schema, &fits, ""), [""; 0]);
        for wrong in [
            json!([]),
            json!({}),
            json!({"word": "b"}),
            json!({"word": "a", "count": -1}),
            json!({"word": "a", "count": "1"}),
            json!({"word": "a", "text": "abc"}),
            json!({"word": "a", "list": [true, 1]}),
            json!({"word": "a", "other": 1}),
            json!({"word": "a", "either": "x"}),
            json!({"word": "a", "either": 0}),
        ] {
            assert_eq!(faults(&document, &schema, &wrong, "").len(), 1, "{wrong}");
        }
    }
}
