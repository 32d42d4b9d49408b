-- The load generator's POST /tasks; insert.sql stores the same task.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{"title":"Review invoice for customer 4711","description":"Ask the owner first, then write the result down.","priority":"high","assignee":"anna","due_date":"2026-12-24T18:00:00Z"}]]
