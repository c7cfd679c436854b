-- The logins and the database, run by psql as a superuser on an empty server.
-- The passwords come from the environment; a missing one is a syntax error, which stops the script.
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv service_password SERVICE_PASSWORD
\getenv tracker_password TRACKER_PASSWORD
\getenv platform_password PLATFORM_PASSWORD

-- Owns the tables and migrates them. Neither superuser nor BYPASSRLS; the service never logs in as it.
CREATE ROLE poc_tracker_owner LOGIN CREATEROLE PASSWORD :'owner_password';
-- The logins of the service, of its sibling the tracker, and of the operators. None owns anything.
CREATE ROLE poc_tracker_service LOGIN PASSWORD :'service_password';
CREATE ROLE poc_tracker_tracker LOGIN PASSWORD :'tracker_password';
CREATE ROLE poc_tracker_platform LOGIN PASSWORD :'platform_password';

-- The group roles that the policies name. The owner creates them, so that it can grant them.
SET ROLE poc_tracker_owner;
CREATE ROLE authenticated_user NOLOGIN;
CREATE ROLE tracker_user NOLOGIN;
CREATE ROLE super_admin NOLOGIN;
CREATE ROLE tenant_gatekeeper NOLOGIN;
GRANT authenticated_user TO poc_tracker_service;
GRANT tracker_user TO poc_tracker_tracker;
GRANT super_admin TO poc_tracker_platform;
RESET ROLE;

CREATE DATABASE poc_tracker OWNER poc_tracker_owner;
REVOKE ALL ON DATABASE poc_tracker FROM PUBLIC;
GRANT CONNECT ON DATABASE poc_tracker TO poc_tracker_service, poc_tracker_tracker, poc_tracker_platform;

\connect poc_tracker
ALTER SCHEMA public OWNER TO poc_tracker_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- Large objects are no rows: no policy protects them and no limit of a tenant counts them. PostgreSQL lets every role store
-- them. Only a superuser can change that; for another administrator these are warnings.
DO $$
DECLARE name regprocedure;
BEGIN
  FOR name IN SELECT oid FROM pg_proc
               WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(lo_|loread$|lowrite$)'
                 AND has_function_privilege('public', oid, 'EXECUTE')
  LOOP EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name); END LOOP;
END $$;
