#!/bin/bash
# On the first start of the server: the role of the service, which owns its database and is no superuser.
# It may make databases, to try backups and migrations on, and nothing else of the server's.
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres <<SQL
CREATE ROLE taskmanager LOGIN CREATEDB PASSWORD '$(cat /secrets/taskmanager_password)';
CREATE DATABASE taskmanager OWNER taskmanager;
REVOKE ALL ON DATABASE taskmanager FROM PUBLIC;
SQL
