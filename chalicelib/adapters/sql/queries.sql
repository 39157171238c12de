-- Every statement of the order store. A query begins with its name; parameters are psycopg's.

-- name: add_order
-- The order, its first event, its key and its place in the owner's window in one statement: all or
-- nothing. Repeating it changes nothing. With a new order come back some that newer ones have
-- overtaken: their messages were lost. Each is left alone until it has stood still twice as long.
WITH claimed AS (
    INSERT INTO idempotency_keys (owner_id, key, fingerprint, order_id, created_at)
    SELECT %(owner_id)s, %(key)s, %(fingerprint)s, %(order_id)s, %(created_at)s
     WHERE %(key)s::text IS NOT NULL
    ON CONFLICT (owner_id, key) DO NOTHING
    RETURNING order_id
), accepted AS (
    INSERT INTO orders (
        order_id, owner_id, order_type, input_mint, input_symbol, input_decimals, output_mint,
        output_symbol, output_decimals, amount_in, amount_out, slippage_bps, max_price_impact_bps,
        status, sequence, attempt, due_at, created_at, updated_at)
    SELECT
        order_id, owner_id, order_type, input_mint, input_symbol, input_decimals, output_mint,
        output_symbol, output_decimals, amount_in, amount_out, slippage_bps, max_price_impact_bps,
        status, sequence, attempt, due_at, created_at, updated_at
      FROM jsonb_populate_record(NULL::orders, %(order)s)
     WHERE %(key)s::text IS NULL OR EXISTS (SELECT FROM claimed)
    ON CONFLICT (order_id) DO NOTHING
    RETURNING order_id, sequence, status, attempt, created_at
), counted AS (
    INSERT INTO order_rates AS rate (owner_id, window_start, used, most)
    SELECT %(owner_id)s, %(window_start)s, 1, %(orders_max)s
      FROM accepted
     WHERE %(orders_max)s::integer IS NOT NULL
    ON CONFLICT (owner_id) DO UPDATE
       SET used = CASE WHEN rate.window_start = excluded.window_start THEN rate.used ELSE 0 END + 1,
           window_start = excluded.window_start,
           most = excluded.most
    RETURNING used
), recorded AS (
    INSERT INTO order_events (order_id, sequence, status, attempt, occurred_at, details)
    SELECT order_id, sequence, status, attempt, created_at, %(details)s FROM accepted
), begun AS (
    -- How far the workers have come: the newest of the orders whose first attempt began last.
    SELECT max(orders.created_at) AS through
      FROM (SELECT order_id
              FROM order_events
             WHERE sequence = 2 AND status = 'routing'
             ORDER BY occurred_at DESC
             LIMIT %(begun_max)s) AS last_begun
      JOIN orders USING (order_id)
), overtaken AS (
    SELECT order_id
      FROM orders
     WHERE EXISTS (SELECT FROM accepted)
       AND status NOT IN ('confirmed', 'failed', 'cancelled')
       AND coalesce(sweep_at, due_at) < (SELECT through FROM begun) - %(pending_margin)s::interval
       AND (sequence = 1 OR coalesce(sweep_at, due_at)
                            < (SELECT through FROM begun) - %(midway_margin)s::interval)
     ORDER BY coalesce(sweep_at, due_at)
     LIMIT %(overtaken_max)s
       FOR UPDATE SKIP LOCKED
), brought_back AS (
    UPDATE orders
       SET sweep_at = %(created_at)s
                      + greatest(%(created_at)s - due_at - %(pending_margin)s::interval, '0')
      FROM overtaken
     WHERE orders.order_id = overtaken.order_id
    RETURNING orders.order_id
)
SELECT EXISTS (SELECT FROM accepted) AS is_new,
       (SELECT used FROM counted) AS used,
       ARRAY(SELECT order_id FROM brought_back) AS overtaken;

-- name: order_of_key
SELECT idempotency_keys.fingerprint, orders.*
  FROM idempotency_keys
  JOIN orders USING (order_id)
 WHERE idempotency_keys.owner_id = %(owner_id)s AND key = %(key)s;

-- name: prune_keys
WITH oldest AS (
    SELECT owner_id, key
      FROM idempotency_keys
     WHERE created_at < %(before)s
     ORDER BY created_at
     LIMIT %(limit)s
)
DELETE FROM idempotency_keys
 USING oldest
 WHERE idempotency_keys.owner_id = oldest.owner_id AND idempotency_keys.key = oldest.key
RETURNING 1;

-- name: load_orders
-- Orders by id, each with its events after the sequence that was already announced.
SELECT orders.*, unannounced.events
  FROM unnest(%(order_ids)s::uuid[], %(announced)s::integer[])
       AS wanted (order_id, announced_through)
  JOIN orders USING (order_id)
 CROSS JOIN LATERAL (
       SELECT coalesce(jsonb_agg(to_jsonb(event) ORDER BY event.sequence), '[]') AS events
         FROM order_events AS event
        WHERE event.order_id = orders.order_id
          AND event.sequence > wanted.announced_through) AS unannounced;

-- name: save_transitions
-- Every transition of a tick in one statement. One writer wins: an order moves only when its
-- sequence is still the one before its first transition, and only then are its events written. Rows
-- are locked in one order by every writer, so that two never wait for each other.
WITH locked AS (
    SELECT order_id
      FROM orders
     WHERE order_id = ANY(%(order_ids)s::uuid[])
     ORDER BY order_id
       FOR UPDATE
), moved AS (
    UPDATE orders
       SET status = next.status,
           sequence = next.sequence,
           attempt = next.attempt,
           signature = next.signature,
           transaction = decode(next.transaction_hex, 'hex'),
           last_valid_block_height = next.last_valid_block_height,
           refused_by = next.refused_by,
           cancel_requested = next.cancel_requested,
           due_at = next.due_at,
           sweep_at = %(sweep_at)s,
           updated_at = next.updated_at
      FROM jsonb_to_recordset(%(moves)s::jsonb)
           AS next (order_id uuid, sequence_before integer, status text, sequence integer,
                    attempt integer, signature text, transaction_hex text,
                    last_valid_block_height bigint, refused_by jsonb, cancel_requested boolean,
                    due_at timestamptz, updated_at timestamptz)
      JOIN locked USING (order_id)
     WHERE orders.order_id = next.order_id
       AND orders.sequence = next.sequence_before
    RETURNING orders.order_id, next.sequence_before + 1 AS pack
)
INSERT INTO order_events (order_id, sequence, status, attempt, occurred_at, details, pack)
SELECT event.order_id, event.sequence, event.status, event.attempt, event.occurred_at,
       event.details, moved.pack
  FROM jsonb_to_recordset(%(events)s::jsonb)
       AS event (order_id uuid, sequence integer, status text, attempt integer,
                 occurred_at timestamptz, details jsonb)
  JOIN moved USING (order_id)
RETURNING order_id;

-- name: events_of_orders
SELECT event.*, orders.input_mint, orders.input_symbol, orders.input_decimals,
       orders.output_mint, orders.output_symbol, orders.output_decimals
  FROM order_events AS event
  JOIN orders USING (order_id)
 WHERE event.order_id = ANY(%(order_ids)s::uuid[])
 ORDER BY event.order_id, event.sequence;

-- name: order_exists
SELECT 1 AS found FROM orders WHERE order_id = %(order_id)s AND owner_id = %(owner_id)s;

-- name: page_of_orders
-- Newest first, each with its last event; the key is the last order of the page before.
SELECT orders.*, jsonb_build_array(to_jsonb(event)) AS events
  FROM orders
  JOIN order_events AS event USING (order_id, sequence)
 WHERE orders.owner_id = %(owner_id)s
   AND (%(status)s::text IS NULL OR orders.status = %(status)s)
   AND (%(order_type)s::text IS NULL OR orders.order_type = %(order_type)s)
   AND (%(input_mint)s::text IS NULL OR orders.input_mint = %(input_mint)s)
   AND (%(output_mint)s::text IS NULL OR orders.output_mint = %(output_mint)s)
   AND (%(after_created_at)s::timestamptz IS NULL
        OR (orders.created_at, orders.order_id) < (%(after_created_at)s, %(after_order_id)s::uuid))
 ORDER BY orders.created_at DESC, orders.order_id DESC
 LIMIT %(limit)s;

-- name: statistics_of_orders
-- An order counts as accepted in the minute of its acceptance, and as confirmed or failed in that of
-- its end.
WITH recent AS MATERIALIZED (
    SELECT orders.status, orders.created_at, orders.updated_at, event.details ->> 'code' AS code
      FROM orders
      JOIN order_events AS event USING (order_id, sequence)
     WHERE orders.owner_id = %(owner_id)s AND orders.created_at >= %(since)s
), failures AS (
    SELECT code, count(*) AS times FROM recent WHERE status = 'failed' GROUP BY code
), happened AS (
    SELECT created_at AS at, 'accepted' AS what FROM recent
     UNION ALL
    SELECT updated_at, status FROM recent WHERE status IN ('confirmed', 'failed')
), minutes AS (
    SELECT date_trunc('minute', at, 'UTC') AS starts_at,
           count(*) FILTER (WHERE what = 'accepted') AS accepted,
           count(*) FILTER (WHERE what = 'confirmed') AS confirmed,
           count(*) FILTER (WHERE what = 'failed') AS failed
      FROM happened
     GROUP BY 1
)
SELECT count(*) AS accepted,
       count(*) FILTER (WHERE status = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
       (SELECT coalesce(jsonb_object_agg(code, times), '{}') FROM failures) AS failed,
       percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY updated_at - created_at)
           FILTER (WHERE status = 'confirmed') AS to_confirmed,
       (SELECT coalesce(jsonb_agg(to_jsonb(minutes) ORDER BY starts_at), '[]') FROM minutes)
           AS minutes
  FROM recent;

-- name: stale_orders
-- Unfinished orders that nobody has moved for long, or whose sweep was scheduled; and final ones
-- whose sweep was.
SELECT order_id
  FROM (SELECT order_id, due_at
          FROM orders
         WHERE status NOT IN ('confirmed', 'failed', 'cancelled')
           AND CASE WHEN sweep_at IS NULL THEN due_at < %(due_before)s ELSE sweep_at <= %(now)s END
         UNION ALL
        SELECT order_id, due_at
          FROM orders
         WHERE status = 'cancelled' AND sweep_at <= %(now)s) AS stale
 ORDER BY due_at
 LIMIT %(limit)s;

-- name: schedule_sweep
UPDATE orders
   SET sweep_at = CASE WHEN status = 'cancelled' THEN NULL ELSE %(at)s::timestamptz END
 WHERE order_id = ANY(%(order_ids)s::uuid[])
   AND status NOT IN ('confirmed', 'failed');

-- name: add_api_key
INSERT INTO api_keys (key_id, owner_id, scope, secret_hash, created_at)
VALUES (%(key_id)s, %(owner_id)s, %(scope)s, %(secret_hash)s, %(created_at)s);

-- name: find_api_key
SELECT * FROM api_keys WHERE key_id = %(key_id)s;

-- name: revoke_api_key
UPDATE api_keys SET revoked_at = %(at)s WHERE key_id = %(key_id)s AND revoked_at IS NULL RETURNING 1;

-- name: list_api_keys
SELECT * FROM api_keys ORDER BY created_at, key_id;

-- name: check
SELECT 1 AS answer;
