-- Whether an operator has stopped this stage: a row while that is so. Keys of operators.

CREATE TABLE halts (
    is_only  boolean PRIMARY KEY CHECK (is_only),
    since    timestamptz NOT NULL
);

ALTER TABLE api_keys
    DROP CONSTRAINT api_keys_scope_check,
    ADD CONSTRAINT api_keys_scope_check CHECK (scope IN ('read', 'trade', 'admin'));
